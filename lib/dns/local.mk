noinst_LIBRARIES += lib/libdns.a

lib_libdns_a_CPPFLAGS = $(AM_CPPFLAGS) $(CARES_CFLAGS)
lib_libdns_a_SOURCES = \
	include/dns/resolver.h lib/dns/resolver.c

dns_libs = lib/libdns.a $(wire_libs) $(CARES_LIBS)
