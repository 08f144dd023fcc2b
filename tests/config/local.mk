# Tests of config. (Each program: check_PROGRAMS, _SOURCES, _CFLAGS = $(test_cflags),
# _LDADD = $(config_libs) $(CHECK_LIBS); inside "if HAVE_CHECK".)
