noinst_LIBRARIES += lib/libstore.a

store_lua =
EXTRA_DIST += build-aux/embed.awk $(store_lua)

lib_libstore_a_CPPFLAGS = $(AM_CPPFLAGS) $(HIREDIS_CFLAGS) $(LIBEVENT_CFLAGS)
lib_libstore_a_SOURCES = \
	include/store/async.h lib/store/async.c \
	include/store/health.h lib/store/health.c \
	include/store/local.h lib/store/local.c \
	include/store/pool.h lib/store/pool.c \
	include/store/request.h lib/store/request.c

store_libs = lib/libstore.a $(core_libs) $(HIREDIS_LIBS) $(LIBEVENT_LIBS)
