# mailweir
sbin_PROGRAMS += mailweir

mailweir_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(JANSSON_CFLAGS) \
	$(NCURSES_CFLAGS)
mailweir_SOURCES = \
	ctl/main.c ctl/verb.h \
	ctl/attempts.h ctl/attempts.c \
	ctl/changes.h ctl/changes.c ctl/undo.c \
	ctl/check.c \
	ctl/check_build.c ctl/check_intake.c ctl/check_lanes.c \
	ctl/check_sockets.c ctl/check_tables.c ctl/check_ways.c \
	ctl/classify.c \
	ctl/event_text.h ctl/event_text.c \
	ctl/events.c \
	ctl/explain.h ctl/explain.c ctl/explain_text.c \
	ctl/fault.h ctl/fault.c \
	ctl/force.c \
	ctl/hold.c \
	ctl/inquiry.h ctl/inquiry.c \
	ctl/json.h ctl/json.c \
	ctl/lane.h ctl/lane.c \
	ctl/lines.h ctl/lines.c \
	ctl/list.h ctl/list.c \
	ctl/live.h ctl/live.c \
	ctl/lookout.h ctl/lookout.c \
	ctl/operator.h ctl/operator.c \
	ctl/postfix.c \
	ctl/program.h ctl/program.c \
	ctl/print.h ctl/print.c \
	ctl/reading.h ctl/reading.c \
	ctl/replay.h ctl/replay.c ctl/replay_incidents.c \
	ctl/replay_json.c ctl/replay_text.c \
	ctl/shelter.h ctl/shelter.c \
	ctl/status.h ctl/status.c ctl/status_text.c \
	ctl/watch.c \
	ctl/watch_detail.h ctl/watch_detail.c \
	ctl/watch_draw.h ctl/watch_draw.c \
	ctl/watch_keys.h ctl/watch_keys.c \
	ctl/watch_model.h ctl/watch_model.c \
	ctl/way.h ctl/way.c \
	ctl/wiring.h ctl/wiring.c
mailweir_LDADD = lib/libobserve.a lib/libdns.a lib/libwire.a lib/libmwconfig.a $(LIBCONFIG_LIBS) $(CARES_LIBS) \
	$(store_libs) $(JANSSON_LIBS) $(NCURSES_LIBS)
