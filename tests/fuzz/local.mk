# Fuzz targets: fuzzers with --enable-fuzzers, else checks that replay their
# corpus. A fuzzer sees only what is instrumented, so all of the tree is.
fuzz_targets = \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_dns_mx \
	tests/fuzz/fuzz_domain \
	tests/fuzz/fuzz_http_request \
	tests/fuzz/fuzz_maillog \
	tests/fuzz/fuzz_netstring \
	tests/fuzz/fuzz_policy_request \
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

EXTRA_DIST += tests/fuzz/replay.c tests/fuzz/corpus

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

tests_fuzz_fuzz_policy_request_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_policy_request.c $(fuzz_main)
tests_fuzz_fuzz_policy_request_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_policy_request_LDADD = $(wire_libs)

tests_fuzz_fuzz_smtp_reply_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_smtp_reply.c $(fuzz_main)
tests_fuzz_fuzz_smtp_reply_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_smtp_reply_LDADD = $(wire_libs)

tests_fuzz_fuzz_socketmap_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_socketmap.c $(fuzz_main)
tests_fuzz_fuzz_socketmap_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_socketmap_LDADD = $(wire_libs)
