# Every test speaks TAP, so that each case counts by itself: Check does when
# CK_TAP_LOG_FILE_NAME is set, scripts print it. The time limit ends what hangs,
# and has room for sanitizers on a busy machine.
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
PY_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_DRIVER = $(LOG_DRIVER)
TEST_EXTENSIONS = .sh .py
PY_LOG_COMPILER = python3
AM_TESTS_ENVIRONMENT += CK_TAP_LOG_FILE_NAME=-; CK_VERBOSITY=silent; \
	CK_DEFAULT_TIMEOUT=60; \
	export CK_TAP_LOG_FILE_NAME CK_VERBOSITY CK_DEFAULT_TIMEOUT;

dist_check_SCRIPTS += tests/rooms.sh tests/threats.py
EXTRA_DIST += tests/coverage tests/suite.h tests/run tests/valgrind

test_cflags = $(AM_CFLAGS) -I$(top_srcdir)/tests $(CHECK_CFLAGS)

include tests/base/local.mk
include tests/core/local.mk
include tests/wire/local.mk
include tests/dns/local.mk
include tests/config/local.mk
include tests/store/local.mk
include tests/observe/local.mk
include tests/engine/local.mk
include tests/policy/local.mk
include tests/milter/local.mk
include tests/ctl/local.mk
include tests/fuzz/local.mk
include tests/bench/local.mk
include tests/docs/local.mk
include tests/system/local.mk
include tests/incidents/local.mk
include tests/faults/local.mk
