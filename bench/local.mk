# Measurements: programs that are built with the rest, so that they still
# compile, and bench/run, which runs them.
EXTRA_DIST += bench/cases.py bench/run bench/stage.py bench/whole.py

bench: all
	top_builddir=. python3 $(top_srcdir)/bench/run --short
.PHONY: bench

noinst_PROGRAMS += bench/bench_destination bench/load_milter \
	bench/load_requests bench/noop_milter bench/noop_server

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

bench_load_milter_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(MILTER_CFLAGS)
bench_load_milter_SOURCES = bench/load_milter.c bench/load.h bench/load.c
bench_load_milter_LDADD =

bench_load_requests_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
bench_load_requests_SOURCES = bench/load_requests.c bench/load.h bench/load.c
bench_load_requests_LDADD = lib/libwire.a $(core_libs)

bench_noop_milter_CPPFLAGS = $(AM_CPPFLAGS) $(MILTER_CFLAGS)
bench_noop_milter_SOURCES = bench/noop_milter.c
bench_noop_milter_LDADD = $(MILTER_LIBS)

bench_noop_server_SOURCES = bench/noop_server.c
bench_noop_server_LDADD = lib/libwire.a $(core_libs)
