/*
 * replay - what came of playing old mail logs: one value for people and for
 * scripts.
 */
#ifndef CTL_REPLAY_H
#define CTL_REPLAY_H

#include "core/plan.h"
#include "core/replay.h"

#define REPLAY_SEED 1		/* of all draws: the same logs, the same run */
#define REPLAY_CHANGES 1000	/* kept of an upstream; later ones are counted */

struct replay_kept {
	struct replay_change change;	/* rule and sample: those below */
	char rule[OUTCOME_RULE_NAME_MAX + 1];
	char sample[SAMPLE_MAX + 1];
	struct replay_totals before;	/* what had been counted by then */
};

struct replay_upstream {
	size_t n;
	struct replay_kept *changes;
	uint64_t left_out;
};

struct replay_report {
	const struct plan *plan;
	const struct replay *replay;
	struct replay_upstream *upstreams;	/* by the plan's index */
	uint64_t lines;
	uint64_t elsewhere;	/* attempts at hosts that are no upstream's */
	size_t hosts;
	int64_t first_ms, last_ms;	/* attempts; 0: there was none */
};

/* From a change that leaves closed to the one that comes back. */
struct replay_incident {
	uint32_t upstream;
	size_t first, last;	/* changes; last: the one to closed, or n: it is not over */
	int64_t begin_ms, end_ms;	/* end: of the log where it is not over */
	struct replay_totals sum;	/* of that time; outcomes: none */
};

/* What was counted between a change of an upstream and the next one, or the
 * end of the log; outcomes: none. */
struct replay_totals replay_between(const struct replay_report *r,
    uint32_t upstream, size_t first, size_t last);
/* All incidents, the oldest first: *out_n of them, yours to mem_free(). */
struct replay_incident *replay_incidents(const struct replay_report *r,
    size_t *out_n);

void replay_show_text(const struct replay_report *r);
void replay_show_json(const struct replay_report *r);

#endif
