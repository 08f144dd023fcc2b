/* The changes of a replay, put together into incidents. */
#include "ctl/replay.h"

#include "base/mem.h"

#include <stdlib.h>

struct replay_totals
replay_between(const struct replay_report *r, uint32_t upstream,
    size_t first, size_t last)
{
	const struct replay_upstream *u = &r->upstreams[upstream];
	const struct replay_totals *from = &u->changes[first].before;
	const struct replay_totals *to = last < u->n ?
	    &u->changes[last].before : replay_totals(r->replay, upstream);

	return (struct replay_totals){
		.attempts = to->attempts - from->attempts,
		.bad = to->bad - from->bad,
		.saved = to->saved - from->saved,
		.saved_bad = to->saved_bad - from->saved_bad,
		.rerouted = to->rerouted - from->rerouted,
		.held = to->held - from->held,
		.openings = to->openings - from->openings,
	};
}

static struct replay_incident
incident(const struct replay_report *r, uint32_t upstream, size_t first)
{
	const struct replay_upstream *u = &r->upstreams[upstream];
	size_t last = first + 1;

	while (last < u->n && u->changes[last].change.to != BREAKER_CLOSED)
		last++;
	return (struct replay_incident){
		.upstream = upstream, .first = first, .last = last,
		.begin_ms = u->changes[first].change.time_ms,
		.end_ms = last < u->n ? u->changes[last].change.time_ms :
		    r->last_ms,
		.sum = replay_between(r, upstream, first, last),
	};
}

static int
by_time(const void *a, const void *b)
{
	const struct replay_incident *x = a, *y = b;

	if (x->begin_ms != y->begin_ms)
		return x->begin_ms < y->begin_ms ? -1 : 1;
	return x->upstream < y->upstream ? -1 : x->upstream > y->upstream;
}

struct replay_incident *
replay_incidents(const struct replay_report *r, size_t *out_n)
{
	struct replay_incident *list = NULL;
	size_t n = 0;

	for (uint32_t i = 0; i < r->plan->n_upstreams; i++)
		for (size_t k = 0; k < r->upstreams[i].n;
		    k = list[n - 1].last + 1) {
			list = mem_resize(list, n + 1, sizeof(*list));
			list[n++] = incident(r, i, k);
		}
	if (n > 0)
		qsort(list, n, sizeof(*list), by_time);
	*out_n = n;
	return list;
}
