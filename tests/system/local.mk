# The whole of it, on a real Postfix and a real Redis that end with the test.
dist_check_SCRIPTS += tests/system/test_alone.py \
	tests/system/test_backup.py tests/system/test_budget.py \
	tests/system/test_bypass.py \
	tests/system/test_cap.py tests/system/test_feed.py \
	tests/system/test_forest.py tests/system/test_gate.py \
	tests/system/test_hold.py tests/system/test_mx.py tests/system/test_outage.py \
	tests/system/test_outage_silent.py \
	tests/system/test_postfix_facts.py tests/system/test_readme.py \
	tests/system/test_recipes.py tests/system/test_release.py \
	tests/system/test_sentinel.py tests/system/test_soak.py \
	tests/system/test_throttle.py \
	tests/system/test_tls.py

EXTRA_DIST += tests/system/guard.py tests/system/host.py \
	tests/system/lab.py tests/system/load.py tests/system/loop.py \
	tests/system/outage.py tests/system/postfix.py tests/system/relay.py \
	tests/system/scripted.py tests/system/smtp.py tests/system/store.py \
	tests/system/tap.py
