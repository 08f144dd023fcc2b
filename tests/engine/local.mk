# Tests of engine. (Each program: check_PROGRAMS, _SOURCES, _CFLAGS = $(test_cflags),
# _LDADD = $(engine_libs) $(CHECK_LIBS); inside "if HAVE_CHECK".)
