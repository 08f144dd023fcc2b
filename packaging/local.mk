EXTRA_DIST += packaging/packages packaging/install-packages \
	packaging/build-deb.sh packaging/build-dist.sh packaging/build-rpm.sh \
	packaging/bare-test packaging/check-packages packaging/release-test \
	packaging/roots.sh \
	packaging/install-test packaging/install_test.py \
	packaging/quickstart packaging/quickstart.py \
	packaging/debian packaging/rpm/mailweir.spec packaging/systemd
EXTRA_DIST += packaging/prometheus/mailweir.rules_test.yml
dist_examples_DATA = packaging/prometheus/mailweir.rules.yml \
	packaging/grafana/mailweir.json
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = packaging/completions/mailweir
