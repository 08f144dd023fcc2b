# What has happened to mail in the open, on stock Postfix and on Mailweir. Most
# of it takes minutes, and is left out unless MW_TESTS=soak.
dist_check_SCRIPTS += tests/incidents/aged.py tests/incidents/backup.py \
	tests/incidents/busy_filter.py tests/incidents/dns_fails.py \
	tests/incidents/forest.py tests/incidents/forest_moves.py \
	tests/incidents/locked.py tests/incidents/one_host.py \
	tests/incidents/slow_filter.py tests/incidents/slow_message.py \
	tests/incidents/storm.py

EXTRA_DIST += tests/incidents/incident.py tests/incidents/run
