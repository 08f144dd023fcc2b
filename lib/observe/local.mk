noinst_LIBRARIES += lib/libobserve.a

lib_libobserve_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
lib_libobserve_a_SOURCES = \
	include/observe/event.h lib/observe/event.c \
	include/observe/explain.h lib/observe/explain.c \
	include/observe/history.h lib/observe/history.c \
	include/observe/json.h lib/observe/json.c \
	include/observe/overview.h lib/observe/overview.c \
	lib/observe/metrics.c \
	include/observe/status.h lib/observe/status.c \
	lib/observe/status_json.c

observe_libs = lib/libobserve.a $(core_libs)
