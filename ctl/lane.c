#include "ctl/lane.h"

#include "base/span.h"
#include "core/route.h"

/* As many processes again as connections may wait in line for a slot. */
#define LANE_MIN 10
#define LANE_MAX 1000

static bool
is_catch_all(const struct plan *p, const struct destination *d)
{
	return d - p->destinations == p->catch_all;
}

static bool
goes_by_mx(const struct plan *p, const struct destination *d)
{
	for (uint32_t i = 0; i < d->n_routes; i++)
		if (p->upstreams[d->routes[i].upstream].mx)
			return true;
	return false;
}

/* Processes for a destination's connections, and those who wait for one. */
static uint32_t
processes_for(const struct plan *p, const struct destination *d, bool shared)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < d->n_routes; i++) {
		const struct upstream *u =
		    &p->upstreams[d->routes[i].upstream];

		sum += u->connections +
		    (shared ? route_waiters(u) : u->connections);
	}
	return sum;
}

/* "[.suffix]" stands for hosts that are not known by name. */
static bool
is_literal(const char *nexthop)
{
	return !span_starts(span_of(nexthop), SPAN("[."));
}

static uint32_t
literals(const struct upstream *u)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < u->n_nexthops; i++)
		n += is_literal(u->nexthops[i]);
	return n;
}

uint32_t
lane_size(const struct plan *p, const struct destination *d)
{
	uint32_t sum = processes_for(p, d, false), joined = 0;

	for (uint32_t i = 0; is_catch_all(p, d) && i < p->n_destinations; i++)
		if (lane_joins_catch_all(p, &p->destinations[i]))
			joined += processes_for(p, &p->destinations[i], true);
	if (joined > 0)
		sum = processes_for(p, d, true) + joined;
	if (sum > LANE_MAX)
		return LANE_MAX;
	return sum < LANE_MIN ? LANE_MIN : sum;
}

bool
lane_joins_catch_all(const struct plan *p, const struct destination *d)
{
	return d->n_mx > 0 && !is_catch_all(p, d) && goes_by_mx(p, d) &&
	    p->catch_all >= 0 && goes_by_mx(p, &p->destinations[p->catch_all]);
}

int64_t
lane_patience_s(const struct plan *p, const struct destination *d)
{
	int64_t most_ms = 0;
	uint32_t n_filter = 0;

	for (uint32_t i = 0; i < d->n_routes; i++) {
		const struct upstream *u =
		    &p->upstreams[d->routes[i].upstream];

		if (!d->routes[i].unfiltered)
			n_filter += literals(u);
		if (u->breaker.slow_after_ms > most_ms)
			most_ms = u->breaker.slow_after_ms;
	}
	return n_filter < 2 ? 0 : (most_ms + 999) / 1000;
}

bool
lane_loses_mx(const struct plan *p, const struct destination *d)
{
	bool mx = false, literal = false;

	for (uint32_t i = 0; i < d->n_routes; i++) {
		const struct upstream *u =
		    &p->upstreams[d->routes[i].upstream];

		mx |= u->mx;
		literal |= literals(u) > 0;
	}
	return mx && literal;
}

void
lane_write(FILE *to, const struct plan *p, const struct destination *d,
    const struct domain *domain)
{
	const char *comma = "";

	fprintf(to, LANE_PREFIX "%s:", d->name);
	for (uint32_t i = 0; i < d->n_routes; i++) {
		const struct upstream *u =
		    &p->upstreams[d->routes[i].upstream];

		for (uint32_t k = 0; k < u->n_nexthops; k++) {
			if (!is_literal(u->nexthops[k]))
				continue;
			fprintf(to, "%s%s", comma, u->nexthops[k]);
			comma = ", ";
		}
		if (u->mx && domain != NULL && d->n_routes > 1) {
			fprintf(to, "%s%s", comma, domain->name);
			comma = ", ";
		}
	}
	fputc('\n', to);
}

bool
lane_is_one(const struct live *live, const struct service *s)
{
	return span_starts(s->name, SPAN(LANE_PREFIX)) &&
	    span_starts(live_option(live, s, "smtp_tls_policy_maps"),
	    SPAN("socketmap:"));
}
