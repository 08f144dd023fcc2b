/*
 * map_conn - the socketmap that lanes ask: gate.DEST before each connection,
 * outcome.DEST after each delivery (socketmap_table(5)).
 *
 * All answers come from memory; only a full upstream makes a question wait,
 * in line for a slot or for its turn, and that holds up its own smtp(8)
 * process alone.
 */
#include "policy/conn.h"

#include "base/chance.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/decide.h"
#include "core/shield.h"
#include "core/story.h"
#include "dns/resolver.h"
#include "policy/feed.h"
#include "policy/prober.h"
#include "wire/netstring.h"
#include "wire/socketmap.h"

#include <stddef.h>
#include <stdio.h>

/* A next hop's MX that are not known are waited for so long: smtp(8) has just
 * had them from DNS. */
#define GATE_MX_MS 1000
#define BURST_MS 100		/* between the reports of one delivery */

/* smtp(8) says this of a next hop that its TLS policy lookup failed for, and
 * that is how a refusal of the gate looks to it. Source: smtp_connect.c. */
#define GATE_REFUSED_STATUS SPAN("4.7.5 client TLS configuration problem")

struct refusal {
	char who[PLAN_NAME_MAX + 1];	/* upstream, or the destination that an
					 * operator holds; "": none in this
					 * delivery */
	enum decide_reason reason;
	int64_t next_try_ms;		/* fleet time; 0 unknown */
	char incident[INCIDENT_MAX + 1];
};

struct map_conn {
	struct conn conn;
	struct story story;
	struct fleet_upstream *at;	/* the story's upstream; NULL: none yet */
	struct event *timer;		/* when the story wants a look */
	struct refusal refusal;		/* the first of this delivery */
	bool delivering;		/* from the first gate to an outcome */
	uint64_t lookup_failed;		/* the last such report ... */
	int64_t lookup_failed_ms;	/* ... and when it came */
	uint32_t went;			/* bit i: through route i */
	/* The question that waits in line. */
	struct line_waiter waiter;
	char destination[PLAN_NAME_MAX + 1];	/* the last question's */
	struct fleet_upstream *asked;
	uint32_t draw;
	enum decide_reason wait_reason;
};

static void on_timer(evutil_socket_t fd, short what, void *arg);

static struct conn *
make(void)
{
	struct map_conn *m = mem_new(1, sizeof(*m));

	return &m->conn;
}

static enum conn_next
answer(struct map_conn *m, enum socketmap_answer kind, const char *text)
{
	struct buf out = buf_new(REPLY_TEXT_MAX + 64);

	socketmap_reply_write(&out, kind, span_of(text));
	conn_send(&m->conn, &out);
	buf_free(&out);
	return CONN_ANSWERED;
}

static void
count(struct map_conn *m, uint32_t destination, enum dest_counter counter)
{
	tally_add(m->conn.server->tally, destination, counter, 1);
}

static void
observe(struct map_conn *m, const struct story_news *news, const char *rule,
    struct span text, int64_t now_ms)
{
	struct server *s = m->conn.server;

	if (news->moved_on) {
		feed_moved_on(s->feed, conn_peer_pid(&m->conn), m->at,
		    news->began_ms, now_ms);
		return;
	}
	fleet_observe(s->fleet, m->at, (struct outcome){
		.class = news->class, .rule = rule,
	    }, text, news->began_ms, now_ms);
	prober_saw(s->prober, m->at, news->class, now_ms);
}

/* Act on what the story has learnt. */
static void
learn(struct map_conn *m, const struct story_news *news, const char *rule,
    struct span text, int64_t now_ms)
{
	if (news->observe)
		observe(m, news, rule, text, now_ms);
	if (news->free_slot && news->rest)
		line_rest(fleet_line(m->at), news->began_ms, now_ms);
	else if (news->free_slot)
		line_give(fleet_line(m->at), news->began_ms, now_ms);
}

static void
set_timer(struct map_conn *m, int64_t now_ms)
{
	struct timeval tv;
	int64_t wait;

	wait = story_next_ms(&m->story, fleet_slow_after(m->at));
	if (m->timer == NULL)
		m->timer = evtimer_new(m->conn.server->base, on_timer, m);
	if (wait == INT64_MAX) {
		event_del(m->timer);
		return;
	}
	wait = wait > now_ms ? wait - now_ms : 0;
	tv.tv_sec = (time_t)(wait / 1000);
	tv.tv_usec = (suseconds_t)(wait % 1000 * 1000);
	event_add(m->timer, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct map_conn *m = arg;
	const int64_t now_ms = clock_mono_ms();
	struct story_news news;

	(void)fd, (void)what;
	news = story_tick(&m->story, fleet_slow_after(m->at), now_ms);
	learn(m, &news, "slow-answer", SPAN("no answer yet"), now_ms);
	set_timer(m, now_ms);
}

/* Another question: the attempt before it is over. */
static void
end_attempt(struct map_conn *m, const struct story_news *news, int64_t now_ms)
{
	learn(m, news, "", SPAN(""), now_ms);
	event_del(m->timer);
	m->at = NULL;
}

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
	    LOG_TEXT("incident", view_record(fleet_view(u))->incident));
	remember_refusal(m, u, v);
	return answer(m, SOCKETMAP_TEMP, decide_reason_name(v->reason));
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
	story_granted(&m->story, upstream, now_ms);
	fleet_asked(m->at, now_ms);
	set_timer(m, now_ms);
	if (tls[0] == '\0')
		return answer(m, SOCKETMAP_NOTFOUND, "");
	return answer(m, SOCKETMAP_OK, tls);
}

/* The place of an upstream in a destination's routes, -1 for none. */
static int
place_of(const struct destination *d, int upstream)
{
	for (uint32_t i = 0; i < d->n_routes; i++)
		if ((int)d->routes[i].upstream == upstream)
			return (int)i;
	return -1;
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
	    place_of(d, fleet_index(m->asked));
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

/*
 * Is it better for mail to take the other way that it has? Where a probe does
 * the trials, and where the upstream does not answer: there one attempt at a
 * time is enough to find out.
 */
static enum decide_reason
hazard(const struct map_conn *m, struct fleet_upstream *u, int64_t now_ms)
{
	const struct server *s = m->conn.server;

	if (view_state(fleet_view(u), server_fleet_ms(s)) ==
	    BREAKER_HALF_OPEN && prober_tries(s->prober, u))
		return DECIDE_TRIAL_TAKEN;
	if (fleet_is_silent(u, now_ms) &&
	    line_state(fleet_line(u), now_ms).in_use > 0)
		return DECIDE_SILENT;
	return DECIDE_FINE;
}

/* The attempt before a question is over, whoever it was with. */
static void
end_last(struct map_conn *m, int64_t now_ms)
{
	const struct story_news news = story_gate(&m->story);

	if (m->at != NULL)
		end_attempt(m, &news, now_ms);
}

/* mailweir postfix gives the lane processes for as many as may wait. */
static bool
is_crowded(struct fleet_upstream *u, const struct plan *plan, int64_t now_ms)
{
	return line_state(fleet_line(u), now_ms).waiting >=
	    route_waiters(&plan->upstreams[fleet_index(u)]);
}

static enum conn_next
gate(struct map_conn *m, uint32_t lane, struct span nexthop)
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
	end_last(m, now_ms);
	m->lookup_failed = 0;
	begin_delivery(m, d);
	snprintf(m->destination, sizeof(m->destination), "%s", d->name);
	if (route < 0) {
		log_warning("unknown-nexthop",
		    LOG_TEXT("destination", d->name));
		return plan->mode == PLAN_OBSERVE ?
		    answer(m, SOCKETMAP_NOTFOUND, "") :
		    answer(m, SOCKETMAP_TEMP, "no such next hop");
	}
	u = fleet_upstream(s->fleet, d->routes[route].upstream);
	m->draw = chance_below(1000);
	v = verdict_of(m, d, (uint32_t)route);
	if (v.would_refuse)
		count(m, destination, DEST_WOULD_REFUSE);
	if (v.answer == GATE_GRANT && v.alternate) {
		v.reason = hazard(m, u, now_ms);
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

	count(m, destination, DEST_HELD);
	log_info("held", LOG_TEXT("destination", m->destination),
	    LOG_TEXT("upstream", upstream), LOG_TEXT("reason", reason),
	    LOG_TEXT("incident", incident));
	if (!reply_render(reply, REPLY_STATUS, text, sizeof(text)))
		return answer(m, SOCKETMAP_NOTFOUND, "");
	return answer(m, SOCKETMAP_OK, text);
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
	    place_of(d, fleet_index(m->at));

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
	    place_of(d, fleet_index(m->at));

	count(m, destination, DEST_DELIVERED);
	if (route <= 0)
		return;
	count(m, destination, DEST_REROUTED);
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
	end_last(m, now_ms);
	m->delivering = false;
	if (u != NULL && !is_burst(m, status, now_ms))
		fleet_observe(s->fleet, u, o, status, now_ms, now_ms);
	m->lookup_failed = fingerprint(status);
	m->lookup_failed_ms = now_ms;
	if (lost)
		return answer(m, SOCKETMAP_OK,
		    "4.4.3 Mailweir: the next hop was not found");
	return answer(m, SOCKETMAP_NOTFOUND, "");
}

/* Whose mail the last question was for; the lane's where there was none. */
static uint32_t
whose(const struct map_conn *m, uint32_t lane)
{
	const int index = plan_destination(server_plan(m->conn.server),
	    span_of(m->destination));

	return index < 0 ? lane : (uint32_t)index;
}

static enum conn_next
outcome(struct map_conn *m, uint32_t lane, struct span status)
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
	/* A refusal that is not believed does not say that it works either. */
	if (v.shield == SHIELD_TROUBLE && o.class == OUTCOME_REFUSED)
		o.class = OUTCOME_IGNORE;
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
		learn(m, &news, o.rule, status, now_ms);
		set_timer(m, now_ms);
	}
	if (v.shield != SHIELD_NONE)
		return shielded(m, destination, &v, status);
	return answer(m, SOCKETMAP_NOTFOUND, "");
}

/* "gate.DEST" -> DEST's index, -1 when it is none. */
static int
named(const struct plan *plan, struct span map, struct span prefix)
{
	if (!span_starts(map, prefix))
		return -1;
	return plan_destination(plan, (struct span){
		map.at + prefix.len, map.len - prefix.len });
}

static enum conn_next
ask(struct map_conn *m, const struct socketmap_request *r)
{
	const struct plan *plan = server_plan(m->conn.server);
	int destination = named(plan, r->map, SPAN("outcome."));

	if (destination >= 0)
		return outcome(m, (uint32_t)destination, r->key);
	destination = named(plan, r->map, SPAN("gate."));
	if (destination < 0)
		return answer(m, SOCKETMAP_PERM, "no such map");
	/* The parents of a bare domain that got NOTFOUND: no new question. */
	if (r->key.len > 0 && r->key.at[0] == '.')
		return answer(m, SOCKETMAP_NOTFOUND, "");
	return gate(m, (uint32_t)destination, r->key);
}

static enum conn_next
input(struct conn *c, struct span in, size_t *out_used)
{
	struct socketmap_request r;
	struct span payload;

	switch (netstring_read(in, SOCKETMAP_REQUEST_MAX, &payload,
	    out_used)) {
	case NETSTRING_MORE:
		return CONN_MORE;
	case NETSTRING_BAD:
		return CONN_BAD;
	case NETSTRING_DONE:
		break;
	}
	if (!socketmap_request_parse(payload, &r))
		return CONN_BAD;
	return ask((struct map_conn *)c, &r);
}

static void
closed(struct conn *c)
{
	struct map_conn *m = (struct map_conn *)c;

	line_leave(&m->waiter);
	if (m->at != NULL) {
		const struct story_news news = story_end(&m->story);

		learn(m, &news, "", SPAN(""), clock_mono_ms());
	}
	if (m->timer != NULL)
		event_free(m->timer);
	mem_free(m);
}

const struct conn_kind map_conn_kind = {
	.name = "map",
	.request_max = SOCKETMAP_REQUEST_MAX + 16,
	.make = make,
	.input = input,
	.closed = closed,
};
