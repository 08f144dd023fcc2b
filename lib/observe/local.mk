noinst_LIBRARIES += lib/libobserve.a

lib_libobserve_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
lib_libobserve_a_SOURCES = \
	include/observe/event.h lib/observe/event.c

observe_libs = lib/libobserve.a $(core_libs) $(JANSSON_LIBS)
