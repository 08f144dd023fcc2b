/*
 * explain - where mail for an address would go now, and why. Exit 1 when
 * Mailweir has no part in it.
 *
 * JSON, one object: "recipient", "destination" (null: none), "match" (domain,
 * suffix, mx, catch-all, none), "pattern", "mx" (what all MX of the domain have
 * in common; null: none, or not what decides), "mx_known" (false: DNS did not
 * answer), "mode", "leases", "cap" (0: none),
 * "hold" (null, or { "state", "by", "reason", "until_ms" }),
 * "incoming" and "submission" ({"accepted", "reason", "enforced", "reply"}),
 * "routes" (a list, in order, of {"upstream", "state", "allowance" in per
 * mille, "forced", "scope" ("host": this host alone sees trouble there; else
 * "fleet"), "unfiltered", "goes", "reason", "bypass", "would_refuse", "wait_ms"};
 * wait_ms null: unknown), "now" (an upstream, null: held).
 */
#include "base/mem.h"
#include "ctl/json.h"
#include "ctl/inquiry.h"
#include "ctl/print.h"
#include "dns/resolver.h"
#include "observe/explain.h"
#include "observe/words.h"

#include <stdio.h>

#define DNS_MS 5000		/* an operator may wait longer than mail */

static const char *
mode_name(const struct plan *p)
{
	return p->mode == PLAN_ENFORCE ? "enforce" : "observe";
}

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
route_json(const struct explain_route *r, int64_t now_ms)
{
	const struct gate_verdict *g = &r->gate;
	const bool timed = g->next_try_ms > now_ms;

	return json_pack("{s:s, s:s, s:i, s:o, s:s, s:b, s:b, s:s, s:o, s:b, s:o}",
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
}

static void
show_json(const char *recipient, const struct plan *p,
    const struct explanation *e, int64_t now_ms)
{
	json_t *o = json_object(), *routes = json_array();

	json_object_set_new(o, "recipient", json_text(recipient));
	json_object_set_new(o, "mode", json_string(mode_name(p)));
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
		json_array_append_new(routes, route_json(&e->routes[i],
		    now_ms));
	json_object_set_new(o, "routes", routes);
	json_print(o, false);
}

static void
show_intake(const char *who, const struct intake_verdict *v)
{
	char reply[REPLY_TEXT_MAX + 32] = "";

	if (v->reason == DECIDE_FINE) {
		printf("%s is accepted\n", who);
		return;
	}
	reply_render(&v->reply, REPLY_SMTP, reply, sizeof(reply));
	printf("%s %s (%s): %s\n", who, v->enforced ? "is put off" :
	    "is accepted, but would be put off in enforce mode",
	    decide_reason_name(v->reason), reply);
}

/* "no: bypass (too-early), next try in 28s" */
static void
add_answer(struct columns *c, const struct explain_route *r, int64_t now_ms)
{
	const struct gate_verdict *g = &r->gate;
	const bool bypass = g->bypass != BYPASS_OK;
	const bool timed = g->next_try_ms > now_ms;
	char wait[24];

	if (g->answer == GATE_GRANT && !g->would_refuse) {
		columns_add(c, "%s", r->allowance < 1000 ?
		    "yes, that share of it" : "yes");
		return;
	}
	columns_add(c, "%s: %s%s%s%s%s%s",
	    g->answer == GATE_GRANT ? "yes; in enforce mode no" : "no",
	    decide_reason_name(g->reason), bypass ? " (" : "",
	    bypass_name(g->bypass), bypass ? ")" : "",
	    timed ? ", next try in " : "",
	    timed ? words_wait(g->next_try_ms - now_ms, wait) : "");
}

static void
show_routes(const struct explanation *e, int64_t now_ms)
{
	struct columns *c = columns_new(4);
	char share[16], wait[24];

	columns_add(c, "UPSTREAM");
	columns_add(c, "STATE");
	columns_add(c, "ALLOWANCE");
	columns_add(c, "TAKES IT NOW");
	for (uint32_t i = 0; i < e->n_routes; i++) {
		const struct explain_route *r = &e->routes[i];

		columns_add(c, "%s%s", r->upstream,
		    r->unfiltered ? " (unfiltered)" : "");
		columns_add(c, "%s", breaker_state_name(r->state));
		columns_add(c, "%s", words_share(r->allowance, share));
		add_answer(c, r, now_ms);
		if (r->own != NULL)
			columns_note(c, "on this host alone (incident %s)",
			    r->own->incident);
		if (r->override != NULL)
			columns_note(c, "forced %s by %s for another %s: %s",
			    override_state_name(r->override->state),
			    r->override->by, words_wait(
			    r->override->until_ms - now_ms, wait),
			    r->override->reason);
	}
	columns_print(c);
	columns_free(&c);
}

/* What DNS had to say, where it decides. */
static void
show_mx(const struct explanation *e)
{
	if (!e->asks_mx)
		return;
	if (!e->mx_known)
		printf("DNS did not answer for its MX\n");
	else if (e->mx.len == 0)
		printf("DNS knows no host that would take its mail\n");
	else
		printf("its MX are, or end as, %s\n", e->mx.name);
}

static void
show_text(const char *recipient, const struct plan *p,
    const struct explanation *e, int64_t now_ms)
{
	char wait[24];

	if (e->destination == NULL) {
		printf("no destination: Mailweir has no part in mail for "
		    "this address\n");
		show_mx(e);
		return;
	}
	printf("%s belongs to %s, by %s%s%s (mode %s)\n", recipient,
	    e->destination->name, explain_match_name(e->match),
	    e->pattern[0] != '\0' ? " " : "", e->pattern, mode_name(p));
	show_mx(e);
	if (e->destination->cap != 0)
		printf("%u of %u transactions under way\n", e->leases,
		    e->destination->cap);
	if (e->hold != NULL)
		printf("on hold by %s for another %s: %s\n", e->hold->by,
		    words_wait(e->hold->until_ms - now_ms, wait),
		    e->hold->reason);
	show_intake("mail from other servers", &e->incoming);
	show_intake("mail from authenticated clients", &e->submission);
	show_routes(e, now_ms);
	if (e->now >= 0)
		printf("goes to %s now\n", e->routes[e->now].upstream);
	else
		printf("is held in the queue now\n");
}

/* What the store says of a destination and its upstreams, by the plan's
 * indices. */
struct lookup {
	struct upstream_view *views;
	struct override *holds;
	uint32_t *queued;
	uint32_t leases;
	int64_t now_ms;
};

static bool
look_up(struct inquiry *q, const struct config *config,
    const struct destination *d, struct lookup *out)
{
	const size_t index = (size_t)(d - config->plan.destinations);
	struct store_reply reply;

	if (!inquiry_ask(q, &(struct store_request){
		.verb = STORE_DESTINATION, .name = d->name,
		.u.destination.host = config->host,
	    }, &reply))
		return false;
	out->holds[index] = reply.u.destination.hold;
	out->queued[index] = reply.u.destination.here.messages;
	out->leases = reply.u.destination.leases;
	out->now_ms = reply.now_ms;
	store_reply_clear(&reply);
	for (uint32_t i = 0; i < d->n_routes; i++) {
		const uint32_t upstream = d->routes[i].upstream;

		if (!inquiry_upstream(q, upstream, &reply))
			return false;
		out->views[upstream] = (struct upstream_view){
			.known = true, .record = reply.u.upstream.record,
			.own = store_alone_record(&reply,
			    inquiry_host(q)),
			.override = reply.u.upstream.override,
			.preflight = reply.u.upstream.preflight,
			.seen_ms = reply.now_ms,
		};
		store_reply_clear(&reply);
	}
	return true;
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

static enum answer
explain(const struct config *config, const struct options *o)
{
	const struct plan *p = &config->plan;
	const char *recipient = o->words[0];
	struct explanation e;
	struct lookup found = { 0 };
	struct inquiry *q;
	bool answered = true;

	if (!explain_find(p, span_of(recipient), &e)) {
		fputs("mailweir: explain: that is not an address with a "
		    "domain\n", stderr);
		return ANSWER_NO;
	}
	if (!ask_dns(config, span_of(recipient), &e))
		return ANSWER_NO;
	found.views = mem_new(p->n_upstreams, sizeof(*found.views));
	found.holds = mem_new(p->n_destinations, sizeof(*found.holds));
	found.queued = mem_new(p->n_destinations, sizeof(*found.queued));
	if (e.destination != NULL) {
		q = inquiry_new(config);
		answered = look_up(q, config, e.destination, &found);
		if (!answered)
			inquiry_away(q);
		inquiry_free(&q);
		explain_decide(p, &(struct snapshot){ found.views, found.holds,
		    found.queued }, found.leases, found.now_ms, &e);
	}
	if (answered)
		(o->json ? show_json : show_text)(recipient, p, &e,
		    found.now_ms);
	mem_free(found.views);
	mem_free(found.holds);
	mem_free(found.queued);
	if (!answered)
		return ANSWER_AWAY;
	return e.destination != NULL ? ANSWER_DONE : ANSWER_NO;
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
