if HAVE_CHECK
check_PROGRAMS += tests/milter/test_mta_reply tests/milter/test_session

tests_milter_test_mta_reply_SOURCES = tests/milter/test_mta_reply.c \
	milter/mta_reply.h milter/mta_reply.c
tests_milter_test_mta_reply_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) \
	$(MILTER_CFLAGS)
tests_milter_test_mta_reply_CFLAGS = $(test_cflags)
tests_milter_test_mta_reply_LDADD = $(core_libs) $(CHECK_LIBS)

tests_milter_test_session_SOURCES = tests/milter/test_session.c \
	milter/session.h milter/session.c
tests_milter_test_session_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_milter_test_session_CFLAGS = $(test_cflags)
tests_milter_test_session_LDADD = $(core_libs) $(CHECK_LIBS)
endif

dist_check_SCRIPTS += tests/milter/test_milter.py
EXTRA_DIST += tests/milter/stages.lua tests/milter/tsan.supp \
	tests/milter/valgrind.supp
