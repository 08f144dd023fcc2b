/*
 * breaker - the circuit breaker of one upstream, as a pure state machine.
 *
 * A breaker is a small value that the fleet shares. breaker_step() takes one
 * and the evidence of its present state, and returns the next; nothing here
 * keeps memory, reads a clock, draws, logs or fails.
 *
 *	 CLOSED <--> SHEDDING ----> OPEN <------------+
 *	    ^  \_____________________^ |              |
 *	    |                          | wait is over | a bad trial,
 *	    | last step                v              | or trouble
 *	  RAMP <---- good trials -- HALF_OPEN --------+
 *	    \_________________________________________^
 *
 * Whoever commits a change of state clears the evidence, and attempts that
 * began before the change are not counted, so evidence always speaks of the
 * present state. Going between CLOSED and SHEDDING keeps it: these two are
 * one state with an allowance.
 *
 * Trouble counts when it is shared: min_hosts of those that send there see it,
 * or all where there are fewer. One host of several that alone sees trouble
 * speaks of itself, by share, streak or ramp. So does one that alone finds no
 * address: DNS trouble counts, as any other does, when most hosts see it, and
 * never against a trial of others.
 *
 * An upstream that is open for DNS alone has done nothing wrong: it is looked
 * for again every BREAKER_DNS_MS, without doubling, and the first good outcome
 * closes it with no ramp.
 *
 * What takes mail away may be taken back (breaker_step_back): OPEN to SHEDDING,
 * SHEDDING to CLOSED.
 *
 * A step of the ramp is a state of its own in this. Time takes it up, trouble
 * takes it down; the last step, all of the traffic, has its time as well.
 */
#ifndef CORE_BREAKER_H
#define CORE_BREAKER_H

#include "core/window.h"

#include <stdbool.h>
#include <stdint.h>

enum breaker_state {
	BREAKER_CLOSED = 0,
	BREAKER_SHEDDING,	/* part of the traffic, by allowance */
	BREAKER_OPEN,		/* nothing before until_ms */
	BREAKER_HALF_OPEN,	/* one trial connection of the fleet at a time */
	BREAKER_RAMP,		/* more traffic, step by step */
};

enum breaker_reason {		/* why it is in its state */
	BREAKER_NO_REASON = 0,
	BREAKER_SHARE,		/* bad share over the limit */
	BREAKER_STREAK,		/* so many bad ones and no good one */
	BREAKER_TRIAL_FAILED,
	BREAKER_RAMP_FAILED,
	BREAKER_WAIT_OVER,
	BREAKER_TRIALS_WON,
	BREAKER_RAMP_STEP,
	BREAKER_RAMP_BACK,
	BREAKER_RECOVERED,
	BREAKER_SHARED,		/* of one host's own: others see it as well */
	BREAKER_STEP_BACK,	/* the change before made things worse */
	BREAKER_DNS,		/* most hosts cannot look it up, and nothing else */
};

#define BREAKER_RAMP_MAX 8
#define BREAKER_DNS_MS 2000	/* OPEN by DNS */
#define BREAKER_RAMP_BACK_AT 50	/* per mille bad: a step back */

/* Read-only for the life of a configuration; shares in per mille. */
struct breaker_rules {
	int64_t window_ms;
	uint32_t min_outcomes;
	uint32_t min_hosts;
	uint32_t consecutive;	/* 0: never by this alone */
	uint32_t shed_at, open_at;	/* 1..1000 */
	int64_t open_for_ms, open_max_ms;
	int64_t slow_after_ms;
	uint32_t trials;	/* good ones that start the ramp, 1.. */
	uint32_t n_ramp;	/* 1..BREAKER_RAMP_MAX */
	uint32_t ramp[BREAKER_RAMP_MAX];	/* 1.., rising, last one 1000 */
	int64_t ramp_step_ms;
};

/* All zeros is a new breaker: closed, no history. */
struct breaker {
	enum breaker_state state;
	enum breaker_reason reason;
	uint32_t allowance;	/* SHEDDING: 1..999 per mille; RAMP: of its step; 0 otherwise */
	uint32_t trips;		/* openings since it last closed for good */
	uint32_t step;		/* RAMP: index into rules->ramp */
	int64_t since_ms;	/* when this state (or ramp step) began */
	uint32_t backed;	/* its good share when it stepped back, in this incident */
	int64_t until_ms;	/* OPEN: end of the wait; RAMP: next step; CLOSED,
				 * SHEDDING: stepped back until then; 0 otherwise */
	int64_t down_ms;	/* OPEN, HALF_OPEN: since when it takes no mail, trials
				 * that failed included; 0: not known, or it does */
};

/*
 * The breaker which follows b, given the evidence since b.since_ms, at now_ms.
 * jitter: 0..999, drawn by the caller for each call; full jitter on the wait.
 */
struct breaker breaker_step(const struct breaker_rules *rules,
    struct breaker b, const struct evidence *seen, uint32_t jitter,
    int64_t now_ms);

/* Do others send there, and too few of them see any trouble for it to count?
 * Then what one host sees is its own. */
bool breaker_is_alone(const struct breaker_rules *rules,
    const struct evidence *seen);

/*
 * A step back from b, which took mail away from an upstream that delivered
 * good_share of it (1..1000): OPEN goes to SHEDDING, SHEDDING to CLOSED. For
 * open_for nothing but a streak takes it from there, and as long as the
 * incident lasts that change is made again only if the upstream is worse.
 */
struct breaker breaker_step_back(const struct breaker_rules *rules,
    const struct breaker *b, uint32_t good_share, int64_t now_ms);

/* Is a good share, of n, worse than another one? By so much, and by two
 * standard deviations of so small a sample. */
#define BREAKER_WORSE 100	/* per mille */
bool breaker_is_worse(uint32_t before, uint32_t after, uint64_t n);

bool breaker_same(const struct breaker *a, const struct breaker *b);

/* Must the evidence be cleared when b becomes next? (other state or step) */
bool breaker_starts_afresh(const struct breaker *b, const struct breaker *next);

/* Share of the traffic that it may get now, 0..1000. HALF_OPEN: 1000, of one
 * connection at a time; see breaker_connections. */
uint32_t breaker_allowance(const struct breaker *b);
/* How many new connections of the fleet at most: OPEN 0, HALF_OPEN 1, else
 * cap. */
uint32_t breaker_connections(const struct breaker *b, uint32_t cap);

/* "closed", "shedding", "open", "half-open", "ramp"; never NULL. */
const char *breaker_state_name(enum breaker_state state);
bool breaker_state_parse(struct span name, enum breaker_state *out);
/* "bad-share", "streak", ...: as in logs, events and Redis; "" for none. */
const char *breaker_reason_name(enum breaker_reason reason);
bool breaker_reason_parse(struct span name, enum breaker_reason *out);

/* False for a record no breaker_step() could have made: check what you load. */
bool breaker_sane(const struct breaker *b);

#endif
