# Tests of ctl. (Each program: check_PROGRAMS, _SOURCES, _CFLAGS = $(test_cflags),
# _LDADD = $(ctl_libs) $(CHECK_LIBS); inside "if HAVE_CHECK".)
