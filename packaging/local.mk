EXTRA_DIST += packaging/packages packaging/install-packages \
	packaging/quickstart packaging/quickstart.py
