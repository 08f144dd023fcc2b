/*
 * events - what happened: the newest of the stream mailweir:events, oldest
 * first, and with -f whatever comes after. docs/json.md has the JSON.
 */
#include "base/printable.h"
#include "ctl/event_text.h"
#include "ctl/json.h"
#include "ctl/inquiry.h"

#include <stdio.h>
#include <time.h>

#define EVENTS_SHOWN 20
#define EVENTS_POLL_MS 500

static void
show_json(const struct store_event *e)
{
	json_t *o = json_object();
	char when[32];

	json_object_set_new(o, "id", json_text(e->id));
	json_object_set_new(o, "time", json_text(event_time(e, when)));
	for (uint32_t i = 0; i < e->n; i++) {
		char name[sizeof(e->pairs[i].name)];

		json_object_set_new(o, printable(name, sizeof(name),
		    span_of(e->pairs[i].name)), json_text(e->pairs[i].value));
	}
	json_print(o, true);
}

static void
show_text(const struct store_event *e)
{
	struct buf line = buf_new(STORE_PAIRS_MAX * 300);

	event_text(e, &line);
	puts(buf_text(&line));
	buf_free(&line);
}

/* Show what stands behind the id `after`, which then is the last one shown. */
static bool
show_more(struct inquiry *q, const struct options *o, uint32_t last,
    char after[48])
{
	struct store_reply reply;

	if (!inquiry_ask(q, &(struct store_request){
		.verb = STORE_EVENTS,
		.u.events = { .after = after, .last = last },
	    }, &reply))
		return false;
	for (uint32_t i = 0; i < reply.u.events.n; i++) {
		const struct store_event *e = &reply.u.events.list[i];

		if (o->json)
			show_json(e);
		else
			show_text(e);
		snprintf(after, 48, "%s", e->id);
	}
	fflush(stdout);
	store_reply_clear(&reply);
	return true;
}

static bool
show_all(struct inquiry *q, const struct options *o)
{
	const struct timespec pause = { .tv_nsec = EVENTS_POLL_MS * 1000000L };
	const uint32_t last = o->last > 0 ? (uint32_t)o->last : EVENTS_SHOWN;
	char after[48] = "";

	if (!show_more(q, o, last, after))
		return false;
	if (after[0] == '\0')
		snprintf(after, sizeof(after), "0-0");
	while (o->follow) {
		nanosleep(&pause, NULL);
		if (!show_more(q, o, last, after))
			return false;
	}
	return true;
}

enum answer
verb_events(const struct options *o)
{
	struct config *config = inquiry_config(o);
	struct inquiry *q;
	enum answer answer;

	if (config == NULL)
		return ANSWER_NO;
	q = inquiry_new(config);
	answer = show_all(q, o) ? ANSWER_DONE : inquiry_away(q);
	inquiry_free(&q);
	config_free(&config);
	return answer;
}
