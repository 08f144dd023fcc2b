EXTRA_DIST += conf/mailweir.conf conf/mailweir-minimal.conf conf/outcomes.rules
dist_pkgdata_DATA = conf/outcomes.rules

# To start from: what tells people, and what watches.
examplesdir = $(docdir)/examples
dist_examples_SCRIPTS = conf/notify-mail conf/notify-webhook
