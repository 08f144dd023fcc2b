#include "policy/map_conn.h"

#include "base/chance.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/printable.h"
#include "core/decide.h"
#include "core/route.h"
#include "policy/ledger.h"
#include "policy/prober.h"

#include <stddef.h>
#include <stdio.h>

/* A next hop's MX that are not known are waited for so long: smtp(8) has just
 * had them from DNS. */
#define GATE_MX_MS 1000

static void
remember_refusal(struct map_conn *m, const struct fleet_upstream *u,
    const struct gate_verdict *v)
{
	struct refusal *r = &m->refusal;

	if (r->who[0] != '\0')
		return;
	snprintf(r->who, sizeof(r->who), "%s",
	    v->held ? m->destination : fleet_name(u));
	r->reason = v->reason;
	r->next_try_ms = v->next_try_ms;
	snprintf(r->incident, sizeof(r->incident), "%s",
	    v->held ? "" : view_record(fleet_view(u))->incident);
}

static enum conn_next
refuse(struct map_conn *m, const struct fleet_upstream *u,
    const struct gate_verdict *v)
{
	log_debug("refused", LOG_TEXT("destination", m->destination),
	    LOG_TEXT("upstream", fleet_name(u)),
	    LOG_TEXT("reason", decide_reason_name(v->reason)),
	    LOG_INT("smtp", conn_peer_pid(&m->conn)),
	    LOG_TEXT("incident", view_record(fleet_view(u))->incident));
	remember_refusal(m, u, v);
	return map_answer(m, SOCKETMAP_TEMP, decide_reason_name(v->reason));
}

static struct shares *
shares_of(const struct map_conn *m, const struct destination *d)
{
	const struct server *s = m->conn.server;

	return &s->shares[d - server_plan(s)->destinations];
}

/* A question after an outcome is another delivery, or what is left of it. */
static void
begin_delivery(struct map_conn *m, const struct destination *d)
{
	if (m->delivering)
		return;
	m->delivering = true;
	m->went = 0;
	m->refusal.who[0] = '\0';
	shares_earn(shares_of(m, d), server_plan(m->conn.server), d);
}

/* A second next hop of an upstream costs its share nothing. */
static bool
went_through(const struct map_conn *m, uint32_t route)
{
	return (m->went & 1U << route) != 0;
}

/* With the slot in hand: the TLS policy that this upstream is to have. */
static enum conn_next
grant(struct map_conn *m, const struct destination *d, uint32_t route,
    int64_t now_ms)
{
	struct server *s = m->conn.server;
	const uint32_t upstream = d->routes[route].upstream;
	const char *tls = server_plan(s)->upstreams[upstream].tls_policy;

	if (!went_through(m, route))
		shares_use(shares_of(m, d), route, server_fleet_ms(s));
	m->went |= 1U << route;
	m->at = fleet_upstream(s->fleet, upstream);
	m->row = ledger_note(s->ledger, conn_peer_pid(&m->conn),
	    fleet_name(m->at));
	story_granted(&m->story, upstream, now_ms);
	fleet_asked(m->at, now_ms);
	map_set_timer(m, now_ms);
	if (tls[0] == '\0')
		return map_answer(m, SOCKETMAP_NOTFOUND, "");
	return map_answer(m, SOCKETMAP_OK, tls);
}

/* What the gate says to the question in hand, as things are now. */
static struct gate_verdict
verdict_of(const struct map_conn *m, const struct destination *d,
    uint32_t route)
{
	const struct server *s = m->conn.server;
	const struct snapshot now = fleet_snapshot(s->fleet);

	return decide_gate(server_plan(s), d, route, &now,
	    went_through(m, route) ? NULL : shares_of(m, d), m->draw,
	    server_fleet_ms(s));
}

/* What was not to be had: where there is a slot, it was a token. */
static enum decide_reason
lack_of(struct fleet_upstream *u, enum decide_reason no_slot, int64_t now_ms)
{
	const struct line_state s = line_state(fleet_line(u), now_ms);

	return s.free > 0 ? DECIDE_RATE : no_slot;
}

/*
 * The wait in line is over, with or without a slot in hand. The question is
 * decided again: the upstream may have gone bad, or out of the plan.
 */
static void
wait_over(struct line_waiter *w, bool granted, int64_t now_ms)
{
	struct map_conn *m = (struct map_conn *)((char *)w -
	    offsetof(struct map_conn, waiter));
	const struct plan *plan = server_plan(m->conn.server);
	const int destination = plan_destination(plan,
	    span_of(m->destination));
	const struct destination *d = destination < 0 ? NULL :
	    &plan->destinations[destination];
	const int route = d == NULL ? -1 :
	    map_place_of(d, fleet_index(m->asked));
	struct gate_verdict v = {
		.answer = GATE_REFUSE, .reason = m->wait_reason,
	};

	if (route >= 0)
		v = verdict_of(m, d, (uint32_t)route);
	if (v.answer == GATE_GRANT && !granted) {
		v.answer = GATE_REFUSE;
		v.reason = lack_of(m->asked, m->wait_reason, now_ms);
	}
	if (v.answer == GATE_GRANT)
		grant(m, d, (uint32_t)route, now_ms);
	else {
		refuse(m, m->asked, &v);
		if (granted)
			line_give(fleet_line(m->asked), now_ms, now_ms);
	}
	conn_answered(&m->conn);
}

static enum conn_next
wait_in_line(struct map_conn *m, struct fleet_upstream *u,
    const struct gate_verdict *v, int64_t now_ms)
{
	m->asked = u;
	m->wait_reason = v->wait_reason;
	m->waiter = (struct line_waiter){ .done = wait_over };
	line_wait(fleet_line(u), &m->waiter, now_ms + v->wait_ms);
	return CONN_WAIT;
}

static enum decide_reason
detour(const struct map_conn *m, struct fleet_upstream *u, int64_t now_ms)
{
	const struct server *s = m->conn.server;

	return decide_detour(&(struct gate_prospect){
		.state = view_state(fleet_view(u), server_fleet_ms(s)),
		.probed = prober_tries(s->prober, u),
		.silent = fleet_is_silent(u, now_ms),
		.busy = line_state(fleet_line(u), now_ms).in_use > 0,
	    });
}

/* mailweir postfix gives the lane processes for as many as may wait. */
static bool
is_crowded(struct fleet_upstream *u, const struct plan *plan, int64_t now_ms)
{
	return line_state(fleet_line(u), now_ms).waiting >=
	    route_waiters(&plan->upstreams[fleet_index(u)]);
}

/* The lane's transport table and our configuration disagree. */
static enum conn_next
no_route(struct map_conn *m, enum plan_mode mode, struct span nexthop)
{
	char name[DOMAIN_MAX + 16];

	printable(name, sizeof(name), nexthop);
	log_warning("unknown-nexthop",
	    LOG_TEXT("destination", m->destination),
	    LOG_TEXT("nexthop", name),
	    LOG_INT("smtp", conn_peer_pid(&m->conn)));
	return mode == PLAN_OBSERVE ?
	    map_answer(m, SOCKETMAP_NOTFOUND, "") :
	    map_answer(m, SOCKETMAP_TEMP, "no such next hop");
}

enum conn_next
map_gate(struct map_conn *m, uint32_t lane, struct span nexthop)
{
	struct server *s = m->conn.server;
	const struct plan *plan = server_plan(s);
	const int64_t now_ms = clock_mono_ms();
	struct domain domain, mx = { .len = 0 };
	const bool by_mx = route_asks_mx(plan, lane, nexthop, &domain);
	uint32_t destination = lane;
	const struct destination *d;
	struct fleet_upstream *u;
	struct gate_verdict v;
	int route;

	if (by_mx && !conn_mx(&m->conn, &domain, GATE_MX_MS, &mx))
		return CONN_WAIT;
	route = route_find_by_mx(plan, &destination, nexthop, &mx);
	d = &plan->destinations[destination];
	map_end_last(m, now_ms);
	m->lookup_failed = 0;
	begin_delivery(m, d);
	snprintf(m->destination, sizeof(m->destination), "%s", d->name);
	if (route < 0)
		return no_route(m, plan->mode, nexthop);
	u = fleet_upstream(s->fleet, d->routes[route].upstream);
	m->draw = chance_below(1000);
	v = verdict_of(m, d, (uint32_t)route);
	if (v.would_refuse)
		map_count(m, destination, DEST_WOULD_REFUSE);
	if (v.answer == GATE_GRANT && v.alternate) {
		v.reason = detour(m, u, now_ms);
		if (v.reason != DECIDE_FINE)
			v.answer = GATE_REFUSE;
	}
	if (v.answer == GATE_REFUSE)
		return refuse(m, u, &v);
	if (!v.needs_slot) {
		line_force(fleet_line(u), now_ms);
		return grant(m, d, (uint32_t)route, now_ms);
	}
	if (line_take(fleet_line(u), now_ms))
		return grant(m, d, (uint32_t)route, now_ms);
	line_wish(fleet_line(u), now_ms);
	if (v.wait_ms == 0 || (by_mx && is_crowded(u, plan, now_ms))) {
		v.reason = lack_of(u, v.wait_reason, now_ms);
		return refuse(m, u, &v);
	}
	return wait_in_line(m, u, &v, now_ms);
}
