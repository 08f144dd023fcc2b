sbin_PROGRAMS += mailweir-milter

mailweir_milter_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(MILTER_CFLAGS)
mailweir_milter_SOURCES = \
	milter/main.c \
	milter/callbacks.h milter/callbacks.c \
	milter/mta_reply.h milter/mta_reply.c \
	milter/presence.h milter/presence.c \
	milter/service.h milter/service.c \
	milter/session.h milter/session.c
mailweir_milter_LDADD = lib/libengine.a lib/libobserve.a lib/libmwconfig.a lib/libdns.a lib/libwire.a \
	$(LIBCONFIG_LIBS) $(CARES_LIBS) $(store_libs) $(MILTER_LIBS)
