#include "dial.h"

#include <event2/event.h>
#include <hiredis.h>

#include "answer.h"
#include "base/chance.h"
#include "base/clock.h"
#include "base/mem.h"
#include "conn.h"

#define REDIAL_MIN_MS 100
#define REDIAL_MAX_MS 2000

struct dial {
	struct event_base *base;
	const struct store_options *options;
	struct dial_events events;
	struct conn *conn;	/* NULL while there is none */
	struct event *readable, *writable;
	struct event *redial;
	int64_t began_ms;	/* when conn was begun */
	int64_t backoff_ms;
	unsigned greetings;	/* answers to the greeting that are still due */
	bool ready;
};

static void
hang_up(struct dial *d)
{
	if (d->readable != NULL)
		event_free(d->readable);
	if (d->writable != NULL)
		event_free(d->writable);
	d->readable = d->writable = NULL;
	conn_free(&d->conn);
	d->ready = false;
	d->greetings = 0;
}

static void
redial_in(struct dial *d, int64_t ms)
{
	const struct timeval tv = {
		.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000,
	};

	event_add(d->redial, &tv);
}

static void
redial_later(struct dial *d)
{
	const uint32_t half = (uint32_t)d->backoff_ms / 2;

	redial_in(d, half + chance_below(half + 1));
	d->backoff_ms = d->backoff_ms * 2 < REDIAL_MAX_MS ?
	    d->backoff_ms * 2 : REDIAL_MAX_MS;
}

/* The connection is of no more use, for the reason in err. */
static void
lose_for(struct dial *d, const struct err *err)
{
	dial_lose(d, err->kind == ERR_SYNTAX ? STORE_ODD : STORE_UNREACHABLE,
	    err);
}

/* False when the connection was given up. */
static bool
greeted(struct dial *d, const redisReply *said)
{
	struct err err = { 0 };
	const enum store_trouble trouble = answer_greeting(said, &err);

	if (trouble != STORE_FINE) {
		dial_lose(d, trouble, &err);
		return false;
	}
	if (--d->greetings > 0)
		return true;
	d->ready = true;
	d->backoff_ms = REDIAL_MIN_MS;
	d->events.ready(d->events.arg);
	return true;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct dial *d = arg;
	struct err err;
	bool alive = true;

	(void)fd, (void)what;
	if (conn_read(d->conn, &err) < 0) {
		lose_for(d, &err);
		return;
	}
	while (alive) {
		redisReply *said = NULL;

		if (conn_next(d->conn, &said, &err) < 0) {
			lose_for(d, &err);
			return;
		}
		if (said == NULL)
			return;
		alive = d->greetings > 0 ? greeted(d, said) :
		    d->events.said(d->events.arg, said);
		freeReplyObject(said);
	}
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct dial *d = arg;
	struct err err;
	bool more;

	(void)fd, (void)what;
	if (conn_write(d->conn, &more, &err) < 0)
		lose_for(d, &err);
	else if (!more)
		event_del(d->writable);
}

static void
on_redial(evutil_socket_t fd, short what, void *arg)
{
	struct dial *d = arg;
	struct err err;

	(void)fd, (void)what;
	d->began_ms = clock_mono_ms();
	d->conn = conn_new(&d->options->address, &err);
	if (d->conn == NULL) {
		lose_for(d, &err);
		return;
	}
	d->readable = event_new(d->base, conn_fd(d->conn),
	    EV_READ | EV_PERSIST, on_readable, d);
	d->writable = event_new(d->base, conn_fd(d->conn),
	    EV_WRITE | EV_PERSIST, on_writable, d);
	d->greetings = conn_greet(d->conn, d->options);
	event_add(d->readable, NULL);
	event_add(d->writable, NULL);
}

struct dial *
dial_new(struct event_base *base, const struct store_options *options,
    const struct dial_events *events)
{
	struct dial *d = mem_new(1, sizeof(*d));

	d->base = base;
	d->options = options;
	d->events = *events;
	d->backoff_ms = REDIAL_MIN_MS;
	d->redial = event_new(base, -1, 0, on_redial, d);
	redial_in(d, 0);
	return d;
}

void
dial_free(struct dial **dial)
{
	struct dial *d = *dial;

	if (d == NULL)
		return;
	hang_up(d);
	event_free(d->redial);
	mem_free(d);
	*dial = NULL;
}

bool
dial_is_open(const struct dial *d)
{
	return d->conn != NULL;
}

bool
dial_is_ready(const struct dial *d)
{
	return d->ready;
}

void
dial_put(struct dial *d, struct buf *bytes)
{
	conn_put(d->conn, buf_span(bytes));
	buf_free(bytes);
	event_add(d->writable, NULL);
}

void
dial_lose(struct dial *d, enum store_trouble trouble, const struct err *why)
{
	hang_up(d);
	redial_later(d);
	d->events.lost(d->events.arg, trouble, why);
}

void
dial_lose_patience(struct dial *d)
{
	struct err err;

	err_set(&err, ERR_TIMEOUT, "redis: no answer in %d ms",
	    DIAL_PATIENCE_MS);
	dial_lose(d, STORE_SILENT, &err);
}

void
dial_check(struct dial *d, int64_t now_ms)
{
	if (d->conn != NULL && !d->ready &&
	    now_ms - d->began_ms >= DIAL_PATIENCE_MS)
		dial_lose_patience(d);
}
