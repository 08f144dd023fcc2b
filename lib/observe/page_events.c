#include "page_parts.h"

#include "base/clock.h"
#include "html.h"

#include <string.h>

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

void
page_events(struct buf *to, const struct overview *o)
{
	buf_add_text(to, "<section><h2>Events</h2><ol class=\"events\">");
	for (uint32_t i = o->n_events; i > 0; i--)
		add_event(to, &o->events[i - 1]);
	if (o->n_events == 0)
		buf_add_text(to, "<li><p>Nothing has happened yet.</p></li>");
	buf_add_text(to, "</ol></section>");
}
