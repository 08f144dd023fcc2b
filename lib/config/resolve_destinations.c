#include "resolve.h"

#include "near.h"

#include "base/mem.h"
#include "core/domain.h"
#include "core/probe.h"
#include "core/route.h"

static int
find_upstream(struct load *l, const struct section *route)
{
	const struct value *v = section_value(route, KEY_ROUTE_UPSTREAM);
	const struct plan *p = &l->config->plan;
	const int found = plan_upstream(p, span_of(v->text));
	struct near near = near_to(v->text);
	char question[64];

	if (!v->set)
		fault_section(l, route, "needs an upstream");
	if (!v->set || v->wrong)
		return -1;
	for (uint32_t i = 0; found < 0 && i < p->n_upstreams; i++)
		near_try(&near, p->upstreams[i].name);
	if (found < 0 && p->n_upstreams > 0)
		fault(l, route, KEY_ROUTE_UPSTREAM,
		    "there is no upstream \"%.60s\"%s", v->text,
		    near_question(&near, question));
	return found;
}

static bool
same_nexthop(const struct upstream *a, const struct upstream *b)
{
	for (uint32_t i = 0; i < a->n_nexthops; i++) {
		for (uint32_t j = 0; j < b->n_nexthops; j++) {
			if (strcmp(a->nexthops[i], b->nexthops[j]) == 0)
				return true;
		}
	}
	return a->mx && b->mx;
}

/* The gate knows a route by the next hop it is asked for, so two routes of
 * one destination must not share one. */
static void
check_distinct(struct load *l, const struct section *route,
    const struct destination *d, uint32_t upstream)
{
	const struct upstream *all = l->config->plan.upstreams;

	for (uint32_t i = 0; i < d->n_routes; i++) {
		const uint32_t other = d->routes[i].upstream;

		if (other == upstream)
			fault(l, route, KEY_ROUTE_UPSTREAM,
			    "\"%s\" is a route of it already",
			    all[upstream].name);
		else if (same_nexthop(&all[other], &all[upstream]))
			fault(l, route, KEY_ROUTE_UPSTREAM, "\"%s\" has a next "
			    "hop of \"%s\", which is a route of it already",
			    all[upstream].name, all[other].name);
	}
}

static const char *
level_shown(enum tls_level level)
{
	return level == TLS_UNSET ? "not set" : tls_level_name(level);
}

/* A way past the filter that will never be found open. */
static void
note_preflight(const struct load *l, const struct section *route,
    const struct upstream *u)
{
	const struct place at = section_value(route, KEY_ROUTE_UNFILTERED)->at;
	struct probe_target target;

	if (!probe_target(u, &target))
		errors_note(l->errors, at, "%s.unfiltered: never used: none "
		    "of the next hops of \"%s\" is one \"[host]\" that a "
		    "preflight can ask", route->path, u->name);
	if (u->tls == TLS_FINGERPRINT)
		errors_note(l->errors, at, "%s.unfiltered: never used: a "
		    "preflight cannot check a fingerprint", route->path);
}

/* Held to what the gate will ask, or it would be closed without a word. */
static void
check_unfiltered(struct load *l, const struct section *route,
    const struct destination *d, uint32_t upstream)
{
	const struct upstream *all = l->config->plan.upstreams;
	const struct upstream *own = &all[upstream];

	if (d->n_routes == 0)
		fault(l, route, KEY_ROUTE_UNFILTERED, "the first route must "
		    "not bypass the protection");
	for (uint32_t i = 0; i < d->n_routes; i++) {
		const struct upstream *u = &all[d->routes[i].upstream];

		if (!d->routes[i].unfiltered &&
		    route_tls_weaker(u->tls, own->tls))
			fault(l, route, KEY_ROUTE_UNFILTERED, "the TLS of "
			    "\"%s\" (%s) is weaker than that of \"%s\" (%s)",
			    own->name, level_shown(own->tls), u->name,
			    level_shown(u->tls));
	}
	note_preflight(l, route, own);
}

static void
resolve_route(struct load *l, const struct section *s, struct destination *d)
{
	const int upstream = find_upstream(l, s);
	struct route route = {
		.upstream = (uint32_t)upstream,
		.unfiltered =
		    section_value(s, KEY_ROUTE_UNFILTERED)->number == 1,
	};

	if (route.unfiltered)
		route.after_ms = section_value(s, KEY_ROUTE_AFTER)->number;
	else if (section_value(s, KEY_ROUTE_AFTER)->set)
		fault(l, s, KEY_ROUTE_AFTER, "is for routes with "
		    "unfiltered = true");
	if (upstream < 0)
		return;
	check_distinct(l, s, d, route.upstream);
	if (route.unfiltered)
		check_unfiltered(l, s, d, route.upstream);
	d->routes[d->n_routes++] = route;
}

static void
resolve_routes(struct load *l, const struct section *s, struct destination *d)
{
	const struct section *route =
	    section_below(s, "destinations.X.routes");
	unsigned n = 0;

	if (route == NULL && !section_value(s, KEY_DESTINATION_ROUTES)->wrong)
		fault_section(l, s, "needs routes: "
		    "( { upstream = \"...\"; } )");
	for (; route != NULL; route = section_next(route)) {
		if (n++ == PLAN_ROUTES) {
			fault_section(l, route, "more than %d routes",
			    PLAN_ROUTES);
			return;
		}
		resolve_route(l, route, d);
	}
}

static void
resolve_mx(struct load *l, const struct section *s, struct destination *d)
{
	const struct value *v = section_value(s, KEY_DESTINATION_MX);
	const char **mx = arena_get(l->config->memory, v->n, sizeof(*mx));
	struct domain domain;

	for (size_t i = 0; i < v->n; i++) {
		const struct span text = span_of(v->items[i].text);

		if (text.len > 1 && text.at[0] == '.' && domain_parse(
		    (struct span){ text.at + 1, text.len - 1 }, &domain))
			mx[d->n_mx++] = arena_textf(l->config->memory, ".%s",
			    domain.name);
		else
			fault_at(l, v->items[i].at, s, KEY_DESTINATION_MX,
			    "\"%.60s\" is no suffix such as \".example.net\"",
			    v->items[i].text);
	}
	d->mx = mx;
}

/* An empty list is as good as none; one whose items are all wrong is not. */
static bool
matches_something(const struct section *s)
{
	static const enum key keys[] = { KEY_DESTINATION_DOMAINS,
	    KEY_DESTINATION_DOMAINS_FILE, KEY_DESTINATION_MX,
	    KEY_DESTINATION_CATCH_ALL };

	for (size_t i = 0; i < MW_N_OF(keys); i++) {
		const struct value *v = section_value(s, keys[i]);

		if (v->wrong || v->n > 0 || v->number != 0 ||
		    v->text[0] != '\0')
			return true;
	}
	return false;
}

static void
resolve_destination(struct load *l, const struct section *s,
    struct destination *d)
{
	d->name = arena_text(l->config->memory, span_of(s->name));
	resolve_name(l, s);
	d->cap = (uint32_t)section_value(s, KEY_DESTINATION_CAP)->number;
	resolve_mx(l, s, d);
	resolve_routes(l, s, d);
	if (!matches_something(s))
		fault_section(l, s, "needs domains, a domains_file, mx or "
		    "catch_all = true");
}

/* Most likely a route that was forgotten, and not worth an outage. */
static void
note_unused(struct load *l)
{
	const struct section *s = section_below(l->top, "upstreams.X");
	const struct plan *p = &l->config->plan;
	bool used[PLAN_UPSTREAMS] = { false };

	for (uint32_t i = 0; i < p->n_destinations; i++) {
		for (uint32_t j = 0; j < p->destinations[i].n_routes; j++)
			used[p->destinations[i].routes[j].upstream] = true;
	}
	for (uint32_t i = 0; i < p->n_upstreams; i++, s = section_next(s)) {
		if (!used[i])
			errors_note(l->errors, s->at, "%s: no route uses it",
			    s->path);
	}
}

void
resolve_destinations(struct load *l)
{
	const struct section *s = section_below(l->top, "destinations.X");
	struct plan *p = &l->config->plan;
	struct destination *destinations = arena_get(l->config->memory,
	    PLAN_DESTINATIONS, sizeof(*destinations));

	if (s == NULL)
		fault_section(l, l->top, "no destinations: say whose mail is "
		    "to be looked after");
	p->destinations = destinations;
	for (; s != NULL; s = section_next(s)) {
		if (p->n_destinations == PLAN_DESTINATIONS) {
			fault_section(l, s, "more than %d destinations",
			    PLAN_DESTINATIONS);
			break;
		}
		resolve_destination(l, s, &destinations[p->n_destinations]);
		p->n_destinations++;
	}
	note_unused(l);
}
