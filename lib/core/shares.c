#include "core/shares.h"

#include <assert.h>

#define WHOLE 1000

static uint32_t
share_of(const struct plan *p, const struct destination *d, uint32_t route)
{
	return p->upstreams[d->routes[route].upstream].share;
}

void
shares_earn(struct shares *s, const struct plan *p,
    const struct destination *d)
{
	for (uint32_t i = 1; i < d->n_routes; i++) {
		uint32_t *saved = &s->routes[i].saved;

		*saved += share_of(p, d, i);
		if (*saved > SHARES_SAVED * WHOLE)
			*saved = SHARES_SAVED * WHOLE;
	}
}

bool
shares_used_up(const struct shares *s, const struct plan *p,
    const struct destination *d, uint32_t route, int64_t now_ms)
{
	assert(route < d->n_routes);
	if (route == 0 || route >= PLAN_ROUTES)
		return false;
	return share_of(p, d, route) < WHOLE &&
	    s->routes[route].saved < WHOLE &&
	    now_ms - s->routes[route].used_ms < SHARES_MINUTE_MS;
}

void
shares_use(struct shares *s, uint32_t route, int64_t now_ms)
{
	uint32_t *saved = &s->routes[route].saved;

	assert(route < PLAN_ROUTES);
	*saved -= *saved < WHOLE ? *saved : WHOLE;
	s->routes[route].used_ms = now_ms;
}
