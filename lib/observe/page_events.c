#include "page_parts.h"

#include "base/clock.h"
#include "base/number.h"
#include "html.h"
#include "observe/words.h"

#include <string.h>

static bool
is(const char *name, const char *other)
{
	return strcmp(name, other) == 0;
}

static const char *
value_of(const struct overview_event *e, const char *name)
{
	for (uint32_t i = 0; i < e->n; i++)
		if (is(e->pairs[i].name, name))
			return e->pairs[i].value;
	return "";
}

static const char *
class_of(const struct overview_event *e)
{
	const char *to = value_of(e, "to");
	enum breaker_state state;

	if (is(value_of(e, "event"), "host-lost"))
		return "open";
	if (!breaker_state_parse(span_of(to), &state))
		return "";
	return breaker_state_name(state);
}

static void
add_share(struct buf *to, const char *permille)
{
	char share[16];
	int64_t n;

	if (number_parse(span_of(permille), 0, 1000, &n))
		html_element(to, "span", "", words_share((uint32_t)n, share));
}

static void
add_value(struct buf *to, const char *name, const char *value, int64_t now_ms)
{
	if (is(name, "allowance"))
		add_share(to, value);
	else if (is(name, "until") || is(name, "first"))
		html_time(to, value, now_ms);
	else
		html_element(to, "span", "", value);
}

/* Each field in its place: whom it is about, what became what, the rest. */
static void
add_pair(struct buf *to, const char *name, const char *value, int64_t now_ms)
{
	if (is(name, "upstream") || is(name, "destination"))
		html_element(to, "b", "", value);
	else if (is(name, "from"))
		html_element(to, "span", "", value);
	else if (is(name, "to")) {
		buf_add_text(to, "<i>to</i> ");
		html_element(to, "strong", "", value);
	} else if (is(name, "sample"))
		html_element(to, "code", "", value);
	else {
		html_element(to, "i", "", name);
		buf_add_text(to, " ");
		add_value(to, name, value, now_ms);
	}
	buf_add_text(to, " ");
}

static void
add_event(struct buf *to, const struct overview_event *e, int64_t now_ms)
{
	char when[32];

	buf_addf(to, "<li class=\"%s\">", class_of(e));
	html_time(to, clock_format(e->at_ms, when), now_ms);
	html_element(to, "em", "", value_of(e, "event"));
	buf_add_text(to, "<p>");
	for (uint32_t i = 0; i < e->n; i++)
		if (!is(e->pairs[i].name, "event"))
			add_pair(to, e->pairs[i].name, e->pairs[i].value,
			    now_ms);
	buf_add_text(to, "</p></li>");
}

void
page_events(struct buf *to, const struct overview *o)
{
	buf_add_text(to, "<section><h2>Events</h2>"
	    "<ol class=\"events\">");
	for (uint32_t i = o->n_events; i > 0; i--)
		add_event(to, &o->events[i - 1], o->status.now_ms);
	if (o->n_events == 0)
		buf_add_text(to, "<li><p>Nothing has happened yet.</p></li>");
	buf_add_text(to, "</ol></section>");
}
