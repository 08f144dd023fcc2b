# Tests of policy. (Each program: check_PROGRAMS, _SOURCES, _CFLAGS = $(test_cflags),
# _LDADD = $(policy_libs) $(CHECK_LIBS); inside "if HAVE_CHECK".)
