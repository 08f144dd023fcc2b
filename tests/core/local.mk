# Tests of core. (Each program: check_PROGRAMS, _SOURCES, _CFLAGS = $(test_cflags),
# _LDADD = $(core_libs) $(CHECK_LIBS); inside "if HAVE_CHECK".)
