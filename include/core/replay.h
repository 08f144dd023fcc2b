/*
 * replay - what Mailweir would have done with deliveries of the past.
 *
 * It plays what mail logs tell through the same window, breaker and routes
 * that serve the daemons, in the logs' own time, as one fleet that sees each
 * outcome at once. It reads no log, no clock and no store.
 *
 * Attempts which would not have been made teach nothing: neither is their
 * outcome seen, nor that which they would have had elsewhere. Mail held back
 * is not tried again by itself; the log's own next attempts are what comes. An
 * attempt that takes longer than slow_after is a bad one, as in the daemons,
 * but is known at its end only. `slow` outcomes lower no cap here, and a host
 * that alone sees trouble opens nothing for itself.
 */
#ifndef CORE_REPLAY_H
#define CORE_REPLAY_H

#include "core/outcome.h"
#include "core/plan.h"
#include "core/view.h"

#include <stdbool.h>
#include <stdint.h>

struct replay;

/* A breaker went to another state or ramp step. */
struct replay_change {
	int64_t time_ms;
	uint32_t upstream;	/* index */
	enum breaker_state from, to;
	enum breaker_reason reason;
	uint32_t allowance;	/* after it, per mille */
	/* SHEDDING, OPEN: the last bad outcome, its rule and the start of its
	 * text, printable; "" otherwise */
	const char *rule, *sample;
};
/* The change is valid for the call. */
typedef void replay_change_fn(void *arg, const struct replay_change *change);

/* One report about an attempt. */
struct replay_fact {
	int64_t time_ms;	/* when it ended; not before the last fact's */
	int64_t took_ms;	/* since it began, 0 where that is not known */
	uint32_t upstream, destination;	/* indices; one is a route of the other */
	uint8_t host;		/* as in core/window */
	struct outcome outcome;
	struct span text;
	bool again;		/* of an attempt that had a fact before */
};

/* Of one upstream. */
struct replay_totals {
	uint64_t attempts;	/* in the log */
	uint64_t bad;		/* of these, with a bad outcome */
	uint64_t saved;		/* would not have been made ... */
	uint64_t saved_bad;	/* ... and were bad */
	uint64_t rerouted;	/* saved, and gone to an alternate that filters */
	uint64_t held;		/* saved, and kept in the queue */
	uint64_t openings;
	uint64_t outcomes[OUTCOME_CLASSES];	/* in the log, all reports */
};

/* Draws from base/chance: seed it for a run that can be repeated. plan is
 * borrowed. */
struct replay *replay_new(const struct plan *plan, replay_change_fn *on_change,
    void *arg);
void replay_free(struct replay **replay);
/*
 * Play a fact. True when its attempt would have been made: then further
 * facts of the same attempt may follow. A time that goes back is taken for
 * now.
 */
bool replay_add(struct replay *replay, const struct replay_fact *fact);
const struct replay_totals *replay_totals(const struct replay *replay,
    uint32_t upstream);
/* As it is after the last fact. */
enum breaker_state replay_state(const struct replay *replay,
    uint32_t upstream);

#endif
