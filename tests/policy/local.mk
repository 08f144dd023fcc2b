dist_check_SCRIPTS += tests/policy/test_policyd.py
