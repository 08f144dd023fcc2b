# Tests of observe. (Each program: check_PROGRAMS, _SOURCES, _CFLAGS = $(test_cflags),
# _LDADD = $(observe_libs) $(CHECK_LIBS); inside "if HAVE_CHECK".)
