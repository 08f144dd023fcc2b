/*
 * explain - where mail for an address would go now, and why. Exit 1 when
 * Mailweir has no part in it. docs/json.md has the JSON.
 */
#include "ctl/explain.h"

#include "base/mem.h"
#include "ctl/inquiry.h"
#include "ctl/json.h"
#include "dns/resolver.h"

#include <stdio.h>

#define DNS_MS 5000		/* an operator may wait longer than mail */

static bool
accepted(const struct intake_verdict *v)
{
	return v->reason == DECIDE_FINE || !v->enforced;
}

static json_t *
intake_json(const struct intake_verdict *v)
{
	char reply[REPLY_TEXT_MAX + 32] = "";

	if (v->reason != DECIDE_FINE)
		reply_render(&v->reply, REPLY_SMTP, reply, sizeof(reply));
	return json_pack("{s:b, s:s, s:b, s:o}", "accepted", accepted(v),
	    "reason", decide_reason_name(v->reason), "enforced", v->enforced,
	    "reply", json_text_or_null(reply));
}

static json_t *
nexthops_json(const struct upstream *u)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < u->n_nexthops; i++)
		json_array_append_new(list, json_text(u->nexthops[i]));
	return list;
}

static void
add_condition(json_t *o, const struct explained *x, uint32_t route)
{
	const struct explain_route *r = &x->explanation->routes[route];
	const struct upstream_status *u = explained_upstream(x, route);
	const struct upstream_record *record = r->own != NULL ? r->own :
	    &u->view.record;
	char status[REPLY_TEXT_MAX + 32];

	json_object_set_new(o, "nexthops", nexthops_json(u->upstream));
	json_object_set_new(o, "mx", json_boolean(u->upstream->mx));
	json_object_set_new(o, "tls", json_text_or_null(
	    u->upstream->tls_policy));
	json_object_set_new(o, "in_use", json_integer(u->in_use));
	json_object_set_new(o, "cap", json_integer(u->cap));
	json_object_set_new(o, "waiting", json_integer(u->waiting));
	json_object_set_new(o, "full", json_boolean(explained_is_full(x,
	    route)));
	json_object_set_new(o, "since_ms",
	    json_integer(record->breaker.since_ms));
	json_object_set_new(o, "why", json_text_or_null(
	    breaker_reason_name(record->breaker.reason)));
	json_object_set_new(o, "rule", json_text_or_null(record->rule));
	json_object_set_new(o, "sample", json_text_or_null(record->sample));
	json_object_set_new(o, "incident",
	    json_text_or_null(record->incident));
	json_object_set_new(o, "status", json_text_or_null(
	    explained_status(x, route, status)));
}

static json_t *
route_json(const struct explained *x, uint32_t route)
{
	const struct explain_route *r = &x->explanation->routes[route];
	const struct gate_verdict *g = &r->gate;
	const int64_t now_ms = x->reading->status.now_ms;
	const bool timed = g->next_try_ms > now_ms;
	json_t *o = json_pack(
	    "{s:s, s:s, s:i, s:o, s:s, s:b, s:b, s:s, s:o, s:b, s:o}",
	    "upstream", r->upstream, "state", breaker_state_name(r->state),
	    "allowance", (int)r->allowance,
	    "forced", json_text_or_null(r->override == NULL ? "" :
	        override_state_name(r->override->state)),
	    "scope", r->own != NULL ? "host" : "fleet",
	    "unfiltered", r->unfiltered, "goes", g->answer == GATE_GRANT,
	    "reason", decide_reason_name(g->reason),
	    "bypass", json_text_or_null(bypass_name(g->bypass)),
	    "would_refuse", g->would_refuse,
	    "wait_ms", timed ? json_integer(g->next_try_ms - now_ms) :
	    json_null());

	add_condition(o, x, route);
	return o;
}

static void
show_json(const struct explained *x)
{
	const struct explanation *e = x->explanation;
	json_t *o = json_object(), *routes = json_array();

	json_object_set_new(o, "recipient", json_text(x->recipient));
	json_object_set_new(o, "mode", json_string(
	    x->plan->mode == PLAN_ENFORCE ? "enforce" : "observe"));
	json_object_set_new(o, "match",
	    json_string(explain_match_name(e->match)));
	json_object_set_new(o, "pattern", json_text_or_null(e->pattern));
	json_object_set_new(o, "mx", json_text_or_null(e->mx.name));
	json_object_set_new(o, "mx_known",
	    json_boolean(!e->asks_mx || e->mx_known));
	json_object_set_new(o, "destination", json_text_or_null(
	    e->destination != NULL ? e->destination->name : NULL));
	if (e->destination != NULL) {
		json_object_set_new(o, "leases", json_integer(e->leases));
		json_object_set_new(o, "cap",
		    json_integer(e->destination->cap));
		json_object_set_new(o, "hold", json_override(e->hold));
		json_object_set_new(o, "incoming", intake_json(&e->incoming));
		json_object_set_new(o, "submission",
		    intake_json(&e->submission));
		json_object_set_new(o, "now", json_text_or_null(e->now < 0 ?
		    NULL : e->routes[e->now].upstream));
	}
	for (uint32_t i = 0; i < e->n_routes; i++)
		json_array_append_new(routes, route_json(x, i));
	json_object_set_new(o, "routes", routes);
	json_print(o, false);
}

/* By the code that the daemons use, with a memory for one. */
static bool
ask_dns(const struct config *config, struct span recipient,
    struct explanation *e)
{
	struct domain domain, mx = { .len = 0 };
	struct resolver *r;
	struct err err;
	bool known;

	if (!e->asks_mx || !domain_of_address(recipient, &domain))
		return true;
	r = resolver_new(1, config->dns.stale_for_ms, &err);
	if (r == NULL) {
		fprintf(stderr, "mailweir: explain: %s\n", err.text);
		return false;
	}
	known = resolver_wait(r, &domain, DNS_MS, &mx);
	resolver_free(&r);
	explain_by_mx(&config->plan, known, &mx, e);
	return true;
}

/* All of the fleet is asked for: with every destination on hold the answer is
 * another one. */
static bool
decide(struct inquiry *q, const struct plan *p, struct reading *r,
    struct explanation *e)
{
	struct snapshot now;

	if (!reading_take(r, q, 0))
		return false;
	now = reading_snapshot(r);
	explain_decide(p, &now, r->status.destinations[e->destination -
	    p->destinations].leases, r->status.now_ms, e);
	return true;
}

static enum answer
explain(const struct config *config, const struct options *o)
{
	const struct plan *p = &config->plan;
	struct explanation e;
	struct explained x = { o->words[0], p, &e, NULL };
	struct reading *r;
	struct inquiry *q;
	bool answered = true;

	if (!explain_find(p, span_of(x.recipient), &e)) {
		fputs("mailweir: explain: that is not an address with a "
		    "domain\n", stderr);
		return ANSWER_NO;
	}
	if (!ask_dns(config, span_of(x.recipient), &e))
		return ANSWER_NO;
	x.reading = r = reading_new(config);
	q = inquiry_new(config);
	if (e.destination != NULL)
		answered = decide(q, p, r, &e);
	if (answered)
		(o->json ? show_json : explain_show_text)(&x);
	else
		inquiry_away(q);
	inquiry_free(&q);
	reading_free(&r);
	if (!answered)
		return ANSWER_AWAY;
	return e.destination != NULL ? ANSWER_DONE : ANSWER_NO;
}

const struct upstream_status *
explained_upstream(const struct explained *x, uint32_t route)
{
	return &x->reading->status.upstreams[
	    x->explanation->destination->routes[route].upstream];
}

bool
explained_is_full(const struct explained *x, uint32_t route)
{
	const struct upstream_status *u = explained_upstream(x, route);
	const uint32_t limit = view_connections(&u->view,
	    u->upstream->connections, x->reading->status.now_ms);

	return limit > 0 && u->in_use >= limit;
}

/* As the gate remembers its refusal. */
const char *
explained_status(const struct explained *x, uint32_t route, char *dst)
{
	const struct explanation *e = x->explanation;
	const struct gate_verdict *g = &e->routes[route].gate;
	const struct upstream_status *u = explained_upstream(x, route);
	const int64_t now_ms = x->reading->status.now_ms;
	struct reply reply;

	dst[0] = '\0';
	if (g->answer != GATE_REFUSE)
		return dst;
	reply = decide_held_reply(g->held ? e->destination->name :
	    u->upstream->name, g->reason, g->next_try_ms == 0 ? -1 :
	    g->next_try_ms > now_ms ? g->next_try_ms - now_ms : 0,
	    g->held ? "" : e->routes[route].own != NULL ?
	    e->routes[route].own->incident : u->view.record.incident);
	(void)reply_render(&reply, REPLY_STATUS, dst, REPLY_TEXT_MAX + 32);
	return dst;
}

enum answer
verb_explain(const struct options *o)
{
	struct config *config = inquiry_config(o);
	enum answer answer;

	if (config == NULL)
		return ANSWER_NO;
	answer = explain(config, o);
	config_free(&config);
	return answer;
}
