# Tests of system. (Each program: check_PROGRAMS, _SOURCES, _CFLAGS = $(test_cflags),
# _LDADD = $(system_libs) $(CHECK_LIBS); inside "if HAVE_CHECK".)
