# Measurements; built with the rest so that they still compile, run by hand.
noinst_PROGRAMS += bench/bench_destination
bench_bench_destination_SOURCES = bench/bench_destination.c
bench_bench_destination_LDADD = $(core_libs)
