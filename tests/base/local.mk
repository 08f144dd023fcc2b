# Tests of base. (Each program: check_PROGRAMS, _SOURCES, _CFLAGS = $(test_cflags),
# _LDADD = $(base_libs) $(CHECK_LIBS); inside "if HAVE_CHECK".)
