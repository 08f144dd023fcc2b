/*
 * shares - holds each alternate to its share of a destination's mail.
 *
 * Each delivery of the destination, whichever way it goes or if it stays,
 * earns an alternate its share of one, and one that goes through it costs it a
 * whole one. What was not used is saved, but SHARES_SAVED deliveries at most:
 * a backup must not get all that it never had in the moment the primary fails.
 * (The share of a sliding minute would give it just that.) Where there is so
 * little mail that a share of it is nothing, one delivery in SHARES_MINUTE_MS
 * goes in any case, so that no mail has to wait for other mail to come.
 *
 * This host's part of a destination's mail; as all hosts keep to the share,
 * their sum does.
 */
#ifndef CORE_SHARES_H
#define CORE_SHARES_H

#include "core/plan.h"

#define SHARES_SAVED 10
#define SHARES_MINUTE_MS 60000

/* Of one destination; all zeros is a new one. */
struct shares {
	struct {
		uint32_t saved;		/* thousandths of a delivery */
		int64_t used_ms;	/* when the last one went */
	} routes[PLAN_ROUTES];
};

/* A delivery of d begins. */
void shares_earn(struct shares *s, const struct plan *p,
    const struct destination *d);
/* May no more go through a route of d for now? Never so of the first. */
bool shares_used_up(const struct shares *s, const struct plan *p,
    const struct destination *d, uint32_t route, int64_t now_ms);
/* A delivery goes through it. */
void shares_use(struct shares *s, uint32_t route, int64_t now_ms);

#endif
