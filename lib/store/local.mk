noinst_LIBRARIES += lib/libstore.a

store_lua = \
	lib/store/lua/prelude.lua \
	lib/store/lua/backlog.lua \
	lib/store/lua/commit.lua \
	lib/store/lua/count.lua \
	lib/store/lua/destination.lua \
	lib/store/lua/event_add.lua \
	lib/store/lua/events.lua \
	lib/store/lua/heartbeat.lua \
	lib/store/lua/hosts.lua \
	lib/store/lua/lease_drop.lua \
	lib/store/lua/lease_renew.lua \
	lib/store/lua/lease_take.lua \
	lib/store/lua/observe.lua \
	lib/store/lua/override.lua \
	lib/store/lua/preflight.lua \
	lib/store/lua/slots.lua
EXTRA_DIST += build-aux/embed.awk $(store_lua)

# The scripts as C strings. Made in the build tree, from names that are
# relative to the source tree.
lib/store/lua_text.h: build-aux/embed.awk $(store_lua)
	$(AM_V_GEN)$(MKDIR_P) lib/store && (cd $(srcdir) && \
	$(AWK) -f build-aux/embed.awk $(store_lua)) >$@.tmp && mv $@.tmp $@
$(lib_libstore_a_OBJECTS): lib/store/lua_text.h
BUILT_SOURCES += lib/store/lua_text.h
CLEANFILES += lib/store/lua_text.h lib/store/lua_text.h.tmp

lib_libstore_a_CPPFLAGS = $(AM_CPPFLAGS) $(HIREDIS_CFLAGS) \
	$(LIBEVENT_CFLAGS) -I$(top_builddir)/lib/store
lib_libstore_a_SOURCES = \
	include/store/async.h lib/store/async.c \
	include/store/health.h lib/store/health.c \
	include/store/local.h lib/store/local.c \
	include/store/pool.h lib/store/pool.c \
	include/store/request.h lib/store/request.c \
	lib/store/answer.h lib/store/answer.c \
	lib/store/command.h lib/store/command.c \
	lib/store/conn.h lib/store/conn.c \
	lib/store/dial.h lib/store/dial.c \
	lib/store/events.h lib/store/events.c \
	lib/store/leases.h lib/store/leases.c \
	lib/store/link.h lib/store/link.c \
	lib/store/outcomes.h lib/store/outcomes.c \
	lib/store/reach.h lib/store/reach.c \
	lib/store/script.h lib/store/script.c \
	lib/store/sentinel.h lib/store/sentinel.c \
	lib/store/sha1.h lib/store/sha1.c \
	lib/store/share.h lib/store/share.c \
	lib/store/slots.h lib/store/slots.c \
	lib/store/trouble.h

store_libs = lib/libstore.a $(core_libs) $(HIREDIS_LIBS) $(LIBEVENT_LIBS)
