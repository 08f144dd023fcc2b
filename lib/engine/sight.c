#include "engine/sight.h"

#include "base/mem.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static_assert(offsetof(struct sight, now) == 0, "sight_unpin finds it so");

struct sight *
sight_new(const struct plan *plan)
{
	struct sight *s = mem_new(1, sizeof(*s));

	s->pins = 1;
	s->plan = plan;
	s->views = mem_new(plan->n_upstreams, sizeof(*s->views));
	s->holds = mem_new(plan->n_destinations, sizeof(*s->holds));
	s->queued = mem_new(plan->n_destinations, sizeof(*s->queued));
	s->now = (struct snapshot){ s->views, s->holds, s->queued };
	return s;
}

const struct snapshot *
sight_pin(struct sight *s)
{
	s->pins++;
	return &s->now;
}

void
sight_unpin(const struct snapshot *now)
{
	struct sight *s = (struct sight *)(uintptr_t)now;

	if (--s->pins > 0)
		return;
	mem_free(s->views);
	mem_free(s->holds);
	mem_free(s->queued);
	mem_free(s);
}

struct sight *
sight_change(struct sight **in_force)
{
	struct sight *old = *in_force, *s;

	if (old->pins == 1)
		return old;
	s = sight_new(old->plan);
	memcpy(s->views, old->views,
	    s->plan->n_upstreams * sizeof(*s->views));
	memcpy(s->holds, old->holds,
	    s->plan->n_destinations * sizeof(*s->holds));
	memcpy(s->queued, old->queued,
	    s->plan->n_destinations * sizeof(*s->queued));
	sight_unpin(&old->now);
	*in_force = s;
	return s;
}
