noinst_LIBRARIES += lib/libengine.a

lib_libengine_a_SOURCES = \
	include/engine/tally.h lib/engine/tally.c

engine_libs = lib/libengine.a $(store_libs) $(observe_libs)
