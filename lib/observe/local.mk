noinst_LIBRARIES += lib/libobserve.a

lib_libobserve_a_SOURCES = \
	include/observe/event.h lib/observe/event.c \
	include/observe/explain.h lib/observe/explain.c

observe_libs = lib/libobserve.a $(core_libs)
