# Tests of fuzz. (Each program: check_PROGRAMS, _SOURCES, _CFLAGS = $(test_cflags),
# _LDADD = $(fuzz_libs) $(CHECK_LIBS); inside "if HAVE_CHECK".)
