# The command, against a private Redis, and on logs.
dist_check_SCRIPTS += tests/ctl/test_ctl.py tests/ctl/test_replay.py \
	tests/ctl/test_status.py tests/ctl/test_wiring.py
EXTRA_DIST += tests/ctl/terminal.py
