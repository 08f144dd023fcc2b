/*
 * history - the outcomes of an upstream in the last ten minutes, from totals
 * that only grow.
 */
#ifndef OBSERVE_HISTORY_H
#define OBSERVE_HISTORY_H

#include "core/outcome.h"

#include <stdint.h>

#define HISTORY_BARS 60
#define HISTORY_BAR_MS 10000

struct history_bar {
	uint32_t good, bad;
	uint32_t other;		/* of no weight: slow, policy, dns, ... */
};

/* All zeros is a new one. */
struct history {
	int64_t newest;		/* the bar last noted in, counted since 1970; 0: none */
	struct history_bar total;	/* as last noted, modulo 2^32 */
	struct history_bar bars[HISTORY_BARS];	/* by their number, modulo */
};

/* Totals as they stand at now_ms; the first ones are where it begins. What
 * happened while nobody noted falls into the bar of now_ms. */
void history_note(struct history *h, const uint64_t totals[OUTCOME_CLASSES],
    int64_t now_ms);
/* The bar that lies back bars before that of now_ms; 0..HISTORY_BARS - 1. */
struct history_bar history_bar(const struct history *h, uint32_t back,
    int64_t now_ms);
/* All of them together. */
struct history_bar history_sum(const struct history *h, int64_t now_ms);

#endif
