# Measurements; built with the rest so that they still compile, run by hand.
noinst_PROGRAMS += bench/bench_destination
bench_bench_destination_SOURCES = bench/bench_destination.c
bench_bench_destination_LDADD = $(core_libs)

# What a fleet costs one Redis, and what grows on a host; docs/scale.md has what
# came out. scale_fleet starts a redis-server of its own.
noinst_PROGRAMS += bench/scale_fleet bench/scale_host
bench_scale_fleet_SOURCES = bench/scale_fleet.c \
	tests/store/redis.h tests/store/redis.c
bench_scale_fleet_CPPFLAGS = $(AM_CPPFLAGS) $(HIREDIS_CFLAGS) \
	$(LIBEVENT_CFLAGS) -I$(top_srcdir)
bench_scale_fleet_LDADD = $(engine_libs)
bench_scale_host_SOURCES = bench/scale_host.c
bench_scale_host_LDADD = $(engine_libs)
dist_check_SCRIPTS += bench/scale_check.sh
EXTRA_DIST += bench/scale_plots.py
