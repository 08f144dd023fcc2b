/* The record of a breaker: its words, what it allows, and whether it can be. */
#include "core/breaker.h"

#include "base/mem.h"

#include <assert.h>

static const char *const state_names[] = {
	[BREAKER_CLOSED] = "closed",
	[BREAKER_SHEDDING] = "shedding",
	[BREAKER_OPEN] = "open",
	[BREAKER_HALF_OPEN] = "half-open",
	[BREAKER_RAMP] = "ramp",
};
static_assert(MW_N_OF(state_names) == BREAKER_RAMP + 1, "all are named");

static const char *const reason_names[] = {
	[BREAKER_NO_REASON] = "",
	[BREAKER_SHARE] = "bad-share",
	[BREAKER_STREAK] = "streak",
	[BREAKER_TRIAL_FAILED] = "trial-failed",
	[BREAKER_RAMP_FAILED] = "ramp-failed",
	[BREAKER_WAIT_OVER] = "wait-over",
	[BREAKER_TRIALS_WON] = "trials-won",
	[BREAKER_RAMP_STEP] = "ramp-step",
	[BREAKER_RAMP_BACK] = "ramp-back",
	[BREAKER_RECOVERED] = "recovered",
	[BREAKER_SHARED] = "shared",
	[BREAKER_STEP_BACK] = "step-back",
	[BREAKER_DNS] = "dns",
};
static_assert(MW_N_OF(reason_names) == BREAKER_DNS + 1, "all are named");

bool
breaker_same(const struct breaker *a, const struct breaker *b)
{
	return a->state == b->state && a->reason == b->reason &&
	    a->allowance == b->allowance && a->trips == b->trips &&
	    a->step == b->step && a->backed == b->backed &&
	    a->since_ms == b->since_ms && a->until_ms == b->until_ms &&
	    a->down_ms == b->down_ms;
}

uint32_t
breaker_allowance(const struct breaker *b)
{
	switch (b->state) {
	case BREAKER_CLOSED:
	case BREAKER_HALF_OPEN:
		return 1000;
	case BREAKER_OPEN:
		return 0;
	case BREAKER_SHEDDING:
	case BREAKER_RAMP:
		return b->allowance;
	}
	return 0;
}

uint32_t
breaker_connections(const struct breaker *b, uint32_t cap)
{
	switch (b->state) {
	case BREAKER_OPEN:
		return 0;
	case BREAKER_HALF_OPEN:
		return 1;
	case BREAKER_CLOSED:
	case BREAKER_SHEDDING:
	case BREAKER_RAMP:
		return cap;
	}
	return 0;
}

const char *
breaker_state_name(enum breaker_state state)
{
	return state_names[state];
}

bool
breaker_state_parse(struct span name, enum breaker_state *out)
{
	for (size_t i = 0; i < MW_N_OF(state_names); i++)
		if (span_eq(name, span_of(state_names[i]))) {
			*out = (enum breaker_state)i;
			return true;
		}
	return false;
}

const char *
breaker_reason_name(enum breaker_reason reason)
{
	return reason_names[reason];
}

bool
breaker_reason_parse(struct span name, enum breaker_reason *out)
{
	for (size_t i = 0; i < MW_N_OF(reason_names); i++)
		if (span_eq(name, span_of(reason_names[i]))) {
			*out = (enum breaker_reason)i;
			return true;
		}
	return false;
}

bool
breaker_sane(const struct breaker *b)
{
	const bool is_down = b->state == BREAKER_OPEN ||
	    b->state == BREAKER_HALF_OPEN;
	const bool may_wait = b->until_ms == 0 ||
	    (b->reason == BREAKER_STEP_BACK && b->until_ms >= b->since_ms);

	if ((unsigned)b->reason >= MW_N_OF(reason_names) || b->since_ms < 0 ||
	    b->down_ms < 0 || (b->down_ms > 0 && !is_down) ||
	    b->backed > 1000)
		return false;
	switch (b->state) {
	case BREAKER_CLOSED:
		return b->allowance == 0 && b->trips == 0 && b->step == 0 &&
		    may_wait;
	case BREAKER_SHEDDING:
		return b->allowance >= 1 && b->allowance <= 999 &&
		    b->trips == 0 && b->step == 0 && may_wait;
	case BREAKER_OPEN:
		return b->allowance == 0 && b->trips > 0 && b->step == 0 &&
		    b->until_ms >= b->since_ms;
	case BREAKER_HALF_OPEN:
		return b->allowance == 0 && b->trips > 0 && b->step == 0 &&
		    b->until_ms == 0;
	case BREAKER_RAMP:
		return b->allowance >= 1 && b->allowance <= 1000 &&
		    b->trips > 0 && b->step < BREAKER_RAMP_MAX &&
		    b->until_ms >= b->since_ms;
	}
	return false;
}
