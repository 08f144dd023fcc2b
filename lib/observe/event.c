#include "observe/event.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/printable.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {
	[EVENT_STATE] = "breaker",
	[EVENT_OVERRIDE] = "override",
	[EVENT_HOST_SEEN] = "host-seen",
	[EVENT_HOST_LOST] = "host-lost",
	[EVENT_THROTTLE] = "throttle",
	[EVENT_OUTCOME] = "outcome",
	[EVENT_SHIELD] = "shield",
	[EVENT_EXPIRING] = "expiring",
	[EVENT_BYPASS] = "bypass",
};

struct writer {
	struct event_pair *pairs;
	size_t n;
};

static void
add(struct writer *w, const char *name, const char *value)
{
	struct event_pair *pair;

	if (value == NULL || value[0] == '\0')
		return;
	assert(w->n < EVENT_PAIRS);
	pair = &w->pairs[w->n++];
	pair->name = name;
	printable(pair->value, sizeof(pair->value), span_of(value));
}

static void
add_number(struct writer *w, const char *name, uint32_t number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	add(w, name, text);
}

static void
add_state(struct writer *w, const struct event *e)
{
	add(w, "scope", e->own ? "host" : "");
	add(w, "from", breaker_state_name(e->from));
	add(w, "to", breaker_state_name(e->to));
	add(w, "reason", breaker_reason_name(e->reason));
	add_number(w, "allowance", e->allowance);
	if (e->reason != BREAKER_STEP_BACK)
		return;
	add_number(w, "before", e->before);
	add_number(w, "after", e->after);
}

/* An operator who lets go leaves the upstream to its breaker: "auto". */
static void
add_override(struct writer *w, const struct override *o)
{
	char until[32];

	if (o == NULL)
		return;
	if (o->state == OVERRIDE_NONE) {
		add(w, "state", "auto");
	} else {
		add(w, "state", override_state_name(o->state));
		add(w, "until", clock_format(o->until_ms, until));
	}
	if (o->rate > 0)
		add_number(w, "rate", o->rate);
	add(w, "by", o->by);
	add(w, "reason", o->reason);
}

size_t
event_pairs(const struct event *e, struct event_pair out[EVENT_PAIRS])
{
	struct writer w = { .pairs = out };
	char when[32];

	add(&w, "event", kind_names[e->kind]);
	add(&w, "upstream", e->upstream);
	add(&w, "destination", e->destination);
	switch (e->kind) {
	case EVENT_STATE:
		add_state(&w, e);
		break;
	case EVENT_OVERRIDE:
		add_override(&w, e->override);
		break;
	case EVENT_THROTTLE:
		add_number(&w, "from", e->cap_from);
		add_number(&w, "to", e->cap_to);
		break;
	case EVENT_OUTCOME:
		add(&w, "class", e->class);
		break;
	case EVENT_EXPIRING:
		add_number(&w, "messages", e->messages);
		add(&w, "first", clock_format(e->at_ms, when));
		break;
	case EVENT_BYPASS:
		add(&w, "state", e->begins ? "begins" : "ends");
		add(&w, "reason", e->why);
		break;
	case EVENT_HOST_SEEN:
	case EVENT_HOST_LOST:
	case EVENT_SHIELD:
		break;
	}
	add(&w, "rule", e->rule);
	add(&w, "sample", e->sample);
	add(&w, "incident", e->incident);
	add(&w, "host", e->host);
	return w.n;
}

void
event_log(const struct event *e)
{
	const bool warns = e->kind == EVENT_EXPIRING ||
	    (e->kind == EVENT_STATE && e->to == BREAKER_OPEN) ||
	    (e->kind == EVENT_BYPASS && e->begins);
	struct event_pair pairs[EVENT_PAIRS];
	struct log_field fields[EVENT_PAIRS];
	const size_t n = event_pairs(e, pairs);

	for (size_t i = 1; i < n; i++)
		fields[i - 1] = LOG_TEXT(pairs[i].name, pairs[i].value);
	log_write(warns ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
	    pairs[0].value, fields, n - 1);
}
