sbin_PROGRAMS += mailweir-policyd

mailweir_policyd_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(LIBEVENT_CFLAGS) \
	$(OPENSSL_CFLAGS) $(JANSSON_CFLAGS)
mailweir_policyd_SOURCES = \
	policy/main.c \
	policy/backlog.h policy/backlog.c \
	policy/companion.h policy/companion.c \
	policy/conn.h policy/conn.c \
	policy/desk.h policy/desk.c \
	policy/dialogue.h policy/dialogue.c \
	policy/feed.h policy/feed.c \
	policy/follow.h policy/follow.c \
	policy/helper.h policy/helper.c \
	policy/http_conn.c \
	policy/ledger.h policy/ledger.c \
	policy/map_conn.h policy/map_conn.c \
	policy/map_gate.c policy/map_outcome.c \
	policy/notify.h policy/notify.c \
	policy/parent.h policy/parent.c \
	policy/policy_conn.c \
	policy/prober.h policy/prober.c \
	policy/pulse.h policy/pulse.c \
	policy/release.h policy/release.c \
	policy/reload.h policy/reload.c \
	policy/roster.h policy/roster.c \
	policy/server.h policy/server.c \
	policy/starttls.h policy/starttls.c
mailweir_policyd_LDADD = lib/libengine.a lib/libobserve.a lib/libmwconfig.a \
	lib/libdns.a lib/libwire.a $(LIBCONFIG_LIBS) $(CARES_LIBS) \
	$(store_libs) $(OPENSSL_LIBS) $(JANSSON_LIBS)
