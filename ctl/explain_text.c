/* explain for people. */
#include "ctl/explain.h"

#include "base/buf.h"
#include "base/mem.h"
#include "ctl/print.h"
#include "observe/health.h"
#include "observe/words.h"

#include <stdio.h>
#include <string.h>

static void
show_intake(const char *who, const struct intake_verdict *v)
{
	char reply[REPLY_TEXT_MAX + 32] = "";

	if (v->reason == DECIDE_FINE) {
		print_line(PRINT_PLAIN, 0, 4, "%s is accepted", who);
		return;
	}
	reply_render(&v->reply, REPLY_SMTP, reply, sizeof(reply));
	print_line(PRINT_PLAIN, 0, 4, "%s %s (%s): %s", who, v->enforced ?
	    "is put off" :
	    "is accepted, but would be put off in enforce mode",
	    decide_reason_name(v->reason), reply);
}

/* "no: bypass (too-early), next try in 28s" */
static void
add_answer(struct columns *c, const struct explained *x, uint32_t route)
{
	const struct explain_route *r = &x->explanation->routes[route];
	const struct gate_verdict *g = &r->gate;
	const int64_t now_ms = x->reading->status.now_ms;
	const bool bypass = g->bypass != BYPASS_OK;
	const bool timed = g->next_try_ms > now_ms;
	char wait[24];

	if (g->answer == GATE_GRANT && g->needs_slot &&
	    explained_is_full(x, route)) {
		columns_add(c, "full: waits %s for a connection, then no: %s",
		    words_wait(g->wait_ms, wait),
		    decide_reason_name(g->wait_reason));
		return;
	}
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

/* Where a connection would go, and under which TLS policy. */
static void
note_nexthops(struct columns *c, const struct upstream *u)
{
	struct buf b = buf_new(400);

	for (uint32_t i = 0; i < u->n_nexthops; i++)
		buf_addf(&b, "%s%s", i > 0 ? ", " : "", u->nexthops[i]);
	if (u->mx)
		buf_addf(&b, "%sthe recipient's own MX",
		    b.len > 0 ? ", " : "");
	if (u->tls_policy != NULL && u->tls_policy[0] != '\0')
		buf_addf(&b, " (TLS: %s)", u->tls_policy);
	columns_note(c, "to %s", buf_text(&b));
	buf_free(&b);
}

/* Its condition, in the words of status. */
static void
note_condition(struct columns *c, const struct explained *x,
    const struct health *health, const char *upstream)
{
	const int64_t now_ms = x->reading->status.now_ms;
	char wait[24];

	for (uint32_t i = 0; i < health->n; i++) {
		const struct finding *f = &health->list[i];

		if (f->about != HEALTH_UPSTREAM ||
		    strcmp(f->name, upstream) != 0)
			continue;
		columns_note(c, "%s%s%s%s%s", f->what,
		    f->since_ms > 0 ? ", for " : "", f->since_ms > 0 ?
		    words_wait(now_ms - f->since_ms, wait) : "",
		    f->why[0] != '\0' ? "; why: " : "", f->why);
		if (f->next[0] != '\0')
			columns_note(c, "next: %s%s%s%s", f->next,
			    f->incident[0] != '\0' ? " (incident " : "",
			    f->incident, f->incident[0] != '\0' ? ")" : "");
	}
}

static void
show_routes(const struct explained *x)
{
	static const char *const heads[] = { "UPSTREAM", "STATE", "SHARE",
		"IN USE", "TAKES IT NOW" };
	const struct explanation *e = x->explanation;
	struct health health = health_of(&x->reading->status);
	struct columns *c = columns_new(MW_N_OF(heads));
	char share[16];

	for (size_t i = 0; i < MW_N_OF(heads); i++) {
		columns_add(c, "%s", heads[i]);
		columns_paint(c, PRINT_HEAD);
	}
	for (uint32_t i = 0; i < e->n_routes; i++) {
		const struct explain_route *r = &e->routes[i];
		const struct upstream_status *u = explained_upstream(x, i);

		columns_add(c, "%s%s", r->upstream,
		    r->unfiltered ? " (unfiltered)" : "");
		columns_add(c, "%s", breaker_state_name(r->state));
		columns_add(c, "%s", words_share(r->allowance, share));
		columns_add(c, "%u/%u", u->in_use, u->cap);
		add_answer(c, x, i);
		note_nexthops(c, u->upstream);
		if (r->own != NULL)
			columns_note(c, "on this host alone (incident %s)",
			    r->own->incident);
		note_condition(c, x, &health, r->upstream);
	}
	columns_print(c);
	columns_free(&c);
	health_free(&health);
}

/* What DNS had to say, where it decides. */
static void
show_mx(const struct explanation *e)
{
	if (!e->asks_mx)
		return;
	if (!e->mx_known)
		puts("DNS did not answer for its MX");
	else if (e->mx.len == 0)
		puts("DNS knows no host that would take its mail");
	else
		print_line(PRINT_PLAIN, 0, 4, "its MX are, or end as, %s",
		    e->mx.name);
}

/* What is under way to the destination, and what waits. */
static void
show_destination(const struct explained *x)
{
	const struct explanation *e = x->explanation;
	const struct status *s = &x->reading->status;
	const struct backlog *b = &s->destinations[e->destination -
	    x->plan->destinations].backlog;
	char wait[24];

	if (e->destination->cap != 0)
		print_line(PRINT_PLAIN, 0, 4, "%u of %u transactions under "
		    "way", e->leases, e->destination->cap);
	if (b->messages > 0)
		print_line(PRINT_PLAIN, 0, 4, "%u messages wait for it in the "
		    "queues, the oldest for %s", b->messages,
		    words_wait(s->now_ms - b->oldest_ms, wait));
	if (e->hold != NULL)
		print_line(PRINT_PLAIN, 0, 4, "on hold by %s for another %s: "
		    "%s", e->hold->by,
		    words_wait(e->hold->until_ms - s->now_ms, wait),
		    e->hold->reason);
}

/* The delivery's first refusal is what the status of its mail tells. */
static void
show_end(const struct explained *x)
{
	const struct explanation *e = x->explanation;
	char status[REPLY_TEXT_MAX + 32];

	if (e->now >= 0) {
		print_line(PRINT_PLAIN, 0, 4, "goes to %s now",
		    e->routes[e->now].upstream);
		return;
	}
	if (explained_status(x, 0, status)[0] != '\0')
		print_line(PRINT_PLAIN, 0, 4, "what waits says: %s", status);
	puts("is held in the queue now");
}

void
explain_show_text(const struct explained *x)
{
	const struct explanation *e = x->explanation;

	if (e->destination == NULL) {
		puts("no destination: Mailweir has no part in mail for this "
		    "address");
		show_mx(e);
		return;
	}
	print_line(PRINT_PLAIN, 0, 4, "%s belongs to %s, by %s%s%s (mode %s)",
	    x->recipient, e->destination->name, explain_match_name(e->match),
	    e->pattern[0] != '\0' ? " " : "", e->pattern,
	    x->plan->mode == PLAN_ENFORCE ? "enforce" : "observe");
	show_mx(e);
	show_destination(x);
	show_intake("mail from other servers", &e->incoming);
	show_intake("mail from authenticated clients", &e->submission);
	show_routes(x);
	show_end(x);
}
