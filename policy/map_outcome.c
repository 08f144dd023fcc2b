#include "policy/map_conn.h"

#include "base/clock.h"
#include "base/log.h"
#include "core/decide.h"
#include "core/outcome.h"
#include "core/route.h"
#include "core/shield.h"
#include "dns/resolver.h"

#define BURST_MS 100		/* between the reports of one delivery */

/* smtp(8) says this of a next hop that its TLS policy lookup failed for, and
 * that is how a refusal of the gate looks to it. Source: smtp_connect.c. */
#define GATE_REFUSED_STATUS SPAN("4.7.5 client TLS configuration problem")

/* FNV-1a: tells the reports of one burst apart, nothing more. */
static uint64_t
fingerprint(struct span text)
{
	uint64_t h = 14695981039346656037U;

	for (size_t i = 0; i < text.len; i++)
		h = (h ^ (unsigned char)text.at[i]) * 1099511628211U;
	return h;
}

/* Another status than Postfix has: the mail stays in the queue. */
static enum conn_next
keep(struct map_conn *m, uint32_t destination, const char *upstream,
    const char *reason, const char *incident, const struct reply *reply)
{
	char text[REPLY_TEXT_MAX + 16];

	map_count(m, destination, DEST_HELD);
	log_info("held", LOG_TEXT("destination", m->destination),
	    LOG_TEXT("upstream", upstream), LOG_TEXT("reason", reason),
	    LOG_INT("smtp", conn_peer_pid(&m->conn)),
	    LOG_TEXT("incident", incident));
	if (!reply_render(reply, REPLY_STATUS, text, sizeof(text)))
		return map_answer(m, SOCKETMAP_NOTFOUND, "");
	return map_answer(m, SOCKETMAP_OK, text);
}

/* Mail that stays in the queue because no upstream was allowed to take it. */
static enum conn_next
held(struct map_conn *m, uint32_t destination)
{
	const struct refusal *r = &m->refusal;
	const int64_t fleet_ms = server_fleet_ms(m->conn.server);
	const int64_t wait_ms = r->next_try_ms == 0 ? -1 :
	    r->next_try_ms > fleet_ms ? r->next_try_ms - fleet_ms : 0;
	const struct reply reply = decide_held_reply(r->who, r->reason,
	    wait_ms, r->incident);

	return keep(m, destination, r->who,
	    decide_reason_name(r->reason), r->incident, &reply);
}

/* ... and because we do not take the one that answered at its word. */
static enum conn_next
shielded(struct map_conn *m, uint32_t destination,
    const struct shield_verdict *v, struct span status)
{
	const char *why = shield_name(v->shield);

	if (v->shield == SHIELD_LOCK)
		fleet_lock(m->at, clock_mono_ms());
	fleet_shielded(m->at, why, status, clock_mono_ms());
	return keep(m, destination, fleet_name(m->at), why,
	    view_record(fleet_view(m->at))->incident, &v->reply);
}

static struct shield_verdict
judge(const struct map_conn *m, uint32_t destination, struct span status)
{
	const struct server *s = m->conn.server;
	const struct destination *d =
	    &server_plan(s)->destinations[destination];
	const int route = m->at == NULL ? -1 :
	    map_place_of(d, fleet_index(m->at));

	if (route < 0)
		return (struct shield_verdict){ .shield = SHIELD_NONE };
	return shield_judge(server_plan(s), d, (uint32_t)route,
	    fleet_views(s->fleet), status, server_fleet_ms(s));
}

/* What went past the filter says more than another preflight would. */
static void
count_delivery(struct map_conn *m, uint32_t destination)
{
	const struct destination *d =
	    &server_plan(m->conn.server)->destinations[destination];
	const int route = m->at == NULL ? -1 :
	    map_place_of(d, fleet_index(m->at));

	map_count(m, destination, DEST_DELIVERED);
	if (route <= 0)
		return;
	map_count(m, destination, DEST_REROUTED);
	if (d->routes[route].unfiltered)
		fleet_preflight(m->at, clock_mono_ms());
}

/* A delivery ended, this way or that: all upstreams are told between which its
 * mail may be shifted. */
static void
tell_fare(const struct map_conn *m, uint32_t destination, bool good)
{
	const struct server *s = m->conn.server;
	const struct destination *d =
	    &server_plan(s)->destinations[destination];
	uint32_t filtering = 0;

	for (uint32_t i = 0; i < d->n_routes; i++)
		filtering += !d->routes[i].unfiltered;
	for (uint32_t i = 0; i < d->n_routes && filtering > 1; i++)
		fleet_fared(fleet_upstream(s->fleet, d->routes[i].upstream),
		    good);
}

/* For which upstream was a name looked up? A recipient's domain and its MX
 * are known by what DNS said before; NULL for none. */
static struct fleet_upstream *
looked_up(const struct server *s, uint32_t lane, struct span name)
{
	const struct plan *plan = server_plan(s);
	uint32_t destination = lane;
	struct domain domain, mx;
	int route = route_find_host(plan, &plan->destinations[lane], name,
	    SPAN(""), 0);

	if (route < 0 && domain_parse(name, &domain)) {
		(void)resolver_peek(s->resolver, &domain, &mx);
		route = route_find_by_mx(plan, &destination, name,
		    mx.len > 0 ? &mx : &domain);
	}
	if (route < 0)
		return NULL;
	return fleet_upstream(s->fleet,
	    plan->destinations[destination].routes[route].upstream);
}

/* Another recipient of the message that was told of just now? There may be no
 * question between one delivery and the next, so it is time that tells. */
static bool
is_burst(const struct map_conn *m, struct span status, int64_t now_ms)
{
	return now_ms < m->lookup_failed_ms + BURST_MS &&
	    fingerprint(status) == m->lookup_failed;
}

/*
 * smtp(8) looks up a next hop before it asks the gate: what fails there comes
 * without a question, after whatever was asked last, and says the name. A next
 * hop of ours that DNS does not know is a mistake in a table, and the sender
 * has no part in it: smtp(8) would return the mail.
 */
static enum conn_next
lookup_failed(struct map_conn *m, uint32_t lane, struct span name,
    struct span status)
{
	struct server *s = m->conn.server;
	const int64_t now_ms = clock_mono_ms();
	struct fleet_upstream *u = looked_up(s, lane, name);
	const bool lost = u != NULL && status.at[0] == '5' &&
	    !server_plan(s)->upstreams[fleet_index(u)].mx;
	struct outcome o = outcome_classify(s->config->rules, status);

	if (lost)
		o = (struct outcome){ OUTCOME_DNS, "nexthop-not-found" };
	map_end_last(m, now_ms);
	m->delivering = false;
	if (u != NULL && !is_burst(m, status, now_ms))
		fleet_observe(s->fleet, u, o, status, now_ms, now_ms);
	m->lookup_failed = fingerprint(status);
	m->lookup_failed_ms = now_ms;
	if (lost)
		return map_answer(m, SOCKETMAP_OK,
		    "4.4.3 Mailweir: the next hop was not found");
	return map_answer(m, SOCKETMAP_NOTFOUND, "");
}

/* Whose mail the last question was for; the lane's where there was none. */
static uint32_t
whose(const struct map_conn *m, uint32_t lane)
{
	const int index = plan_destination(server_plan(m->conn.server),
	    span_of(m->destination));

	return index < 0 ? lane : (uint32_t)index;
}

enum conn_next
map_outcome(struct map_conn *m, uint32_t lane, struct span status)
{
	struct server *s = m->conn.server;
	const int64_t now_ms = clock_mono_ms();
	const uint32_t destination = whose(m, lane);
	struct outcome o = outcome_classify(s->config->rules, status);
	const struct shield_verdict v = judge(m, destination, status);
	struct outcome_weight weight;
	struct story_news news;
	struct span name;
	bool first;			/* report of this delivery */

	if (outcome_is_lookup(status, &name))
		return lookup_failed(m, lane, name, status);
	o.class = shield_evidence(v.shield, o.class);
	weight = outcome_weight(o.class);
	first = m->delivering;
	m->delivering = false;
	if (m->refusal.who[0] != '\0' &&
	    span_eq(status, GATE_REFUSED_STATUS)) {
		if (first && m->refusal.reason != DECIDE_FORCED)
			tell_fare(m, destination, false);
		return held(m, destination);
	}
	if (first && weight.good + weight.bad > 0)
		tell_fare(m, destination, weight.bad == 0);
	news = story_outcome(&m->story, o.class, fingerprint(status),
	    outcome_may_go_on(status), now_ms);
	if (o.class == OUTCOME_OK)
		count_delivery(m, destination);
	if (m->at != NULL) {
		map_learn(m, &news, o.rule, status, now_ms);
		map_set_timer(m, now_ms);
	}
	if (v.shield != SHIELD_NONE)
		return shielded(m, destination, &v, status);
	return map_answer(m, SOCKETMAP_NOTFOUND, "");
}
