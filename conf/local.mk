EXTRA_DIST += conf/mailweir.conf conf/mailweir-minimal.conf conf/outcomes.rules
dist_pkgdata_DATA = conf/outcomes.rules
