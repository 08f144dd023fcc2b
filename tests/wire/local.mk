# Tests of wire. (Each program: check_PROGRAMS, _SOURCES, _CFLAGS = $(test_cflags),
# _LDADD = $(wire_libs) $(CHECK_LIBS); inside "if HAVE_CHECK".)
