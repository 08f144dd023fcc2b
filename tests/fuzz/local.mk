# Fuzz targets: fuzzers with --enable-fuzzers, else checks that replay their
# corpus. A fuzzer sees only what is instrumented, so all of the tree is.
fuzz_targets = \
	tests/fuzz/fuzz_answer \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_dns_mx \
	tests/fuzz/fuzz_domain \
	tests/fuzz/fuzz_http_request \
	tests/fuzz/fuzz_maillog \
	tests/fuzz/fuzz_netstring \
	tests/fuzz/fuzz_nexthop \
	tests/fuzz/fuzz_outcome \
	tests/fuzz/fuzz_policy_request \
	tests/fuzz/fuzz_postqueue \
	tests/fuzz/fuzz_reply \
	tests/fuzz/fuzz_session \
	tests/fuzz/fuzz_smtp_reply \
	tests/fuzz/fuzz_socketmap

if FUZZERS
AM_CFLAGS += -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all
noinst_PROGRAMS += $(fuzz_targets)
fuzz_main =
fuzz_ldflags = -fsanitize=fuzzer
else
check_PROGRAMS += $(fuzz_targets)
fuzz_main = tests/fuzz/replay.c
fuzz_ldflags =
endif

EXTRA_DIST += tests/fuzz/replay.c tests/fuzz/corpus tests/fuzz/run

tests_fuzz_fuzz_answer_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_answer.c $(fuzz_main)
tests_fuzz_fuzz_answer_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(top_srcdir)/lib $(HIREDIS_CFLAGS)
tests_fuzz_fuzz_answer_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_answer_LDADD = $(store_libs)

tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_config.c $(fuzz_main)
tests_fuzz_fuzz_config_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_config_LDADD = $(config_libs)

tests_fuzz_fuzz_dns_mx_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_dns_mx.c $(fuzz_main)
tests_fuzz_fuzz_dns_mx_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_dns_mx_LDADD = $(wire_libs)

tests_fuzz_fuzz_domain_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_domain.c $(fuzz_main)
tests_fuzz_fuzz_domain_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_domain_LDADD = $(core_libs)

tests_fuzz_fuzz_http_request_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_http_request.c $(fuzz_main)
tests_fuzz_fuzz_http_request_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_http_request_LDADD = $(wire_libs)

tests_fuzz_fuzz_maillog_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_maillog.c $(fuzz_main)
tests_fuzz_fuzz_maillog_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_maillog_LDADD = $(wire_libs)

tests_fuzz_fuzz_netstring_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_netstring.c $(fuzz_main)
tests_fuzz_fuzz_netstring_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_netstring_LDADD = $(wire_libs)

tests_fuzz_fuzz_nexthop_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_nexthop.c $(fuzz_main)
tests_fuzz_fuzz_nexthop_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_nexthop_LDADD = $(core_libs)

tests_fuzz_fuzz_outcome_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_outcome.c $(fuzz_main)
tests_fuzz_fuzz_outcome_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/lib
tests_fuzz_fuzz_outcome_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_outcome_LDADD = $(config_libs)

tests_fuzz_fuzz_policy_request_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_policy_request.c $(fuzz_main)
tests_fuzz_fuzz_policy_request_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_policy_request_LDADD = $(wire_libs)

tests_fuzz_fuzz_postqueue_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_postqueue.c $(fuzz_main)
tests_fuzz_fuzz_postqueue_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_postqueue_LDADD = $(wire_libs)

tests_fuzz_fuzz_reply_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_reply.c \
	milter/mta_reply.h milter/mta_reply.c $(fuzz_main)
tests_fuzz_fuzz_reply_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) \
	$(MILTER_CFLAGS)
tests_fuzz_fuzz_reply_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_reply_LDADD = $(core_libs)

tests_fuzz_fuzz_session_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_session.c \
	milter/session.h milter/session.c $(fuzz_main)
tests_fuzz_fuzz_session_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_fuzz_fuzz_session_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_session_LDADD = $(core_libs)

tests_fuzz_fuzz_smtp_reply_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_smtp_reply.c $(fuzz_main)
tests_fuzz_fuzz_smtp_reply_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_smtp_reply_LDADD = $(wire_libs)

tests_fuzz_fuzz_socketmap_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_socketmap.c $(fuzz_main)
tests_fuzz_fuzz_socketmap_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_socketmap_LDADD = $(wire_libs)
