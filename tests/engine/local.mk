if HAVE_CHECK
check_PROGRAMS += tests/engine/test_line
tests_engine_test_line_SOURCES = tests/engine/test_line.c
tests_engine_test_line_CFLAGS = $(test_cflags)
tests_engine_test_line_LDADD = $(engine_libs) $(CHECK_LIBS)

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

check_PROGRAMS += tests/engine/test_held_order
tests_engine_test_held_order_SOURCES = tests/engine/test_held_order.c
tests_engine_test_held_order_CFLAGS = $(test_cflags)
tests_engine_test_held_order_LDADD = $(engine_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/engine/test_keeper
tests_engine_test_keeper_SOURCES = tests/engine/test_keeper.c $(own_redis)
tests_engine_test_keeper_CPPFLAGS = $(store_test_cppflags) \
	-I$(top_srcdir)/tests
tests_engine_test_keeper_CFLAGS = $(test_cflags)
tests_engine_test_keeper_LDADD = $(engine_libs) $(CHECK_LIBS)
endif

# What a host knows of the fleet.
if HAVE_CHECK
check_PROGRAMS += tests/engine/test_fleet_alone \
	tests/engine/test_fleet_bypass tests/engine/test_fleet_holds \
	tests/engine/test_fleet_record tests/engine/test_fleet_restart \
	tests/engine/test_fleet_review tests/engine/test_fleet_slots \
	tests/engine/test_fleet_throttle tests/engine/test_fleet_trials
fleet_sample = tests/engine/fleet_sample.h tests/engine/fleet_sample.c
tests_engine_test_fleet_alone_SOURCES = tests/engine/test_fleet_alone.c \
	$(fleet_sample)
tests_engine_test_fleet_alone_CFLAGS = $(test_cflags)
tests_engine_test_fleet_alone_LDADD = $(engine_libs) $(CHECK_LIBS)
tests_engine_test_fleet_bypass_SOURCES = tests/engine/test_fleet_bypass.c \
	$(fleet_sample)
tests_engine_test_fleet_bypass_CFLAGS = $(test_cflags)
tests_engine_test_fleet_bypass_LDADD = $(engine_libs) $(CHECK_LIBS)
tests_engine_test_fleet_holds_SOURCES = tests/engine/test_fleet_holds.c \
	$(fleet_sample)
tests_engine_test_fleet_holds_CFLAGS = $(test_cflags)
tests_engine_test_fleet_holds_LDADD = $(engine_libs) $(CHECK_LIBS)
tests_engine_test_fleet_record_SOURCES = tests/engine/test_fleet_record.c \
	$(fleet_sample)
tests_engine_test_fleet_record_CFLAGS = $(test_cflags)
tests_engine_test_fleet_record_LDADD = $(engine_libs) $(CHECK_LIBS)
tests_engine_test_fleet_restart_SOURCES = tests/engine/test_fleet_restart.c \
	$(fleet_sample)
tests_engine_test_fleet_restart_CFLAGS = $(test_cflags)
tests_engine_test_fleet_restart_LDADD = $(engine_libs) $(CHECK_LIBS)
tests_engine_test_fleet_review_SOURCES = tests/engine/test_fleet_review.c \
	$(fleet_sample)
tests_engine_test_fleet_review_CFLAGS = $(test_cflags)
tests_engine_test_fleet_review_LDADD = $(engine_libs) $(CHECK_LIBS)
tests_engine_test_fleet_slots_SOURCES = tests/engine/test_fleet_slots.c \
	$(fleet_sample)
tests_engine_test_fleet_slots_CFLAGS = $(test_cflags)
tests_engine_test_fleet_slots_LDADD = $(engine_libs) $(CHECK_LIBS)
tests_engine_test_fleet_throttle_SOURCES = tests/engine/test_fleet_throttle.c \
	$(fleet_sample)
tests_engine_test_fleet_throttle_CFLAGS = $(test_cflags)
tests_engine_test_fleet_throttle_LDADD = $(engine_libs) $(CHECK_LIBS)
tests_engine_test_fleet_trials_SOURCES = tests/engine/test_fleet_trials.c \
	$(fleet_sample)
tests_engine_test_fleet_trials_CFLAGS = $(test_cflags)
tests_engine_test_fleet_trials_LDADD = $(engine_libs) $(CHECK_LIBS)
endif
