#include "page_parts.h"

#include "html.h"
#include "observe/words.h"
#include "spark.h"

#define CARDS 8			/* of full size */

/* Since when, why, and what comes next. */
static void
add_why(struct buf *to, const struct overview *o, uint32_t i)
{
	const struct status *s = &o->status;
	const struct upstream_status *u = &s->upstreams[i];
	const struct breaker *b = &u->view.record.breaker;
	const uint32_t allowance = view_allowance(&u->view, s->now_ms);
	char wait[24], share[16];

	if (status_override(s, &u->view.override) != NULL)
		return;		/* an operator's word says more */
	buf_add_text(to, "<p class=\"why\">");
	if (b->since_ms > 0)
		buf_addf(to, "for %s", words_wait(s->now_ms - b->since_ms,
		    wait));
	if (words_reason(b->reason)[0] != '\0')
		buf_addf(to, ", %s", words_reason(b->reason));
	if (allowance > 0 && allowance < 1000)
		buf_addf(to, ", <b>%s</b> of the mail",
		    words_share(allowance, share));
	if (status_next_step(s, u) >= 0)
		buf_addf(to, ", next step in <b>%s</b>",
		    words_wait(status_next_step(s, u), wait));
	buf_add_text(to, "</p>");
}

static void
add_connections(struct buf *to, const struct overview *o, uint32_t i)
{
	const struct upstream_status *u = &o->status.upstreams[i];
	const uint32_t limit = view_connections(&u->view, u->cap,
	    o->status.now_ms);

	buf_addf(to, "<div class=\"meter\"><span>Connections</span>"
	    "<span><b>%u</b> of %u", u->in_use, limit);
	if (limit != u->upstream->connections)
		buf_addf(to, " <small>instead of %u</small>",
		    u->upstream->connections);
	if (u->waiting > 0)
		buf_addf(to, ", <em>%u waiting</em>", u->waiting);
	buf_add_text(to, "</span>");
	html_bar(to, u->in_use, limit);
	buf_add_text(to, "</div>");
}

static void
add_incident(struct buf *to, const struct upstream_record *r)
{
	if (r->incident[0] == '\0')
		return;
	buf_add_text(to, "<p class=\"incident\">");
	if (r->rule[0] != '\0')
		html_element(to, "b", "", r->rule);
	html_element(to, "code", "", r->sample);
	buf_add_text(to, "<small>incident ");
	html_text(to, r->incident);
	buf_add_text(to, "</small></p>");
}

/* What else speaks against it. */
static void
add_remarks(struct buf *to, const struct status *s,
    const struct upstream_view *v)
{
	const int64_t down_ms = v->record.breaker.down_ms;
	char wait[24];

	if (down_ms > 0)
		buf_addf(to, "<p class=\"word\">takes no mail for <b>%s</b> "
		    "now</p>", words_wait(s->now_ms - down_ms, wait));
	if (v->preflight.locked_ms > s->now_ms)
		buf_addf(to, "<p class=\"word\">locked: takes mail from the "
		    "filter only; asked again in %s</p>",
		    words_wait(v->preflight.locked_ms - s->now_ms, wait));
}

/* Hosts that stay away from it by themselves. */
static void
add_alone(struct buf *to, const struct status *s,
    const struct upstream_status *u)
{
	char wait[24];

	for (uint32_t i = 0; i < u->n_alone; i++) {
		const struct alone_view *a = &u->alone[i];

		buf_add_text(to, "<p class=\"word\">on ");
		html_element(to, "b", "", a->host);
		buf_addf(to, " alone: %s", breaker_state_name(a->state));
		if (a->until_ms > s->now_ms)
			buf_addf(to, ", next step in %s",
			    words_wait(a->until_ms - s->now_ms, wait));
		buf_add_text(to, " <small>incident ");
		html_text(to, a->incident);
		buf_add_text(to, "</small></p>");
	}
}

static void
add_outcomes(struct buf *to, const struct overview *o, uint32_t i)
{
	const struct history *h = o->upstreams[i].history;
	const struct history_bar sum = history_sum(h, o->status.now_ms);
	char number[32];

	spark_add(to, h, o->status.now_ms);
	buf_add_text(to, "<p class=\"sum\">");
	if (sum.good > 0)
		buf_addf(to, "<span class=\"good\">%s good</span>",
		    words_number(sum.good, number));
	if (sum.bad > 0)
		buf_addf(to, "<span class=\"bad\">%s bad</span>",
		    words_number(sum.bad, number));
	if (sum.other > 0)
		buf_addf(to, "<span class=\"other\">%s other</span>",
		    words_number(sum.other, number));
	buf_addf(to, "<small>%sin ten minutes</small></p>",
	    sum.good + sum.bad + sum.other == 0 ? "no mail " : "");
}

static void
add_upstream(struct buf *to, const struct overview *o, uint32_t i)
{
	const struct status *s = &o->status;
	const struct upstream_status *u = &s->upstreams[i];
	const char *state = breaker_state_name(view_state(&u->view,
	    s->now_ms));

	buf_addf(to, "<article class=\"%s\"><h3>", state);
	html_text(to, u->upstream->name);
	buf_addf(to, "<span class=\"state\">%s</span></h3>", state);
	add_why(to, o, i);
	page_override(to, s, status_override(s, &u->view.override));
	add_incident(to, &u->view.record);
	add_remarks(to, s, &u->view);
	add_alone(to, s, u);
	add_outcomes(to, o, i);
	add_connections(to, o, i);
	buf_add_text(to, "</article>");
}

enum light
page_light(const struct overview *o, uint32_t i)
{
	switch (view_state(&o->status.upstreams[i].view, o->status.now_ms)) {
	case BREAKER_OPEN:
		return LIGHT_RED;
	case BREAKER_SHEDDING:
	case BREAKER_HALF_OPEN:
	case BREAKER_RAMP:
		return LIGHT_AMBER;
	case BREAKER_CLOSED:
		break;
	}
	return LIGHT_GREEN;
}

void
page_override(struct buf *to, const struct status *s, const struct override *o)
{
	char wait[24];

	if (o == NULL)
		return;
	buf_add_text(to, "<p class=\"word\">");
	buf_addf(to, "%s by ", o->state == OVERRIDE_HOLD ? "on hold" :
	    o->state == OVERRIDE_RELEASE ? "released" :
	    o->state == OVERRIDE_OPEN ? "forced open" : "forced closed");
	html_element(to, "b", "", o->by);
	buf_addf(to, " for another %s", words_wait(o->until_ms - s->now_ms,
	    wait));
	if (o->reason[0] != '\0') {
		buf_add_text(to, ": ");
		html_text(to, o->reason);
	}
	buf_add_text(to, "</p>");
}

void
page_upstreams(struct buf *to, const struct overview *o)
{
	const uint32_t all = o->status.plan->n_upstreams;

	buf_addf(to, "<section class=\"upstreams\"><h2>Upstreams <small>%u"
	    "</small></h2><div class=\"cards%s\">", all,
	    all > CARDS ? " many" : "");
	for (int light = LIGHT_RED; light <= LIGHT_GREEN; light++)
		for (uint32_t i = 0; i < all; i++)
			if (page_light(o, i) == (enum light)light)
				add_upstream(to, o, i);
	buf_add_text(to, "</div></section>");
}
