#include "store/pool.h"

#include <assert.h>
#include <errno.h>
#include <hiredis.h>
#include <poll.h>
#include <pthread.h>

#include "answer.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/printable.h"
#include "command.h"
#include "conn.h"
#include "link.h"
#include "sentinel.h"

#define SAID_MAX 65536		/* bytes of one request */

struct store_pool {
	store_health_fn *health;
	void *arg;
	unsigned connections;

	pthread_mutex_t mutex;	/* over all that follows */
	pthread_cond_t freed;
	struct link link;
	int64_t retry_ms;	/* while down: when the next one may try */
	uint32_t sentinel;	/* the one to ask; it stays while it is right */
	unsigned n_idle;
	struct conn **idle;	/* NULL: not connected */
	bool news, telling;
	char text[160];		/* of the news */
};

/* What a call carries through its steps. */
struct call {
	int64_t deadline_ms;
	struct conn *conn;	/* NULL once it is of no more use */
	bool is_trial;		/* the one which tries a link that is down */
	uint32_t sentinel;
};

/* One connection, one request: no lock is held here */

static int
wait_for(const struct call *call, short events, struct err *err)
{
	struct pollfd p = { .fd = conn_fd(call->conn), .events = events };
	int ready;

	do {
		const int64_t left = call->deadline_ms - clock_mono_ms();

		ready = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return err_set(err, ERR_UNAVAILABLE, "redis: poll failed");
	if (ready == 0)
		return err_set(err, ERR_TIMEOUT, "redis: no answer in time");
	return 0;
}

static int
say(const struct call *call, struct err *err)
{
	bool more = true;

	while (more)
		if (wait_for(call, POLLOUT, err) < 0 ||
		    conn_write(call->conn, &more, err) < 0)
			return -1;
	return 0;
}

static int
hear(const struct call *call, redisReply **out_said, struct err *err)
{
	for (;;) {
		if (conn_next(call->conn, out_said, err) < 0)
			return -1;
		if (*out_said != NULL)
			return 0;
		if (wait_for(call, POLLIN, err) < 0 ||
		    conn_read(call->conn, err) < 0)
			return -1;
	}
}

/* The connection is of no more use: why? ERR_SYNTAX would blame the request
 * for what the connection has done. */
static enum store_trouble
give_up(struct call *call, struct err *err)
{
	const bool odd = err->kind == ERR_SYNTAX;

	conn_free(&call->conn);
	if (err->kind == ERR_TIMEOUT)
		return STORE_SILENT;
	err->kind = ERR_UNAVAILABLE;
	return odd ? STORE_ODD : STORE_UNREACHABLE;
}

/* Nothing was asked on an idle connection: if there is something to read, the
 * server closed it. Seen now, the request need not be sent twice. */
static bool
is_stale(struct conn *conn)
{
	struct pollfd p = { .fd = conn_fd(conn), .events = POLLIN };

	return poll(&p, 1, 0) != 0;
}

static int
exchange(const struct call *call, struct buf *bytes, redisReply **out_said,
    struct err *err)
{
	conn_put(call->conn, buf_span(bytes));
	buf_clear(bytes);
	if (say(call, err) < 0)
		return -1;
	return hear(call, out_said, err);
}

/* Where the primary is, by the word of one sentinel. It has a share of the
 * time, so that a silent one leaves some for the others. */
static enum store_trouble
find(const struct sentinels *sentinels, const struct call *call,
    unsigned shares, struct address *out_where, struct err *err)
{
	const int64_t now = clock_mono_ms();
	struct call aside = {
		.deadline_ms = now + (call->deadline_ms - now) / shares,
	};
	struct buf bytes = buf_new(SENTINEL_QUESTION_MAX);
	enum store_trouble trouble;
	redisReply *said;
	int heard;

	aside.conn = conn_new(&sentinels->list[call->sentinel], err);
	if (aside.conn == NULL)
		return STORE_UNREACHABLE;
	sentinel_question(&bytes, sentinels->name);
	heard = exchange(&aside, &bytes, &said, err);
	buf_free(&bytes);
	if (heard < 0)
		return give_up(&aside, err);
	trouble = sentinel_answer(said, out_where, err);
	freeReplyObject(said);
	conn_free(&aside.conn);
	return trouble;
}

static enum store_trouble
greet(const struct store_options *options, const struct address *where,
    struct call *call, struct err *err)
{
	enum store_trouble trouble = STORE_FINE;
	unsigned due;

	call->conn = conn_new(where, err);
	if (call->conn == NULL)
		return STORE_UNREACHABLE;
	due = conn_greet(call->conn, options);
	if (say(call, err) < 0)
		return give_up(call, err);
	for (; due > 0 && trouble == STORE_FINE; due--) {
		redisReply *said;

		if (hear(call, &said, err) < 0)
			return give_up(call, err);
		trouble = conn_greeted(options, due, said, err);
		freeReplyObject(said);
	}
	if (trouble != STORE_FINE)
		conn_free(&call->conn);
	return trouble;
}

/* Each sentinel is asked once, the next where one leads nowhere, for as long
 * as there is time. */
static enum store_trouble
greet_primary(const struct store_options *options, struct call *call,
    struct err *err)
{
	const struct sentinels *s = &options->sentinels;
	uint32_t left = s->n;

	for (;;) {
		struct address where;
		enum store_trouble trouble = find(s, call, left + 1, &where,
		    err);

		if (trouble == STORE_FINE)
			trouble = greet(options, &where, call, err);
		if (trouble == STORE_FINE)
			return STORE_FINE;
		call->sentinel = (call->sentinel + 1) % s->n;
		if (--left == 0 || clock_mono_ms() >= call->deadline_ms)
			return trouble;
	}
}

static enum store_trouble
open_conn(const struct store_options *options, struct call *call,
    struct err *err)
{
	enum store_trouble trouble;

	if (call->conn != NULL && is_stale(call->conn))
		conn_free(&call->conn);
	if (call->conn != NULL)
		return STORE_FINE;
	trouble = options->sentinels.n > 0 ?
	    greet_primary(options, call, err) :
	    greet(options, &options->address, call, err);
	if (trouble != STORE_FINE && err->kind == ERR_SYNTAX)
		err->kind = ERR_UNAVAILABLE;
	return trouble;
}

static enum store_trouble
ask(const struct store_options *options, struct call *call,
    const struct command *c, struct store_reply *out_reply, struct err *err)
{
	struct buf bytes = buf_new(SAID_MAX);
	redisReply *said = NULL;
	enum store_trouble trouble = open_conn(options, call, err);
	int heard;

	if (trouble != STORE_FINE)
		return trouble;
	command_by_name(c, &bytes);
	heard = exchange(call, &bytes, &said, err);
	if (heard == 0 && answer_wants_text(said)) {
		freeReplyObject(said);
		said = NULL;
		command_by_text(c, &bytes);
		heard = exchange(call, &bytes, &said, err);
	}
	buf_free(&bytes);
	if (heard < 0)
		return give_up(call, err);
	trouble = answer_read(c, said, out_reply, err);
	freeReplyObject(said);
	if (trouble == STORE_LOADING ||
	    (trouble == STORE_READONLY && options->sentinels.n > 0))
		conn_free(&call->conn);
	return trouble;
}

/* The pool itself: under its lock */

/* Tell the news, one thread at a time, so that they arrive in their order. */
static void
tell(struct store_pool *p)
{
	while (p->news && !p->telling && p->health != NULL) {
		const enum store_trouble trouble = p->link.told;
		char text[sizeof(p->text)];

		span_copy(text, sizeof(text), span_of(p->text));
		p->news = false;
		p->telling = true;
		pthread_mutex_unlock(&p->mutex);
		p->health(p->arg, trouble, text);
		pthread_mutex_lock(&p->mutex);
		p->telling = false;
	}
}

static int
wait_for_idle(struct store_pool *p, int64_t deadline_ms)
{
	const struct timespec until = {
		.tv_sec = deadline_ms / 1000,
		.tv_nsec = deadline_ms % 1000 * 1000000,
	};

	return pthread_cond_timedwait(&p->freed, &p->mutex, &until);
}

static int
refuse(const struct store_pool *p, struct err *err)
{
	return err_set(err, ERR_UNAVAILABLE, "redis is %s: %s",
	    store_trouble_name(p->link.told), p->text);
}

static int
enter(struct store_pool *p, struct call *call, struct err *err)
{
	if (p->link.down) {
		const int64_t now = clock_mono_ms();

		if (now < p->retry_ms)
			return refuse(p, err);
		p->retry_ms = now + LINK_RETRY_MS;
		call->is_trial = true;
	}
	while (p->n_idle == 0) {
		if (wait_for_idle(p, call->deadline_ms) == ETIMEDOUT &&
		    p->n_idle == 0)
			return err_set(err, ERR_TIMEOUT,
			    "every connection to redis is in use");
		if (p->link.down && !call->is_trial)
			return refuse(p, err);
	}
	call->conn = p->idle[--p->n_idle];
	call->sentinel = p->sentinel;
	return 0;
}

/* Those without a connection go to the bottom, so that a connected one is
 * taken first. */
static void
put_back(struct store_pool *p, struct conn *conn)
{
	if (conn == NULL && p->n_idle > 0) {
		p->idle[p->n_idle++] = p->idle[0];
		p->idle[0] = NULL;
	} else
		p->idle[p->n_idle++] = conn;
}

/* After a fail-over none of them leads to the primary. */
static void
forget_idle(struct store_pool *p)
{
	for (unsigned i = 0; i < p->n_idle; i++)
		conn_free(&p->idle[i]);
}

static void
leave(struct store_pool *p, const struct call *call,
    enum store_trouble trouble, const struct err *err)
{
	const int64_t now = clock_mono_ms();
	bool news = false;

	p->sentinel = call->sentinel;
	if (call->conn == NULL && p->link.options.sentinels.n > 0)
		forget_idle(p);
	put_back(p, call->conn);
	if (call->conn == NULL) {
		if (!p->link.down)
			p->retry_ms = now + LINK_RETRY_MS;
		news = link_is_down(&p->link, trouble, now);
	} else if (!p->link.down || call->is_trial) {
		/* An answer that was on its way when another one failed
		 * proves nothing. */
		news = link_is_up(&p->link, trouble, now);
	}
	if (news) {
		p->news = true;
		printable(p->text, sizeof(p->text), span_of(
		    trouble != STORE_FINE ? err->text : ""));
	}
	if (p->link.down)
		pthread_cond_broadcast(&p->freed);
	else
		pthread_cond_signal(&p->freed);
	tell(p);
}

struct store_pool *
store_pool_new(const struct store_options *options, unsigned connections,
    store_health_fn *health, void *arg)
{
	struct store_pool *p = mem_new(1, sizeof(*p));
	pthread_condattr_t attr;

	assert(connections >= 1);
	p->health = health;
	p->arg = arg;
	p->connections = connections;
	pthread_mutex_init(&p->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->freed, &attr);
	pthread_condattr_destroy(&attr);
	p->link = link_new(options);
	p->link.down = false;	/* the first call finds out */
	p->n_idle = connections;
	p->idle = mem_new(connections, sizeof(p->idle[0]));
	return p;
}

void
store_pool_free(struct store_pool **pool)
{
	struct store_pool *p = *pool;

	if (p == NULL)
		return;
	assert(p->n_idle == p->connections);
	for (unsigned i = 0; i < p->n_idle; i++)
		conn_free(&p->idle[i]);
	mem_free(p->idle);
	link_free(&p->link);
	pthread_cond_destroy(&p->freed);
	pthread_mutex_destroy(&p->mutex);
	mem_free(p);
	*pool = NULL;
}

int
store_pool_call(struct store_pool *pool, const struct store_request *request,
    struct store_reply *out_reply, struct err *err)
{
	const struct store_options *options = &pool->link.options;
	struct call call = {
		.deadline_ms = clock_mono_ms() + options->timeout_ms,
	};
	enum store_trouble trouble = STORE_FINE;
	struct command c;
	int entered = command_make(&c, options->prefix, request, err);

	if (entered == 0) {
		pthread_mutex_lock(&pool->mutex);
		entered = enter(pool, &call, err);
		pthread_mutex_unlock(&pool->mutex);
	}
	if (entered == 0) {
		trouble = ask(options, &call, &c, out_reply, err);
		pthread_mutex_lock(&pool->mutex);
		leave(pool, &call, trouble, err);
		pthread_mutex_unlock(&pool->mutex);
	}
	command_free(&c);
	return entered == 0 && trouble == STORE_FINE ? 0 : -1;
}

bool
store_pool_up(const struct store_pool *pool)
{
	struct store_pool *p = (struct store_pool *)(uintptr_t)pool;
	bool up;

	pthread_mutex_lock(&p->mutex);
	up = !p->link.down;
	pthread_mutex_unlock(&p->mutex);
	return up;
}
