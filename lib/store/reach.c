#include "reach.h"

#include <errno.h>
#include <hiredis.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/clock.h"
#include "conn.h"
#include "sentinel.h"

static int
hear(struct conn *conn, int64_t deadline_ms, redisReply **out_said,
    struct err *err)
{
	for (;;) {
		if (conn_next(conn, out_said, err) < 0)
			return -1;
		if (*out_said != NULL)
			return 0;
		if (reach_wait(conn, POLLIN, deadline_ms, err) < 0 ||
		    conn_read(conn, err) < 0)
			return -1;
	}
}

/* What was queued. */
static int
say_queued(struct conn *conn, int64_t deadline_ms, struct err *err)
{
	bool more = true;

	while (more)
		if (reach_wait(conn, POLLOUT, deadline_ms, err) < 0 ||
		    conn_write(conn, &more, err) < 0)
			return -1;
	return 0;
}

static enum store_trouble
ask_sentinel(struct conn *conn, const char *name, int64_t deadline_ms,
    struct address *out_where, struct err *err)
{
	struct buf question = buf_new(SENTINEL_QUESTION_MAX);
	enum store_trouble trouble;
	redisReply *said;

	sentinel_question(&question, name);
	conn_put(conn, buf_span(&question));
	buf_free(&question);
	if (say_queued(conn, deadline_ms, err) < 0 ||
	    hear(conn, deadline_ms, &said, err) < 0)
		return reach_trouble(err);
	trouble = sentinel_answer(said, out_where, err);
	freeReplyObject(said);
	return trouble;
}

/* Where the primary is, by the word of one sentinel. */
static enum store_trouble
find(const struct sentinels *sentinels, uint32_t sentinel,
    int64_t deadline_ms, struct address *out_where, struct err *err)
{
	struct conn *conn = conn_new(&sentinels->list[sentinel], err);
	enum store_trouble trouble;

	if (conn == NULL)
		return STORE_UNREACHABLE;
	trouble = ask_sentinel(conn, sentinels->name, deadline_ms, out_where,
	    err);
	conn_free(&conn);
	return trouble;
}

static enum store_trouble
greet(const struct store_options *options, struct conn *conn,
    int64_t deadline_ms, struct err *err)
{
	enum store_trouble trouble = STORE_FINE;
	unsigned due = conn_greet(conn, options);

	if (say_queued(conn, deadline_ms, err) < 0)
		return reach_trouble(err);
	for (; due > 0 && trouble == STORE_FINE; due--) {
		redisReply *said;

		if (hear(conn, deadline_ms, &said, err) < 0)
			return reach_trouble(err);
		trouble = conn_greeted(options, due, said, err);
		freeReplyObject(said);
	}
	return trouble;
}

static enum store_trouble
open_at(const struct store_options *options, const struct address *where,
    int64_t deadline_ms, struct conn **out_conn, struct err *err)
{
	struct conn *conn = conn_new(where, err);
	enum store_trouble trouble;

	if (conn == NULL)
		return STORE_UNREACHABLE;
	trouble = greet(options, conn, deadline_ms, err);
	if (trouble == STORE_FINE)
		*out_conn = conn;
	else
		conn_free(&conn);
	return trouble;
}

/* Each sentinel is asked once, the next where one leads nowhere, for as long
 * as there is time. Each has a share of it, so that a silent one leaves some
 * for the others. */
static enum store_trouble
open_primary(const struct store_options *options, uint32_t *sentinel,
    int64_t deadline_ms, struct conn **out_conn, struct err *err)
{
	const struct sentinels *s = &options->sentinels;
	uint32_t left = s->n;

	for (;;) {
		const int64_t now = clock_mono_ms();
		struct address where;
		enum store_trouble trouble = find(s, *sentinel,
		    now + (deadline_ms - now) / (left + 1), &where, err);

		if (trouble == STORE_FINE)
			trouble = open_at(options, &where, deadline_ms,
			    out_conn, err);
		if (trouble == STORE_FINE)
			return STORE_FINE;
		*sentinel = (*sentinel + 1) % s->n;
		if (--left == 0 || clock_mono_ms() >= deadline_ms)
			return trouble;
	}
}

int
reach_wait(const struct conn *conn, short events, int64_t deadline_ms,
    struct err *err)
{
	struct pollfd p = { .fd = conn_fd(conn), .events = events };
	int ready;

	do {
		const int64_t left = deadline_ms - clock_mono_ms();

		ready = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return err_set(err, ERR_UNAVAILABLE, "redis: poll failed");
	if (ready == 0)
		return err_set(err, ERR_TIMEOUT, "redis: no answer in time");
	return 0;
}

/* Not conn_write, which shares with conn_read what it knows of errors. */
int
reach_say(const struct conn *conn, struct span bytes, int64_t deadline_ms,
    struct err *err)
{
	while (bytes.len > 0) {
		const ssize_t n = send(conn_fd(conn), bytes.at, bytes.len,
		    MSG_NOSIGNAL);

		if (n >= 0)
			bytes = span_skip(bytes, (size_t)n);
		else if (errno != EAGAIN && errno != EINTR)
			return err_set(err, ERR_UNAVAILABLE,
			    "redis: the connection is lost");
		else if (reach_wait(conn, POLLOUT, deadline_ms, err) < 0)
			return -1;
	}
	return 0;
}

enum store_trouble
reach_trouble(struct err *err)
{
	const bool odd = err->kind == ERR_SYNTAX;

	if (err->kind == ERR_TIMEOUT)
		return STORE_SILENT;
	err->kind = ERR_UNAVAILABLE;
	return odd ? STORE_ODD : STORE_UNREACHABLE;
}

enum store_trouble
reach_redis(const struct store_options *options, uint32_t *sentinel,
    int64_t deadline_ms, struct conn **out_conn, struct err *err)
{
	const enum store_trouble trouble = options->sentinels.n > 0 ?
	    open_primary(options, sentinel, deadline_ms, out_conn, err) :
	    open_at(options, &options->address, deadline_ms, out_conn, err);

	if (trouble != STORE_FINE && err->kind == ERR_SYNTAX)
		err->kind = ERR_UNAVAILABLE;
	return trouble;
}
