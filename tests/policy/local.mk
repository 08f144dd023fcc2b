dist_check_SCRIPTS += tests/policy/test_caps.py tests/policy/test_feed.py \
	tests/policy/test_mx.py tests/policy/test_notify.py \
	tests/policy/test_policyd.py \
	tests/policy/test_preflight.py tests/policy/test_probe.py \
	tests/policy/test_status.py tests/policy/test_storm.py
