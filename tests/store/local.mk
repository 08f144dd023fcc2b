# Tests of store. (Each program: check_PROGRAMS, _SOURCES, _CFLAGS = $(test_cflags),
# _LDADD = $(store_libs) $(CHECK_LIBS); inside "if HAVE_CHECK".)
