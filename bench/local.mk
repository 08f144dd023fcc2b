# Measurements; built with the rest so that they still compile, run by hand.
noinst_PROGRAMS += bench/bench_destination
bench_bench_destination_SOURCES = bench/bench_destination.c
bench_bench_destination_LDADD = $(core_libs)

# What a fleet costs one Redis; docs/scale.md has what came out. They start a
# redis-server of their own.
noinst_PROGRAMS += bench/scale_fleet
bench_scale_fleet_SOURCES = bench/scale_fleet.c \
	tests/store/redis.h tests/store/redis.c
bench_scale_fleet_CPPFLAGS = $(AM_CPPFLAGS) $(HIREDIS_CFLAGS) \
	$(LIBEVENT_CFLAGS) -I$(top_srcdir)
bench_scale_fleet_LDADD = $(engine_libs)
