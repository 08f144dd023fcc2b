dist_check_SCRIPTS += tests/bench/test_bench.py
