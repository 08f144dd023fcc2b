#include "policy/backlog.h"

#include "base/clock.h"
#include "base/mem.h"
#include "engine/announce.h"

#include <stdio.h>
#include <string.h>

#define EVENT_MS (3600 * INT64_C(1000))
/* A message is told of when so little of its life is left: a day of five. */
#define WARN_PART 5
#define FIRST_IDS 8		/* of those about to expire, named in the event */

struct count {
	char last[POSTQUEUE_ID_MAX + 1];	/* message that was counted last */
	struct backlog backlog;
	char ids[FIRST_IDS * (POSTQUEUE_ID_MAX + 1)];	/* with blanks between */
	int64_t first_ms;		/* the oldest one's end; 0: none expires */
};

struct backlogs {
	struct server *server;
	uint32_t n;
	uint32_t *queued;		/* as counted last, and added since */
	bool *told;			/* the store has a row of ours */
	int64_t *event_ms;		/* no event before */
	struct count *counts;		/* of the present look */
	int64_t lifetime_ms;		/* 0: no look is under way */
};

static void
nothing_to_do(void *arg, const struct store_reply *reply,
    const struct err *err)
{
	(void)arg, (void)reply, (void)err;
}

/* A row that says "none" takes the one before it away. */
static void
tell_store(struct backlogs *b, uint32_t i)
{
	struct server *s = b->server;
	const struct backlog *backlog = &b->counts[i].backlog;

	if (backlog->messages == 0 && !b->told[i])
		return;
	b->told[i] = backlog->messages > 0;
	s->port.send(s->port.self, &(struct store_request){
		.verb = STORE_BACKLOG,
		.name = server_plan(s)->destinations[i].name,
		.u.backlog = { .host = s->config->host, .backlog = *backlog },
	    }, nothing_to_do, NULL);
}

static void
warn(struct backlogs *b, uint32_t i, int64_t now_ms)
{
	struct server *s = b->server;
	const struct count *c = &b->counts[i];

	if (c->backlog.expiring == 0 || now_ms < b->event_ms[i])
		return;
	b->event_ms[i] = now_ms + EVENT_MS;
	announce(&s->port, &(struct event){
		.kind = EVENT_EXPIRING, .host = s->config->host,
		.destination = server_plan(s)->destinations[i].name,
		.messages = c->backlog.expiring, .at_ms = c->first_ms,
		.sample = c->ids,
	    });
}

static void
name_one(struct count *c, const char *id)
{
	const size_t used = strlen(c->ids);

	snprintf(c->ids + used, sizeof(c->ids) - used, "%s%s",
	    used > 0 ? " " : "", id);
}

struct backlogs *
backlogs_new(struct server *server)
{
	struct backlogs *b = mem_new(1, sizeof(*b));

	b->server = server;
	backlogs_reload(b);
	return b;
}

static void
drop_all(struct backlogs *b)
{
	mem_free(b->queued);
	mem_free(b->told);
	mem_free(b->event_ms);
	mem_free(b->counts);
}

void
backlogs_free(struct backlogs **backlogs)
{
	if (*backlogs == NULL)
		return;
	drop_all(*backlogs);
	mem_free(*backlogs);
	*backlogs = NULL;
}

void
backlogs_reload(struct backlogs *b)
{
	drop_all(b);
	b->lifetime_ms = 0;	/* what was counted goes by the old indices */
	b->n = server_plan(b->server)->n_destinations;
	b->queued = mem_new(b->n, sizeof(*b->queued));
	b->told = mem_new(b->n, sizeof(*b->told));
	b->event_ms = mem_new(b->n, sizeof(*b->event_ms));
	b->counts = mem_new(b->n, sizeof(*b->counts));
	/* What an earlier process of ours told may still stand there. */
	for (uint32_t i = 0; i < b->n; i++)
		b->told[i] = true;
}

void
backlogs_begin(struct backlogs *b, int64_t lifetime_ms)
{
	b->lifetime_ms = lifetime_ms;
	memset(b->counts, 0, b->n * sizeof(*b->counts));
}

/* postqueue(1) lists all recipients of a message in one go. */
void
backlogs_note(struct backlogs *b, uint32_t destination,
    const struct postqueue_message *message)
{
	struct count *c = &b->counts[destination];
	const int64_t arrived_ms = message->arrived_s * 1000;
	const int64_t end_ms = arrived_ms + b->lifetime_ms;
	const bool expiring = end_ms - clock_wall_ms() <
	    b->lifetime_ms / WARN_PART;

	if (b->lifetime_ms == 0 || strcmp(c->last, message->id) == 0)
		return;
	memcpy(c->last, message->id, sizeof(c->last));
	backlog_add(&c->backlog, &(struct backlog){
		.messages = 1, .oldest_ms = arrived_ms,
		.expiring = expiring,
	    });
	if (!expiring)
		return;
	if (c->first_ms == 0 || end_ms < c->first_ms)
		c->first_ms = end_ms;
	if (c->backlog.expiring <= FIRST_IDS)
		name_one(c, message->id);
}

void
backlogs_end(struct backlogs *b)
{
	const int64_t now_ms = clock_mono_ms();

	for (uint32_t i = 0; b->lifetime_ms > 0 && i < b->n; i++) {
		b->queued[i] = b->counts[i].backlog.messages;
		tell_store(b, i);
		warn(b, i, now_ms);
	}
}

void
backlogs_add(struct backlogs *b, uint32_t destination)
{
	b->queued[destination]++;
}

const uint32_t *
backlogs_queued(const struct backlogs *b)
{
	return b->queued;
}
