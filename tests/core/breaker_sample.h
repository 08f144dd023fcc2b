/*
 * breaker_sample - what the tests of breakers have in common: usual rules and
 * evidence, and breakers in any state.
 */
#ifndef TESTS_CORE_BREAKER_SAMPLE_H
#define TESTS_CORE_BREAKER_SAMPLE_H

#include "core/breaker.h"

#define NOW 1000000

static const struct breaker_rules rules = {
	.window_ms = 120000,
	.min_outcomes = 20,
	.min_hosts = 2,
	.consecutive = 10,
	.shed_at = 500,
	.open_at = 900,
	.open_for_ms = 30000,
	.open_max_ms = 900000,
	.slow_after_ms = 5000,
	.trials = 3,
	.n_ramp = 5,
	.ramp = { 50, 100, 250, 500, 1000 },
	.ramp_step_ms = 5000,
};

/* So many good and bad outcomes, all new, seen by two hosts alike. */
static inline struct evidence
seen(uint32_t good, uint32_t bad)
{
	return (struct evidence){
		.good = 2 * good,
		.bad = 2 * bad,
		.outcomes = good + bad,
		.hosts = 2,
		.bad_hosts = bad > 0 ? 2 : 0,
		.total_good = 2 * good,
		.total_bad = 2 * bad,
	};
}

static inline struct breaker
shedding(uint32_t allowance)
{
	return (struct breaker){
		.state = BREAKER_SHEDDING,
		.allowance = allowance,
		.since_ms = NOW - 1000,
	};
}

static inline struct breaker
half_open(uint32_t trips)
{
	return (struct breaker){
		.state = BREAKER_HALF_OPEN,
		.trips = trips,
		.since_ms = NOW - 1000,
	};
}

static inline struct breaker
ramp(uint32_t index)
{
	return (struct breaker){
		.state = BREAKER_RAMP,
		.allowance = rules.ramp[index],
		.trips = 2,
		.step = index,
		.since_ms = NOW - 1000,
		.until_ms = NOW + 4000,
	};
}

/* What becomes of it by the usual rules, with the longest wait. */
static inline struct breaker
stepped(struct breaker b, struct evidence e, int64_t now_ms)
{
	return breaker_step(&rules, b, &e, 999, now_ms);
}

#endif
