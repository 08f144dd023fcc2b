# The command, against a private Redis.
dist_check_SCRIPTS += tests/ctl/test_ctl.py
