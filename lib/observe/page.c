/*
 * The status page: what is wrong first, then everything. It is whole without
 * a script; with one, its main element is fetched anew every two seconds.
 */
#include "observe/overview.h"

#include "base/clock.h"
#include "base/mem.h"
#include "html.h"
#include "observe/words.h"
#include "page_text.h"

#include <stdio.h>
#include <string.h>

/* How an upstream is, the way the eye sorts it. */
enum health { HEALTH_BAD, HEALTH_PART, HEALTH_GOOD };

static enum health
health_of(const struct overview *o, uint32_t i)
{
	switch (view_state(&o->status.upstreams[i].view, o->status.now_ms)) {
	case BREAKER_OPEN:
		return HEALTH_BAD;
	case BREAKER_SHEDDING:
	case BREAKER_HALF_OPEN:
	case BREAKER_RAMP:
		return HEALTH_PART;
	case BREAKER_CLOSED:
		break;
	}
	return HEALTH_GOOD;
}

static uint32_t
count_health(const struct overview *o, enum health health)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < o->status.plan->n_upstreams; i++)
		n += health_of(o, i) == health;
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
		if (health_of(o, i) != health)
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
	const bool bad = held > 0 || count_health(o, HEALTH_BAD) > 0;
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

static void
add_header(struct buf *to, const struct overview *o)
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

static const char *
words_of(enum breaker_reason reason)
{
	switch (reason) {
	case BREAKER_NO_REASON:
		break;
	case BREAKER_SHARE:
		return "too many bad answers";
	case BREAKER_STREAK:
		return "nothing but bad answers";
	case BREAKER_TRIAL_FAILED:
		return "the trial failed";
	case BREAKER_RAMP_FAILED:
		return "trouble came back with the mail";
	case BREAKER_WAIT_OVER:
		return "on trial";
	case BREAKER_TRIALS_WON:
		return "the trials went well";
	case BREAKER_RAMP_STEP:
		return "more mail, step by step";
	case BREAKER_RAMP_BACK:
		return "a step back, some answers were bad";
	case BREAKER_RECOVERED:
		return "recovered";
	case BREAKER_SHARED:
		return "others see it too";
	case BREAKER_STEP_BACK:
		return "a step back, the change made things worse";
	case BREAKER_DNS:
		return "most hosts cannot look it up";
	}
	return "";
}

static void
add_override(struct buf *to, const struct status *s, const struct override *o)
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

/* Since when, why, and what comes next. */
static void
add_why(struct buf *to, const struct overview *o, uint32_t i)
{
	const struct status *s = &o->status;
	const struct upstream_status *u = &s->upstreams[i];
	const struct breaker *b = &u->view.record.breaker;
	const uint32_t allowance = view_allowance(&u->view, s->now_ms);
	char wait[24], share[16];

	buf_add_text(to, "<p class=\"why\">");
	if (b->since_ms > 0)
		buf_addf(to, "for %s", words_wait(s->now_ms - b->since_ms,
		    wait));
	if (words_of(b->reason)[0] != '\0')
		buf_addf(to, ", %s", words_of(b->reason));
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
	struct history_bar sum;
	char number[32];

	html_spark(to, o->upstreams[i].history, o->status.now_ms, &sum);
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
	add_override(to, s, status_override(s, &u->view.override));
	add_incident(to, &u->view.record);
	add_remarks(to, s, &u->view);
	add_alone(to, s, u);
	add_outcomes(to, o, i);
	add_connections(to, o, i);
	buf_add_text(to, "</article>");
}

static void
add_upstreams(struct buf *to, const struct overview *o)
{
	buf_add_text(to, "<section><h2>Upstreams</h2><div class=\"cards\">");
	for (int health = HEALTH_BAD; health <= HEALTH_GOOD; health++)
		for (uint32_t i = 0; i < o->status.plan->n_upstreams; i++)
			if (health_of(o, i) == (enum health)health)
				add_upstream(to, o, i);
	buf_add_text(to, "</div></section>");
}

static void
add_cell(struct buf *to, const char *label, uint64_t n)
{
	char number[32];

	buf_addf(to, "<td class=\"n%s\" data-label=\"%s\">%s</td>",
	    n == 0 ? " zero" : "", label, words_number(n, number));
}

/* What waits in the queues; a warning where it will soon be returned. */
static void
add_queue(struct buf *to, const struct status *s, const struct backlog *b)
{
	char number[32], age[24];

	if (b->messages == 0) {
		add_cell(to, "In queue", 0);
		return;
	}
	buf_addf(to, "<td class=\"n\" data-label=\"In queue\">%s"
	    "<small>oldest %s</small>", words_number(b->messages, number),
	    words_wait(s->now_ms - b->oldest_ms, age));
	if (b->expiring > 0)
		buf_addf(to, "<strong>%s expiring</strong>",
		    words_number(b->expiring, number));
	buf_add_text(to, "</td>");
}

static void
add_routes(struct buf *to, const struct overview *o,
    const struct destination *d)
{
	buf_add_text(to, "<td class=\"routes\" data-label=\"Routes\">");
	for (uint32_t i = 0; i < d->n_routes; i++) {
		const struct upstream_status *u =
		    &o->status.upstreams[d->routes[i].upstream];

		html_element(to, "span", breaker_state_name(view_state(
		    &u->view, o->status.now_ms)), u->upstream->name);
		if (d->routes[i].unfiltered)
			buf_add_text(to, "<small>unfiltered</small>");
	}
	buf_add_text(to, "</td>");
}

static void
add_destination(struct buf *to, const struct overview *o, uint32_t i)
{
	const struct status *s = &o->status;
	const struct destination_status *d = &s->destinations[i];
	const uint64_t *c = d->counters;

	buf_addf(to, "<tr%s><th scope=\"row\">", o->destinations[i].on_hold ?
	    " class=\"held\"" : "");
	html_text(to, d->destination->name);
	if (o->destinations[i].on_hold)
		buf_add_text(to, "<span class=\"state\">on hold</span>");
	add_override(to, s, status_override(s, &d->word));
	buf_addf(to, "</th><td class=\"meter\" data-label=\"Under way\">"
	    "<span><b>%u</b>", d->leases);
	if (d->destination->cap > 0)
		buf_addf(to, " of %u", d->destination->cap);
	buf_add_text(to, "</span>");
	html_bar(to, d->leases, d->destination->cap);
	buf_add_text(to, "</td>");
	add_queue(to, s, &d->backlog);
	add_cell(to, "Accepted", c[DEST_ACCEPTED]);
	add_cell(to, "Delivered", c[DEST_DELIVERED]);
	add_cell(to, "Rerouted", c[DEST_REROUTED]);
	add_cell(to, "Deferred", c[DEST_DEFERRED] + c[DEST_WOULD_DEFER]);
	add_cell(to, "Held", c[DEST_HELD] + c[DEST_WOULD_REFUSE]);
	add_routes(to, o, d->destination);
	buf_add_text(to, "</tr>");
}

static void
add_destinations(struct buf *to, const struct overview *o)
{
	buf_add_text(to, "<section><h2>Destinations</h2><table><thead><tr>"
	    "<th>Name</th><th>Under way</th><th class=\"n\">In queue</th>"
	    "<th class=\"n\">Accepted</th>"
	    "<th class=\"n\">Delivered</th><th class=\"n\">Rerouted</th>"
	    "<th class=\"n\">Deferred</th><th class=\"n\">Held</th>"
	    "<th>Routes</th></tr></thead><tbody>");
	for (uint32_t i = 0; i < o->status.plan->n_destinations; i++)
		add_destination(to, o, i);
	buf_add_text(to, "</tbody></table></section>");
}

static void
add_hosts(struct buf *to, const struct overview *o)
{
	const struct status *s = &o->status;
	char age[24];

	buf_add_text(to, "<section><h2>Hosts</h2><ul class=\"hosts\">");
	for (uint32_t i = 0; i < s->n_hosts; i++) {
		const struct host_status *h = &s->hosts[i];
		const bool lost = status_lost(s, h);

		buf_addf(to, "<li%s>", lost ? " class=\"bad\"" : "");
		html_element(to, "b", "", h->name);
		html_element(to, "span", "", h->mode);
		html_element(to, "code", "", h->digest);
		if (lost)
			buf_addf(to, "<span>lost, seen %s ago</span>",
			    words_wait(s->now_ms - h->seen_ms, age));
		buf_add_text(to, "</li>");
	}
	buf_add_text(to, "</ul></section>");
}

static const char *
value_of(const struct overview_event *e, const char *name)
{
	for (uint32_t i = 0; i < e->n; i++)
		if (strcmp(e->pairs[i].name, name) == 0)
			return e->pairs[i].value;
	return "";
}

static const char *
class_of(const struct overview_event *e)
{
	const char *to = value_of(e, "to");
	enum breaker_state state;

	if (strcmp(value_of(e, "event"), "host-lost") == 0)
		return "open";
	if (!breaker_state_parse(span_of(to), &state))
		return "";
	return breaker_state_name(state);
}

/* Each field in its place: whom it is about, what became what, the rest. */
static void
add_pair(struct buf *to, const char *name, const char *value)
{
	if (strcmp(name, "upstream") == 0 || strcmp(name, "destination") == 0)
		html_element(to, "b", "", value);
	else if (strcmp(name, "from") == 0)
		html_element(to, "span", "", value);
	else if (strcmp(name, "to") == 0) {
		buf_add_text(to, "<i>to</i> ");
		html_element(to, "strong", "", value);
	} else if (strcmp(name, "sample") == 0)
		html_element(to, "code", "", value);
	else {
		html_element(to, "i", "", name);
		buf_add_text(to, " ");
		html_element(to, "span", "", value);
	}
}

static void
add_event(struct buf *to, const struct overview_event *e)
{
	char when[32];

	clock_format(e->at_ms, when);
	buf_addf(to, "<li class=\"%s\"><time datetime=\"%s\" title=\"%.10s\">"
	    "%.8s</time>", class_of(e), when, when, when + 11);
	html_element(to, "em", "", value_of(e, "event"));
	buf_add_text(to, "<p>");
	for (uint32_t i = 0; i < e->n; i++)
		if (strcmp(e->pairs[i].name, "event") != 0) {
			add_pair(to, e->pairs[i].name, e->pairs[i].value);
			buf_add_text(to, " ");
		}
	buf_add_text(to, "</p></li>");
}

static void
add_events(struct buf *to, const struct overview *o)
{
	buf_add_text(to, "<section><h2>Events</h2><ol class=\"events\">");
	for (uint32_t i = o->n_events; i > 0; i--)
		add_event(to, &o->events[i - 1]);
	if (o->n_events == 0)
		buf_add_text(to, "<li><p>Nothing has happened yet.</p></li>");
	buf_add_text(to, "</ol></section>");
}

static void
add_footer(struct buf *to, const struct overview *o)
{
	char up[24];

	buf_addf(to, "<footer><span>Mailweir %s</span><span>up %s</span>"
	    "<span>configuration ", o->version,
	    words_wait(o->status.now_ms - o->started_ms, up));
	html_element(to, "code", "", o->status.digest);
	buf_add_text(to, "</span><span><a href=\"metrics\">metrics</a></span>"
	    "<span><a href=\"status.json\">JSON</a></span></footer>");
}

void
overview_page(const struct overview *o, struct buf *to)
{
	const uint32_t bad = count_health(o, HEALTH_BAD) + count_on_hold(o);

	buf_add_text(to, "<!DOCTYPE html><html lang=\"en\"><head>"
	    "<meta charset=\"utf-8\"><meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">"
	    "<meta name=\"color-scheme\" content=\"light dark\"><title>");
	buf_add_text(to, bad > 0 ? "! " : "");
	html_text(to, o->status.host);
	buf_add_text(to, " - Mailweir</title>"
	    "<link rel=\"icon\" href=\"status.svg\">"
	    "<link rel=\"stylesheet\" href=\"status.css\">"
	    "<noscript><meta http-equiv=\"refresh\" content=\"10\">"
	    "</noscript><script src=\"status.js\" defer></script>"
	    "</head><body><main>");
	add_header(to, o);
	add_upstreams(to, o);
	add_destinations(to, o);
	add_events(to, o);
	add_hosts(to, o);
	add_footer(to, o);
	buf_add_text(to, "</main></body></html>\n");
}

struct span
overview_style(void)
{
	return SPAN(CSS_STATUS);
}

struct span
overview_script(void)
{
	return SPAN(JS_STATUS);
}

struct span
overview_icon(void)
{
	return SPAN(SVG_MARK);
}
