EXTRA_DIST += packaging/packages packaging/install-packages
