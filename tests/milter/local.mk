# Tests of milter. (Each program: check_PROGRAMS, _SOURCES, _CFLAGS = $(test_cflags),
# _LDADD = $(milter_libs) $(CHECK_LIBS); inside "if HAVE_CHECK".)
