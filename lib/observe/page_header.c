#include "page_parts.h"

#include "base/clock.h"
#include "html.h"
#include "observe/words.h"
#include "page_text.h"

#include <stdio.h>

#define FINDINGS 12		/* told in words; of more, how many */

static const char *const classes[] = {
	[HEALTH_WRONG] = "bad",
	[HEALTH_PARTLY] = "part",
	[HEALTH_NOTE] = "good",
};

/* As "mailweir status" says it. */
static void
add_headline(struct buf *to, const struct health *health)
{
	char line[80];

	html_element(to, "p", health->n == 0 ? "headline good" :
	    health->list[0].grade == HEALTH_WRONG ? "headline bad" :
	    health->list[0].grade == HEALTH_PARTLY ? "headline part" :
	    "headline", health_headline(health, line));
}

static void
add_finding(struct buf *to, const struct status *s, const struct finding *f)
{
	char wait[24];

	buf_addf(to, "<li class=\"%s\"><p>", classes[f->grade]);
	html_element(to, "b", "", f->name);
	buf_add_text(to, " ");
	html_text(to, f->what);
	if (f->since_ms > 0)
		buf_addf(to, ", for %s", words_wait(s->now_ms > f->since_ms ?
		    s->now_ms - f->since_ms : 0, wait));
	buf_add_text(to, "</p>");
	if (f->why[0] != '\0')
		html_element(to, "p", "", f->why);
	if (f->next[0] != '\0')
		html_element(to, "p", "next", f->next);
	if (f->incident[0] != '\0') {
		buf_add_text(to, "<small>incident ");
		html_text(to, f->incident);
		buf_add_text(to, "</small>");
	}
	buf_add_text(to, "</li>");
}

static void
add_redis_note(struct buf *to, const struct overview *o)
{
	const int64_t told_ms = overview_told(o);
	char age[24];

	if (o->redis_fine)
		return;
	buf_add_text(to, "<li class=\"bad\">Redis is ");
	html_text(to, o->redis);
	if (told_ms != 0)
		buf_addf(to, ". Caps hold as they were granted; what is shown "
		    "of the fleet was read %s ago",
		    words_wait(o->status.now_ms - told_ms, age));
	if (o->redis_says[0] != '\0') {
		buf_add_text(to, ". It says: ");
		html_element(to, "code", "", o->redis_says);
	}
	buf_add_text(to, "</li>");
}

static void
add_findings(struct buf *to, const struct overview *o,
    const struct health *health)
{
	buf_add_text(to, "<ul class=\"findings\">");
	add_redis_note(to, o);
	for (uint32_t i = 0; i < health->n && i < FINDINGS; i++)
		add_finding(to, &o->status, &health->list[i]);
	if (health->n > FINDINGS)
		buf_addf(to, "<li>and %u more</li>", health->n - FINDINGS);
	buf_add_text(to, "</ul>");
}

static void
add_figure(struct buf *to, const char *name, uint64_t n, const char *more)
{
	char number[32];

	buf_addf(to, "<div><dt>%s</dt><dd%s>%s", name,
	    n == 0 ? " class=\"zero\"" : "", words_number(n, number));
	if (more[0] != '\0')
		html_element(to, "small", "", more);
	buf_add_text(to, "</dd></div>");
}

static void
add_mail_figures(struct buf *to, const struct status *s)
{
	uint64_t leases = 0, queued = 0;
	int64_t oldest_ms = s->now_ms;
	char age[24], more[32] = "";

	for (uint32_t i = 0; i < s->plan->n_destinations; i++) {
		const struct destination_status *d = &s->destinations[i];

		leases += d->leases;
		queued += d->backlog.messages;
		if (d->backlog.messages > 0 &&
		    d->backlog.oldest_ms < oldest_ms)
			oldest_ms = d->backlog.oldest_ms;
	}
	if (queued > 0)
		snprintf(more, sizeof(more), "oldest %s",
		    words_wait(s->now_ms - oldest_ms, age));
	add_figure(to, "Coming in", leases, "");
	add_figure(to, "In queues", queued, more);
}

static void
add_connection_figure(struct buf *to, const struct status *s)
{
	uint64_t used = 0, limit = 0, waiting = 0;
	char number[32], more[80], queue[32];

	for (uint32_t i = 0; i < s->plan->n_upstreams; i++) {
		const struct upstream_status *u = &s->upstreams[i];

		used += u->in_use;
		limit += view_connections(&u->view, u->cap, s->now_ms);
		waiting += u->waiting;
	}
	snprintf(more, sizeof(more), waiting > 0 ? "of %s, %s waiting" :
	    "of %s", words_number(limit, number),
	    words_number(waiting, queue));
	add_figure(to, "Connections", used, more);
}

static void
add_host_figure(struct buf *to, const struct status *s)
{
	uint32_t there = 0;
	char more[32];

	for (uint32_t i = 0; i < s->n_hosts; i++)
		there += !status_lost(s, &s->hosts[i]);
	snprintf(more, sizeof(more), "of %u", s->n_hosts);
	add_figure(to, "Hosts", there, more);
}

/* Good outcomes of the last ten minutes among those of any weight. */
static void
add_outcome_figure(struct buf *to, const struct overview *o)
{
	uint64_t good = 0, bad = 0;
	char share[16];

	for (uint32_t i = 0; i < o->status.plan->n_upstreams; i++) {
		const struct history_bar sum = history_sum(
		    o->upstreams[i].history, o->status.now_ms);

		good += sum.good;
		bad += sum.bad;
	}
	buf_add_text(to, "<div><dt>Good answers</dt>");
	if (good + bad == 0)
		buf_add_text(to, "<dd class=\"zero\">-</dd></div>");
	else
		buf_addf(to, "<dd>%s<small>in ten minutes</small></dd></div>",
		    words_share((uint32_t)(good * 1000 / (good + bad)),
		    share));
}

/* The fleet in five numbers. */
static void
add_figures(struct buf *to, const struct overview *o)
{
	buf_add_text(to, "<dl class=\"figures\">");
	add_outcome_figure(to, o);
	add_connection_figure(to, &o->status);
	add_mail_figures(to, &o->status);
	add_host_figure(to, &o->status);
	buf_add_text(to, "</dl>");
}

void
page_header(struct buf *to, const struct overview *o,
    const struct health *health)
{
	char now[32];

	buf_add_text(to, "<header><h1>" SVG_MARK "Mailweir</h1><p>");
	html_element(to, "b", "", o->status.host);
	html_element(to, "span", "mode", o->status.plan->mode == PLAN_ENFORCE ?
	    "enforce" : "observe");
	buf_addf(to, "<span class=\"redis %s\">Redis ", o->redis_fine ?
	    "good" : "bad");
	html_text(to, o->redis);
	buf_add_text(to, "</span><span class=\"now\">");
	html_time(to, clock_format(o->status.now_ms, now), o->status.now_ms);
	buf_add_text(to, " UTC</span></p></header>");
	add_headline(to, health);
	add_findings(to, o, health);
	add_figures(to, o);
}
