#include "page_parts.h"

#include "base/clock.h"
#include "html.h"
#include "observe/words.h"
#include "page_text.h"

#include <stdio.h>

static uint32_t
count_lights(const struct overview *o, enum light light)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < o->status.plan->n_upstreams; i++)
		n += page_light(o, i) == light;
	return n;
}

static uint32_t
count_on_hold(const struct overview *o)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < o->status.plan->n_destinations; i++)
		n += o->status.destinations[i].on_hold;
	return n;
}

/* "filter and exchange take no mail.", or how many. */
static void
add_those(struct buf *to, const struct overview *o, enum light light,
    const char *what)
{
	const uint32_t n = count_lights(o, light);
	uint32_t told = 0;

	if (n == 0)
		return;
	if (n > 3)
		buf_addf(to, "%u upstreams", n);
	for (uint32_t i = 0; n <= 3 && told < n; i++) {
		if (page_light(o, i) != light)
			continue;
		buf_add_text(to, told == 0 ? "" : told + 1 < n ? ", " : " and ");
		html_text(to, o->status.plan->upstreams[i].name);
		told++;
	}
	buf_addf(to, " %s%s. ", n == 1 ? "takes " : "take ", what);
}

static void
add_headline(struct buf *to, const struct overview *o)
{
	const uint32_t held = count_on_hold(o);
	const bool bad = page_alarms(o);
	const bool part = count_lights(o, LIGHT_AMBER) > 0;

	buf_addf(to, "<p class=\"headline %s\">", bad ? "bad" :
	    part ? "part" : "good");
	if (held > 0)
		buf_addf(to, "%u of %u destinations %s on hold. ", held,
		    o->status.plan->n_destinations, held == 1 ? "is" : "are");
	add_those(to, o, LIGHT_RED, "no mail");
	add_those(to, o, LIGHT_AMBER, "a part of the mail");
	if (!bad && !part)
		buf_add_text(to, "All mail moves.");
	buf_add_text(to, "</p>");
}

static void
add_note(struct buf *to, const char *class, const char *text)
{
	html_element(to, "li", class, text);
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

/* Messages that will soon be returned to their senders. */
static void
add_expiring_note(struct buf *to, const struct status *s)
{
	uint64_t messages = 0;
	uint32_t n = 0;
	char number[32];

	for (uint32_t i = 0; i < s->plan->n_destinations; i++) {
		messages += s->destinations[i].backlog.expiring;
		n += s->destinations[i].backlog.expiring > 0;
	}
	if (n == 0)
		return;
	buf_addf(to, "<li class=\"bad\">%s messages for ",
	    words_number(messages, number));
	if (n > 1)
		buf_addf(to, "%u destinations", n);
	for (uint32_t i = 0; n == 1 && i < s->plan->n_destinations; i++)
		if (s->destinations[i].backlog.expiring > 0)
			html_element(to, "b", "",
			    s->plan->destinations[i].name);
	buf_add_text(to, " will soon be too old for Postfix to keep, and "
	    "returned to their senders.</li>");
}

static void
add_notes(struct buf *to, const struct overview *o)
{
	const struct status *s = &o->status;

	buf_add_text(to, "<ul class=\"notes\">");
	add_redis_note(to, o);
	add_expiring_note(to, s);
	if (s->reload_due)
		add_note(to, "bad", "The configuration file was refused at "
		    "the last reload; the old one stays in force. "
		    "\"mailweir check\" says why.");
	if (s->digests_differ)
		add_note(to, "bad", "Hosts disagree about the configuration.");
	if (s->plan->mode == PLAN_OBSERVE)
		add_note(to, "", "This host observes: it counts what it would "
		    "do, and does nothing.");
	if (s->modes_differ)
		add_note(to, "", "Some hosts enforce, others observe.");
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

bool
page_alarms(const struct overview *o)
{
	return count_on_hold(o) > 0 || count_lights(o, LIGHT_RED) > 0;
}

void
page_header(struct buf *to, const struct overview *o)
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
	add_headline(to, o);
	add_notes(to, o);
	add_figures(to, o);
}
