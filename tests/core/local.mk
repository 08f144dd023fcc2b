# Tests of core. (Each program: check_PROGRAMS, _SOURCES, _CFLAGS = $(test_cflags),
# _LDADD = $(core_libs) $(CHECK_LIBS); inside "if HAVE_CHECK".)
if HAVE_CHECK
check_PROGRAMS += tests/core/test_domain
tests_core_test_domain_SOURCES = tests/core/test_domain.c
tests_core_test_domain_CFLAGS = $(test_cflags)
tests_core_test_domain_LDADD = $(core_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/core/test_destination
tests_core_test_destination_SOURCES = tests/core/test_destination.c
tests_core_test_destination_CFLAGS = $(test_cflags)
tests_core_test_destination_LDADD = $(core_libs) $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/core/test_census
tests_core_test_census_SOURCES = tests/core/test_census.c
tests_core_test_census_CFLAGS = $(test_cflags)
tests_core_test_census_LDADD = $(core_libs) $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/core/test_lease
tests_core_test_lease_SOURCES = tests/core/test_lease.c
tests_core_test_lease_CFLAGS = $(test_cflags)
tests_core_test_lease_LDADD = $(core_libs) $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/core/test_outcome tests/core/test_reply \
	tests/core/test_plan tests/core/test_route \
	tests/core/test_shares tests/core/test_shield
tests_core_test_shield_SOURCES = tests/core/test_shield.c
tests_core_test_shield_CFLAGS = $(test_cflags)
tests_core_test_shield_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_shares_SOURCES = tests/core/test_shares.c
tests_core_test_shares_CFLAGS = $(test_cflags)
tests_core_test_shares_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_outcome_SOURCES = tests/core/test_outcome.c
tests_core_test_outcome_CFLAGS = $(test_cflags)
tests_core_test_outcome_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_reply_SOURCES = tests/core/test_reply.c
tests_core_test_reply_CFLAGS = $(test_cflags)
tests_core_test_reply_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_plan_SOURCES = tests/core/test_plan.c
tests_core_test_plan_CFLAGS = $(test_cflags)
tests_core_test_plan_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_route_SOURCES = tests/core/test_route.c
tests_core_test_route_CFLAGS = $(test_cflags)
tests_core_test_route_LDADD = $(core_libs) $(CHECK_LIBS)
endif

# What is decided of it all.
if HAVE_CHECK
check_PROGRAMS += tests/core/test_decide_bypass tests/core/test_decide_gate \
	tests/core/test_decide_hold tests/core/test_decide_intake \
	tests/core/test_decide_property tests/core/test_decide_reply \
	tests/core/test_decide_share
decide_sample = tests/core/decide_sample.h tests/core/decide_sample.c
tests_core_test_decide_bypass_SOURCES = tests/core/test_decide_bypass.c \
	$(decide_sample)
tests_core_test_decide_bypass_CFLAGS = $(test_cflags)
tests_core_test_decide_bypass_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_decide_gate_SOURCES = tests/core/test_decide_gate.c \
	$(decide_sample)
tests_core_test_decide_gate_CFLAGS = $(test_cflags)
tests_core_test_decide_gate_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_decide_hold_SOURCES = tests/core/test_decide_hold.c \
	$(decide_sample)
tests_core_test_decide_hold_CFLAGS = $(test_cflags)
tests_core_test_decide_hold_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_decide_intake_SOURCES = tests/core/test_decide_intake.c \
	$(decide_sample)
tests_core_test_decide_intake_CFLAGS = $(test_cflags)
tests_core_test_decide_intake_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_decide_property_SOURCES = tests/core/test_decide_property.c \
	$(decide_sample)
tests_core_test_decide_property_CFLAGS = $(test_cflags)
tests_core_test_decide_property_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_decide_reply_SOURCES = tests/core/test_decide_reply.c
tests_core_test_decide_reply_CFLAGS = $(test_cflags)
tests_core_test_decide_reply_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_decide_share_SOURCES = tests/core/test_decide_share.c \
	$(decide_sample)
tests_core_test_decide_share_CFLAGS = $(test_cflags)
tests_core_test_decide_share_LDADD = $(core_libs) $(CHECK_LIBS)
endif

# How an upstream is seen and judged.
if HAVE_CHECK
check_PROGRAMS += tests/core/test_window tests/core/test_breaker \
	tests/core/test_breaker_record tests/core/test_breaker_recovery \
	tests/core/test_breaker_property \
	tests/core/test_view tests/core/test_story tests/core/test_scenario \
	tests/core/test_throttle tests/core/test_probe tests/core/test_alone \
	tests/core/test_silence tests/core/test_review
tests_core_test_alone_SOURCES = tests/core/test_alone.c \
	tests/core/breaker_sample.h
tests_core_test_alone_CFLAGS = $(test_cflags)
tests_core_test_alone_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_review_SOURCES = tests/core/test_review.c
tests_core_test_review_CFLAGS = $(test_cflags)
tests_core_test_review_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_silence_SOURCES = tests/core/test_silence.c
tests_core_test_silence_CFLAGS = $(test_cflags)
tests_core_test_silence_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_window_SOURCES = tests/core/test_window.c
tests_core_test_window_CFLAGS = $(test_cflags)
tests_core_test_window_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_breaker_SOURCES = tests/core/test_breaker.c \
	tests/core/breaker_sample.h
tests_core_test_breaker_CFLAGS = $(test_cflags)
tests_core_test_breaker_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_breaker_record_SOURCES = tests/core/test_breaker_record.c
tests_core_test_breaker_record_CFLAGS = $(test_cflags)
tests_core_test_breaker_record_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_breaker_recovery_SOURCES = \
	tests/core/test_breaker_recovery.c tests/core/breaker_sample.h
tests_core_test_breaker_recovery_CFLAGS = $(test_cflags)
tests_core_test_breaker_recovery_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_breaker_property_SOURCES = \
	tests/core/test_breaker_property.c tests/core/breaker_sample.h
tests_core_test_breaker_property_CFLAGS = $(test_cflags)
tests_core_test_breaker_property_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_throttle_SOURCES = tests/core/test_throttle.c
tests_core_test_throttle_CFLAGS = $(test_cflags)
tests_core_test_throttle_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_view_SOURCES = tests/core/test_view.c
tests_core_test_view_CFLAGS = $(test_cflags)
tests_core_test_view_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_story_SOURCES = tests/core/test_story.c
tests_core_test_story_CFLAGS = $(test_cflags)
tests_core_test_story_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_probe_SOURCES = tests/core/test_probe.c
tests_core_test_probe_CFLAGS = $(test_cflags)
tests_core_test_probe_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_scenario_SOURCES = tests/core/test_scenario.c \
	tests/core/breaker_sample.h
tests_core_test_scenario_CFLAGS = $(test_cflags)
tests_core_test_scenario_LDADD = $(core_libs) $(CHECK_LIBS)
endif

# Old logs, played through all of it.
if HAVE_CHECK
check_PROGRAMS += tests/core/test_replay
tests_core_test_replay_SOURCES = tests/core/test_replay.c \
	tests/core/breaker_sample.h
tests_core_test_replay_CFLAGS = $(test_cflags)
tests_core_test_replay_LDADD = $(core_libs) $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/core/test_mx tests/core/test_mx_cache
tests_core_test_mx_SOURCES = tests/core/test_mx.c
tests_core_test_mx_CFLAGS = $(test_cflags)
tests_core_test_mx_LDADD = $(core_libs) $(CHECK_LIBS)
tests_core_test_mx_cache_SOURCES = tests/core/test_mx_cache.c
tests_core_test_mx_cache_CFLAGS = $(test_cflags)
tests_core_test_mx_cache_LDADD = $(core_libs) $(CHECK_LIBS)
endif
