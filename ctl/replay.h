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

void replay_show_text(const struct replay_report *r);
void replay_show_json(const struct replay_report *r);

#endif
