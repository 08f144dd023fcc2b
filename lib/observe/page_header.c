#include "page_parts.h"

#include "base/clock.h"
#include "html.h"
#include "observe/words.h"
#include "page_text.h"

static uint32_t
count_health(const struct overview *o, enum health health)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < o->status.plan->n_upstreams; i++)
		n += page_health(o, i) == health;
	return n;
}

static uint32_t
count_on_hold(const struct overview *o)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < o->status.plan->n_destinations; i++)
		n += o->destinations[i].on_hold;
	return n;
}

/* "filter and exchange take no mail.", or how many. */
static void
add_those(struct buf *to, const struct overview *o, enum health health,
    const char *what)
{
	const uint32_t n = count_health(o, health);
	uint32_t told = 0;

	if (n == 0)
		return;
	if (n > 3)
		buf_addf(to, "%u upstreams", n);
	for (uint32_t i = 0; n <= 3 && told < n; i++) {
		if (page_health(o, i) != health)
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
	const bool part = count_health(o, HEALTH_PART) > 0;

	buf_addf(to, "<p class=\"headline %s\">", bad ? "bad" :
	    part ? "part" : "good");
	if (held > 0)
		buf_addf(to, "%u of %u destinations %s on hold. ", held,
		    o->status.plan->n_destinations, held == 1 ? "is" : "are");
	add_those(to, o, HEALTH_BAD, "no mail");
	add_those(to, o, HEALTH_PART, "a part of the mail");
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

static void
add_expiring_note(struct buf *to, const struct destination_status *d)
{
	char number[32];

	buf_addf(to, "<li class=\"bad\">%s messages for ",
	    words_number(d->backlog.expiring, number));
	html_element(to, "b", "", d->destination->name);
	buf_add_text(to, " will soon be too old for Postfix to keep, and "
	    "returned to their senders.</li>");
}

static void
add_notes(struct buf *to, const struct overview *o)
{
	const struct status *s = &o->status;

	buf_add_text(to, "<ul class=\"notes\">");
	add_redis_note(to, o);
	for (uint32_t i = 0; i < s->plan->n_destinations; i++)
		if (s->destinations[i].backlog.expiring > 0)
			add_expiring_note(to, &s->destinations[i]);
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

bool
page_alarms(const struct overview *o)
{
	return count_on_hold(o) > 0 || count_health(o, HEALTH_BAD) > 0;
}

void
page_header(struct buf *to, const struct overview *o)
{
	char now[32];

	clock_format(o->status.now_ms, now);
	buf_add_text(to, "<header><h1>" SVG_MARK "Mailweir</h1><p>");
	html_element(to, "b", "", o->status.host);
	html_element(to, "span", "mode", o->status.plan->mode == PLAN_ENFORCE ?
	    "enforce" : "observe");
	buf_addf(to, "<span class=\"redis %s\">Redis ", o->redis_fine ?
	    "good" : "bad");
	html_text(to, o->redis);
	buf_addf(to, "</span><time datetime=\"%s\">%.8s UTC</time></p>"
	    "</header>", now, now + 11);
	add_headline(to, o);
	add_notes(to, o);
}
