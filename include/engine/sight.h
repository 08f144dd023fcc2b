/*
 * sight - all that is known at a moment, for many to look at while it changes:
 * who looks pins it, and who changes it makes a copy first where it is pinned.
 * So a look costs the same however many upstreams and destinations there are.
 *
 * Not thread-safe: pins, unpins and changes are made under the owner's mutex;
 * what is pinned may be read without it.
 */
#ifndef ENGINE_SIGHT_H
#define ENGINE_SIGHT_H

#include "core/plan.h"
#include "core/view.h"

struct sight {
	struct snapshot now;	/* of those below */
	unsigned pins;		/* being the one in force is one */
	const struct plan *plan;
	struct upstream_view *views;
	struct override *holds;
	uint32_t *queued;
};

/* Nothing is known yet; in force. The plan outlives it. */
struct sight *sight_new(const struct plan *plan);
const struct snapshot *sight_pin(struct sight *s);
/* What was pinned, or the one in force, which is not any more then. */
void sight_unpin(const struct snapshot *now);
/* The one in force, to be changed; *in_force may be another one then. */
struct sight *sight_change(struct sight **in_force);

#endif
