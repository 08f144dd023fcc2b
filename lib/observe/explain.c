#include "observe/explain.h"

#include <stdio.h>

static const char *const match_names[] = {
	[EXPLAIN_NO_MATCH] = "none",
	[EXPLAIN_DOMAIN] = "domain",
	[EXPLAIN_SUFFIX] = "suffix",
	[EXPLAIN_MX] = "mx",
	[EXPLAIN_CATCH_ALL] = "catch-all",
};

const char *
explain_match_name(enum explain_match match)
{
	return match_names[match];
}

/* ".contoso.com" holds "x.contoso.com", not "contoso.com" itself. */
static bool
pattern_holds(const struct destination_pattern *pattern,
    const struct domain *d)
{
	const struct span name = domain_span(d);
	const struct span tail = domain_span(&pattern->domain);

	if (!pattern->suffix)
		return span_eq(name, tail);
	return name.len > tail.len && span_ends_fold(name, tail) &&
	    name.at[name.len - tail.len - 1] == '.';
}

/* As the map finds it: exact before the longest suffix. */
static void
name_pattern(const struct destination_map *map, const struct domain *d,
    struct explanation *out)
{
	struct destination_pattern p;
	size_t longest = 0;
	uint32_t at = 0;

	while (destination_map_next(map, &at, &p)) {
		const size_t len = p.suffix ? p.domain.len : DOMAIN_MAX + 1;

		if (len <= longest || !pattern_holds(&p, d))
			continue;
		longest = len;
		out->match = p.suffix ? EXPLAIN_SUFFIX : EXPLAIN_DOMAIN;
		snprintf(out->pattern, sizeof(out->pattern), "%s%s",
		    p.suffix ? "." : "", p.domain.name);
	}
}

bool
explain_find(const struct plan *p, struct span address,
    struct explanation *out)
{
	const int found = plan_match(p, address);
	struct domain domain;

	*out = (struct explanation){ .now = -1 };
	if (!domain_of_address(address, &domain))
		return false;
	out->asks_mx = plan_asks_mx(p, &domain);
	if (found < 0)
		return true;
	out->destination = &p->destinations[found];
	out->match = EXPLAIN_CATCH_ALL;
	if (destination_map_find(p->domains, &domain) >= 0)
		name_pattern(p->domains, &domain, out);
	return true;
}

void
explain_by_mx(const struct plan *p, bool known, const struct domain *mx,
    struct explanation *e)
{
	const int found = plan_match_mx(p, mx);

	e->mx_known = known;
	e->mx = *mx;
	if (found < 0)
		return;
	e->destination = &p->destinations[found];
	name_pattern(p->mx, mx, e);
	e->match = e->pattern[0] != '\0' ? EXPLAIN_MX : EXPLAIN_CATCH_ALL;
}

static struct intake_verdict
intake(const struct plan *p, const struct snapshot *now,
    struct client client, int64_t now_ms, const struct explanation *e)
{
	const struct intake_verdict v = decide_intake(p, e->destination,
	    now, &client, now_ms);

	if (v.reason != DECIDE_FINE)
		return v;
	return decide_lease(p, e->destination,
	    e->destination->cap == 0 || e->leases < e->destination->cap);
}

static struct explain_route
route(const struct plan *p, uint32_t place,
    const struct snapshot *now, int64_t now_ms, const struct explanation *e)
{
	const struct route *r = &e->destination->routes[place];
	const struct upstream_view *v = &now->upstreams[r->upstream];
	const struct override *o = &v->override;
	const bool forced = o->state != OVERRIDE_NONE && o->until_ms > now_ms;

	return (struct explain_route){
		.upstream = p->upstreams[r->upstream].name,
		.state = view_state(v, now_ms),
		.allowance = view_allowance(v, now_ms),
		.override = forced ? o : NULL,
		.own = !forced && view_record(v) == &v->own ? &v->own : NULL,
		.unfiltered = r->unfiltered,
		/* Each host knows for itself what it has sent each way. */
		.gate = decide_gate(p, e->destination, place, now, NULL, 0,
		    now_ms),
	};
}

void
explain_decide(const struct plan *p, const struct snapshot *now,
    uint32_t leases, int64_t now_ms, struct explanation *e)
{
	const struct client stranger = { .address = SPAN("192.0.2.1") };
	const struct client user = { .address = SPAN("192.0.2.1"),
		.sasl_username = SPAN("user") };
	const struct override *word =
	    &now->holds[e->destination - p->destinations];

	e->leases = leases;
	e->hold = override_says(word, OVERRIDE_HOLD, now_ms) ? word : NULL;
	e->incoming = intake(p, now, stranger, now_ms, e);
	e->submission = intake(p, now, user, now_ms, e);
	e->n_routes = e->destination->n_routes;
	e->now = -1;
	for (uint32_t i = 0; i < e->n_routes; i++) {
		e->routes[i] = route(p, i, now, now_ms, e);
		if (e->now < 0 && e->routes[i].gate.answer == GATE_GRANT)
			e->now = (int)i;
	}
}
