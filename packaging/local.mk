EXTRA_DIST += packaging/packages packaging/install-packages \
	packaging/quickstart packaging/quickstart.py
EXTRA_DIST += packaging/prometheus/mailweir.rules_test.yml
dist_examples_DATA = packaging/prometheus/mailweir.rules.yml \
	packaging/grafana/mailweir.json
