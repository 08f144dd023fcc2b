# Tests of wire.
if HAVE_CHECK
check_PROGRAMS += tests/wire/test_dns_mx
tests_wire_test_dns_mx_SOURCES = tests/wire/test_dns_mx.c
tests_wire_test_dns_mx_CFLAGS = $(test_cflags)
tests_wire_test_dns_mx_LDADD = $(wire_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/wire/test_http_request
tests_wire_test_http_request_SOURCES = tests/wire/test_http_request.c
tests_wire_test_http_request_CFLAGS = $(test_cflags)
tests_wire_test_http_request_LDADD = $(wire_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/wire/test_maillog
tests_wire_test_maillog_SOURCES = tests/wire/test_maillog.c
tests_wire_test_maillog_CFLAGS = $(test_cflags)
tests_wire_test_maillog_LDADD = $(wire_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/wire/test_netstring
tests_wire_test_netstring_SOURCES = tests/wire/test_netstring.c
tests_wire_test_netstring_CFLAGS = $(test_cflags)
tests_wire_test_netstring_LDADD = $(wire_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/wire/test_policy_request
tests_wire_test_policy_request_SOURCES = tests/wire/test_policy_request.c
tests_wire_test_policy_request_CFLAGS = $(test_cflags)
tests_wire_test_policy_request_LDADD = $(wire_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/wire/test_postqueue
tests_wire_test_postqueue_SOURCES = tests/wire/test_postqueue.c
tests_wire_test_postqueue_CFLAGS = $(test_cflags)
tests_wire_test_postqueue_LDADD = $(wire_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/wire/test_smtp_reply
tests_wire_test_smtp_reply_SOURCES = tests/wire/test_smtp_reply.c
tests_wire_test_smtp_reply_CFLAGS = $(test_cflags)
tests_wire_test_smtp_reply_LDADD = $(wire_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/wire/test_socketmap
tests_wire_test_socketmap_SOURCES = tests/wire/test_socketmap.c
tests_wire_test_socketmap_CFLAGS = $(test_cflags)
tests_wire_test_socketmap_LDADD = $(wire_libs) $(CHECK_LIBS)
endif
