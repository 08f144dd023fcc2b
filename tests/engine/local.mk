if HAVE_CHECK
check_PROGRAMS += tests/engine/test_line tests/engine/test_fleet

tests_engine_test_line_SOURCES = tests/engine/test_line.c
tests_engine_test_line_CFLAGS = $(test_cflags)
tests_engine_test_line_LDADD = $(engine_libs) $(CHECK_LIBS)

tests_engine_test_fleet_SOURCES = tests/engine/test_fleet.c
tests_engine_test_fleet_CFLAGS = $(test_cflags)
tests_engine_test_fleet_LDADD = $(engine_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/engine/test_hearsay
tests_engine_test_hearsay_SOURCES = tests/engine/test_hearsay.c
tests_engine_test_hearsay_CFLAGS = $(test_cflags)
tests_engine_test_hearsay_LDADD = $(engine_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/engine/test_tally
tests_engine_test_tally_SOURCES = tests/engine/test_tally.c
tests_engine_test_tally_CFLAGS = $(test_cflags)
tests_engine_test_tally_LDADD = $(engine_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/engine/test_pace
tests_engine_test_pace_SOURCES = tests/engine/test_pace.c
tests_engine_test_pace_CFLAGS = $(test_cflags)
tests_engine_test_pace_LDADD = $(engine_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/engine/test_intake
tests_engine_test_intake_SOURCES = tests/engine/test_intake.c
tests_engine_test_intake_CFLAGS = $(test_cflags)
tests_engine_test_intake_LDADD = $(engine_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/engine/test_held
tests_engine_test_held_SOURCES = tests/engine/test_held.c
tests_engine_test_held_CFLAGS = $(test_cflags)
tests_engine_test_held_LDADD = $(engine_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/engine/test_keeper
tests_engine_test_keeper_SOURCES = tests/engine/test_keeper.c $(own_redis)
tests_engine_test_keeper_CPPFLAGS = $(store_test_cppflags) \
	-I$(top_srcdir)/tests
tests_engine_test_keeper_CFLAGS = $(test_cflags)
tests_engine_test_keeper_LDADD = $(engine_libs) $(CHECK_LIBS)
endif
