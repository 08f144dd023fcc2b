#include "dial.h"

#include <event2/event.h>
#include <hiredis.h>

#include "base/chance.h"
#include "base/clock.h"
#include "base/mem.h"
#include "conn.h"
#include "sentinel.h"

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
	uint32_t sentinel;	/* the one to ask; it stays while it is right */
	uint32_t misled;	/* by so many in a row */
	bool asking;		/* conn is to a sentinel */
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
	d->asking = d->ready = false;
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

/* The connection is of no more use. Where it never was, another sentinel may
 * know better, which nobody else needs to hear of. */
static void
fail(struct dial *d, enum store_trouble trouble, const struct err *why)
{
	const uint32_t n = d->options->sentinels.n;

	if (!d->ready && n > 0) {
		d->sentinel = (d->sentinel + 1) % n;
		if (++d->misled < n) {
			hang_up(d);
			redial_in(d, 0);
			return;
		}
	}
	dial_lose(d, trouble, why);
}

static void
fail_for(struct dial *d, const struct err *err)
{
	fail(d, err->kind == ERR_SYNTAX ? STORE_ODD : STORE_UNREACHABLE, err);
}

static void call(struct dial *d, const struct address *where);

/* A sentinel's answer. It is given up, whatever it says. */
static void
directed(struct dial *d, const redisReply *said)
{
	struct address where;
	struct err err = { 0 };
	const enum store_trouble trouble = sentinel_answer(said, &where, &err);

	if (trouble != STORE_FINE) {
		fail(d, trouble, &err);
		return;
	}
	hang_up(d);
	call(d, &where);
}

/* False when the connection was given up. */
static bool
greeted(struct dial *d, const redisReply *said)
{
	struct err err = { 0 };
	const enum store_trouble trouble = conn_greeted(d->options,
	    d->greetings, said, &err);

	if (trouble != STORE_FINE) {
		fail(d, trouble, &err);
		return false;
	}
	if (--d->greetings > 0)
		return true;
	d->ready = true;
	d->misled = 0;
	d->backoff_ms = REDIAL_MIN_MS;
	d->events.ready(d->events.arg);
	return true;
}

/* False when the connection was given up. */
static bool
heard(struct dial *d, const redisReply *said)
{
	if (d->asking) {
		directed(d, said);
		return false;
	}
	return d->greetings > 0 ? greeted(d, said) :
	    d->events.said(d->events.arg, said);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct dial *d = arg;
	struct err err;
	bool alive = true;

	(void)fd, (void)what;
	if (conn_read(d->conn, &err) < 0) {
		fail_for(d, &err);
		return;
	}
	while (alive) {
		redisReply *said = NULL;

		if (conn_next(d->conn, &said, &err) < 0) {
			fail_for(d, &err);
			return;
		}
		if (said == NULL)
			return;
		alive = heard(d, said);
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
		fail_for(d, &err);
	else if (more)
		event_add(d->writable, NULL);
}

static int
patience(const struct dial *d)
{
	return d->asking ? DIAL_SENTINEL_MS : DIAL_PATIENCE_MS;
}

static void
ask(struct dial *d)
{
	struct buf b = buf_new(SENTINEL_QUESTION_MAX);

	sentinel_question(&b, d->options->sentinels.name);
	conn_put(d->conn, buf_span(&b));
	buf_free(&b);
}

/* Connect, and queue what is to be said first. */
static void
call(struct dial *d, const struct address *where)
{
	struct err err;

	d->began_ms = clock_mono_ms();
	d->conn = conn_new(where, &err);
	if (d->conn == NULL) {
		fail_for(d, &err);
		return;
	}
	d->readable = event_new(d->base, conn_fd(d->conn),
	    EV_READ | EV_PERSIST, on_readable, d);
	d->writable = event_new(d->base, conn_fd(d->conn),
	    EV_WRITE, on_writable, d);
	if (d->asking)
		ask(d);
	else
		d->greetings = conn_greet(d->conn, d->options);
	event_add(d->readable, NULL);
	event_add(d->writable, NULL);
}

static void
on_redial(evutil_socket_t fd, short what, void *arg)
{
	struct dial *d = arg;
	const struct sentinels *s = &d->options->sentinels;

	(void)fd, (void)what;
	d->asking = s->n > 0;
	call(d, d->asking ? &s->list[d->sentinel] : &d->options->address);
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
	/* Once this turn of the loop is done, so that all that is asked in it
	 * goes in one piece. */
	event_active(d->writable, EV_WRITE, 0);
}

void
dial_lose(struct dial *d, enum store_trouble trouble, const struct err *why)
{
	hang_up(d);
	d->misled = 0;
	redial_later(d);
	d->events.lost(d->events.arg, trouble, why);
}

void
dial_lose_patience(struct dial *d)
{
	struct err err;

	err_set(&err, ERR_TIMEOUT, "%s: no answer in %d ms",
	    d->asking ? "sentinel" : "redis", patience(d));
	fail(d, STORE_SILENT, &err);
}

void
dial_check(struct dial *d, int64_t now_ms)
{
	if (d->conn != NULL && !d->ready &&
	    now_ms - d->began_ms >= patience(d))
		dial_lose_patience(d);
}
