# Tests of core. (Each program: check_PROGRAMS, _SOURCES, _CFLAGS = $(test_cflags),
# _LDADD = $(core_libs) $(CHECK_LIBS); inside "if HAVE_CHECK".)
if HAVE_CHECK
check_PROGRAMS += tests/core/test_lease
tests_core_test_lease_SOURCES = tests/core/test_lease.c
tests_core_test_lease_CFLAGS = $(test_cflags)
tests_core_test_lease_LDADD = $(core_libs) $(CHECK_LIBS)
endif
