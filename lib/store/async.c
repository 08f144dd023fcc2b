#include "store/async.h"

#include <event2/event.h>
#include <hiredis.h>

#include "answer.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/printable.h"
#include "command.h"
#include "dial.h"
#include "link.h"

#define OUTSTANDING_MAX 10000
#define SAID_MAX 65536		/* bytes of one request */

enum kind {
	PING,
	REQUEST,
	DEAD,			/* a request whose caller was told already */
};

/* Something that was sent, and waits for its answer. */
struct sent {
	struct sent *next;
	enum kind kind;
	int64_t at_ms;
	struct command command;	/* not of a PING */
	bool in_full;		/* sent as text, not by name */
	store_done *done;
	void *arg;
	struct err refusal;	/* in the queue of the refused */
};

struct queue {
	struct sent *first, **end;
	uint32_t n;
};

struct store_async {
	struct event_base *base;
	struct store_async_events events;
	struct link link;
	struct dial *main, *news;	/* one takes requests, one listens */
	struct queue sent;	/* on main, in the order of answers */
	struct queue refused;	/* told so at the next turn of the loop */
	struct event *turn;
	struct event *tick;	/* deadlines, pings, patience ... */
	int64_t tick_ms;	/* ... and when it comes; 0: it does not */
	char text[160];		/* why the link is down */
};

/* Queues */

static void
queue_add(struct queue *q, struct sent *s)
{
	s->next = NULL;
	if (q->first == NULL)
		q->end = &q->first;
	*q->end = s;
	q->end = &s->next;
	q->n++;
}

static struct sent *
queue_take(struct queue *q)
{
	struct sent *s = q->first;

	if (s != NULL) {
		q->first = s->next;
		q->n--;
	}
	return s;
}

static const struct sent *
oldest(const struct store_async *a, enum kind kind)
{
	const struct sent *s = a->sent.first;

	while (s != NULL && s->kind != kind)
		s = s->next;
	return s;
}

static void
sent_free(struct sent *s)
{
	if (s->kind != PING)
		command_free(&s->command);
	mem_free(s);
}

static void
start(struct event *timer, int64_t ms)
{
	const struct timeval tv = {
		.tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000,
	};

	event_add(timer, &tv);
}

/*
 * The next moment at which something may have to be noticed. While all is well
 * and nothing is asked there is none. One that is planned already stays, though
 * what it was planned for may be over: it then plans the next.
 */
static void
plan_tick(struct store_async *a, int64_t now)
{
	const struct sent *s = oldest(a, REQUEST);
	int64_t at = INT64_MAX;

	if (s != NULL)
		at = s->at_ms + a->link.options.timeout_ms;
	if (at > now + LINK_RETRY_MS &&
	    (a->link.down || !dial_is_ready(a->main) ||
	    !dial_is_ready(a->news)))
		at = now + LINK_RETRY_MS;
	if (at == INT64_MAX || (a->tick_ms != 0 && a->tick_ms <= at))
		return;
	a->tick_ms = at;
	start(a->tick, at > now ? at - now : 0);
}

/* Telling */

static void
tell(struct store_async *a, const char *text)
{
	printable(a->text, sizeof(a->text), span_of(text));
	if (a->events.health != NULL)
		a->events.health(a->events.arg, a->link.told, a->text);
}

static void
link_works(struct store_async *a, enum store_trouble trouble,
    const struct err *err)
{
	if (link_is_up(&a->link, trouble, clock_mono_ms()))
		tell(a, trouble != STORE_FINE ? err->text : "");
}

/*
 * Nobody is answered any more. The link is marked first, so that whatever the
 * callers ask now is refused and the queue stays as it is. Those that were
 * told stay in it as DEAD, for their late answers.
 */
static void
link_fails(struct store_async *a, enum store_trouble trouble,
    const struct err *why)
{
	const int64_t now = clock_mono_ms();
	const bool news = link_is_down(&a->link, trouble, now);

	if (news)
		tell(a, why->text);
	for (struct sent *s = a->sent.first; s != NULL; s = s->next) {
		struct err err = *why;

		if (s->kind != REQUEST)
			continue;
		s->kind = DEAD;
		err.kind = now - s->at_ms < a->link.options.timeout_ms ?
		    ERR_UNAVAILABLE : ERR_TIMEOUT;
		s->done(s->arg, NULL, &err);
	}
	plan_tick(a, now);
}

/* Saying */

static void
ping(struct store_async *a)
{
	struct buf b = buf_new(64);
	struct sent *s = mem_new(1, sizeof(*s));

	s->kind = PING;
	s->at_ms = clock_mono_ms();
	queue_add(&a->sent, s);
	buf_add_text(&b, "*1\r\n");
	command_word(&b, SPAN("PING"));
	dial_put(a->main, &b);
}

static void
on_news_ready(void *arg)
{
	struct store_async *a = arg;
	struct buf b = buf_new(512), channel = buf_new(256);

	command_channel(&channel, a->link.options.prefix);
	buf_add_text(&b, "*2\r\n");
	command_word(&b, SPAN("SUBSCRIBE"));
	command_word(&b, buf_span(&channel));
	buf_free(&channel);
	dial_put(a->news, &b);
}

static void
send_command(struct store_async *a, struct sent *s)
{
	struct buf b = buf_new(SAID_MAX);

	if (s->in_full)
		command_by_text(&s->command, &b);
	else
		command_by_name(&s->command, &b);
	queue_add(&a->sent, s);
	dial_put(a->main, &b);
	plan_tick(a, s->at_ms);
}

/* Answers */

/* A ping that was answered in time ends a silence; any other is followed by
 * the next one. */
static void
pinged(struct store_async *a, const struct sent *s, const redisReply *said)
{
	struct err err = { 0 };
	const enum store_trouble trouble = answer_greeting(said, &err);

	if (clock_mono_ms() - s->at_ms > a->link.options.timeout_ms)
		return;
	if (trouble == STORE_FINE)
		link_works(a, STORE_FINE, &err);
	else if (link_is_down(&a->link, trouble, clock_mono_ms()))
		tell(a, err.text);
}

/* Does s still wait for an answer? */
static bool
answered(struct store_async *a, struct sent *s, const redisReply *said)
{
	struct store_reply reply;
	struct err err = { 0 };
	enum store_trouble trouble;

	if (answer_wants_text(said) && !s->in_full) {
		s->in_full = true;
		send_command(a, s);
		return true;
	}
	trouble = answer_read(&s->command, said, &reply, &err);
	if (trouble == STORE_FINE) {
		link_works(a, STORE_FINE, &err);
		s->done(s->arg, &reply, NULL);
		store_reply_clear(&reply);
		return false;
	}
	s->done(s->arg, NULL, &err);
	if (trouble == STORE_LOADING)
		link_fails(a, trouble, &err);
	else if (trouble == STORE_READONLY && a->link.options.sentinels.n > 0)
		dial_lose(a->main, trouble, &err);
	else
		link_works(a, trouble, &err);
	return false;
}

static void
on_main_ready(void *arg)
{
	const struct err fine = { 0 };

	link_works(arg, STORE_FINE, &fine);
}

static bool
on_main_said(void *arg, const redisReply *said)
{
	struct store_async *a = arg;
	struct sent *s = queue_take(&a->sent);

	if (s == NULL) {
		struct err err;

		err_set(&err, ERR_SYNTAX, "redis: an answer to no question");
		dial_lose(a->main, STORE_ODD, &err);
		return false;
	}
	if (s->kind == PING)
		pinged(a, s, said);
	if (s->kind != REQUEST || !answered(a, s, said))
		sent_free(s);
	return dial_is_open(a->main);
}

static void
on_main_lost(void *arg, enum store_trouble trouble, const struct err *why)
{
	struct store_async *a = arg;

	/* Nobody would notice that the other one is dead, too. */
	if (dial_is_open(a->news))
		dial_lose(a->news, trouble, why);
	link_fails(a, trouble, why);
	for (struct sent *s; (s = queue_take(&a->sent)) != NULL;)
		sent_free(s);
	plan_tick(a, clock_mono_ms());
}

/* ["message", channel, name] */
static bool
on_news_said(void *arg, const redisReply *said)
{
	struct store_async *a = arg;
	char name[STORE_HOST_MAX + 1];
	struct err err = { 0 };
	const enum store_trouble trouble = answer_greeting(said, &err);

	if (trouble != STORE_FINE) {
		dial_lose(a->news, trouble, &err);
		return false;
	}
	if (said->type == REDIS_REPLY_ARRAY && said->elements == 3 &&
	    said->element[2]->type == REDIS_REPLY_STRING &&
	    span_copy(name, sizeof(name), (struct span){
	    said->element[2]->str, said->element[2]->len }) &&
	    printable_all(span_of(name)) && a->events.changed != NULL)
		a->events.changed(a->events.arg, name);
	return true;
}

static void
on_news_lost(void *arg, enum store_trouble trouble, const struct err *why)
{
	(void)trouble, (void)why;
	plan_tick(arg, clock_mono_ms());
}

/* Time */

static void
check_deadlines(struct store_async *a, int64_t now)
{
	const struct sent *s = oldest(a, REQUEST);
	struct err err;

	if (s == NULL || now - s->at_ms < a->link.options.timeout_ms)
		return;
	err_set(&err, ERR_UNAVAILABLE, "redis: no answer in time");
	link_fails(a, STORE_SILENT, &err);
}

static void
check_ping(struct store_async *a, int64_t now)
{
	const struct sent *s = oldest(a, PING);

	if (s != NULL && now - s->at_ms >= DIAL_PATIENCE_MS)
		dial_lose_patience(a->main);
	else if (s == NULL && a->link.down && dial_is_ready(a->main))
		ping(a);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct store_async *a = arg;
	const int64_t now = clock_mono_ms();

	(void)fd, (void)what;
	a->tick_ms = 0;
	dial_check(a->main, now);
	dial_check(a->news, now);
	check_deadlines(a, now);
	check_ping(a, now);
	plan_tick(a, now);
}

/* Requests */

static void
answer_refused(struct store_async *a)
{
	struct queue all = a->refused;

	a->refused = (struct queue){ 0 };
	for (struct sent *s; (s = queue_take(&all)) != NULL;) {
		s->done(s->arg, NULL, &s->refusal);
		sent_free(s);
	}
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	answer_refused(arg);
}

static void
refuse(struct store_async *a, struct sent *s)
{
	queue_add(&a->refused, s);
	start(a->turn, 0);
}

static void
send_request(void *self, const struct store_request *request,
    store_done *done, void *arg)
{
	struct store_async *a = self;
	struct sent *s = mem_new(1, sizeof(*s));
	struct err *err = &s->refusal;

	s->kind = REQUEST;
	s->at_ms = clock_mono_ms();
	s->done = done;
	s->arg = arg;
	if (command_make(&s->command, a->link.options.prefix, request, err) < 0)
		refuse(a, s);
	else if (a->link.down) {
		err_set(err, ERR_UNAVAILABLE, "redis is %s: %s",
		    store_trouble_name(a->link.told), a->text);
		refuse(a, s);
	} else if (a->sent.n >= OUTSTANDING_MAX) {
		err_set(err, ERR_UNAVAILABLE, "redis: too much asked at once");
		refuse(a, s);
	} else
		send_command(a, s);
}

struct store_async *
store_async_new(struct event_base *base, const struct store_options *options,
    const struct store_async_events *events)
{
	struct store_async *a = mem_new(1, sizeof(*a));

	a->base = base;
	a->events = *events;
	a->link = link_new(options);
	a->link.told = STORE_UNREACHABLE;
	span_copy(a->text, sizeof(a->text), SPAN("not connected yet"));
	a->turn = event_new(base, -1, 0, on_turn, a);
	a->tick = event_new(base, -1, 0, on_tick, a);
	a->main = dial_new(base, &a->link.options, &(struct dial_events){
		.ready = on_main_ready, .said = on_main_said,
		.lost = on_main_lost, .arg = a,
	    });
	a->news = dial_new(base, &a->link.options, &(struct dial_events){
		.ready = on_news_ready, .said = on_news_said,
		.lost = on_news_lost, .arg = a,
	    });
	plan_tick(a, clock_mono_ms());
	return a;
}

void
store_async_free(struct store_async **store)
{
	struct store_async *a = *store;
	struct err err;

	if (a == NULL)
		return;
	a->events = (struct store_async_events){ 0 };
	err_set(&err, ERR_UNAVAILABLE, "the store was closed");
	dial_lose(a->main, STORE_UNREACHABLE, &err);
	while (a->refused.n > 0)
		answer_refused(a);
	dial_free(&a->main);
	dial_free(&a->news);
	event_free(a->turn);
	event_free(a->tick);
	link_free(&a->link);
	mem_free(a);
	*store = NULL;
}

struct store_port
store_async_port(struct store_async *store)
{
	return (struct store_port){ .send = send_request, .self = store };
}

bool
store_async_up(const struct store_async *store)
{
	return !store->link.down;
}
