# Tests of dns: a program that asks, and a script with name servers for it.
noinst_PROGRAMS += tests/dns/ask
tests_dns_ask_SOURCES = tests/dns/ask.c
tests_dns_ask_LDADD = $(dns_libs)

dist_check_SCRIPTS += tests/dns/test_resolver.py
EXTRA_DIST += tests/dns/nameserver.py
