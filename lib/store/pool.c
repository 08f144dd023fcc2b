#include "store/pool.h"

#include <hiredis.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include "answer.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/printable.h"
#include "command.h"
#include "conn.h"
#include "link.h"
#include "reach.h"

#define UNSAID_MAX (4 << 20)	/* bytes that wait to be sent */

/* A request, as long as its thread waits for the answer. */
struct call {
	struct call *next;
	const struct command *command;
	struct store_reply *reply;
	bool in_full;		/* said as text, not by name */
	int64_t deadline_ms;
	bool over;		/* the two below are what came of it */
	enum store_trouble trouble;
	struct err *err;
	pthread_cond_t turn;	/* it is over, or its thread is to read */
};

struct store_pool {
	store_health_fn *health;
	void *arg;

	pthread_mutex_t mutex;	/* over all that follows */
	struct link link;
	int64_t retry_ms;	/* while down: when the next one may try */
	uint32_t sentinel;	/* the one to ask; it stays while it is right */
	bool news, telling;
	char text[160];		/* of the news */

	struct call *first, **end;	/* in the order of their answers */
	struct buf unsaid, saying;	/* to be sent; being sent */
	/*
	 * One thread at a time reads, and one writes, for all; neither holds
	 * the lock over it. The connection is theirs: it is closed when it is
	 * lost and both are through with it.
	 */
	struct conn *conn;	/* NULL: not connected */
	bool reading, writing;
	enum store_trouble lost;	/* STORE_FINE: it is not */
	struct err lost_err;
};

/* Nothing was asked on an idle connection: if there is something to read, the
 * server closed it. Seen now, the request need not be sent twice. */
static bool
is_stale(const struct conn *conn)
{
	struct pollfd p = { .fd = conn_fd(conn), .events = POLLIN };

	return poll(&p, 1, 0) != 0;
}

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

static void
note(struct store_pool *p, bool news, const char *text)
{
	if (!news)
		return;
	p->news = true;
	printable(p->text, sizeof(p->text), span_of(text));
}

/* Nobody is answered any more. Whoever still reads or writes is shaken off. */
static void
lose(struct store_pool *p, enum store_trouble trouble, const struct err *err)
{
	if (p->lost != STORE_FINE)
		return;
	p->lost = trouble;
	p->lost_err = *err;
	if (p->conn != NULL)
		shutdown(conn_fd(p->conn), SHUT_RDWR);
}

static void
enqueue(struct store_pool *p, struct call *call)
{
	struct err err;

	call->next = NULL;
	if (p->first == NULL)
		p->end = &p->first;
	*p->end = call;
	p->end = &call->next;
	if (call->in_full)
		command_by_text(call->command, &p->unsaid);
	else
		command_by_name(call->command, &p->unsaid);
	if (buf_overflowed(&p->unsaid)) {
		err_set(&err, ERR_UNAVAILABLE, "redis: it takes no requests");
		lose(p, STORE_SILENT, &err);
	}
}

static void
end_first(struct store_pool *p, enum store_trouble trouble)
{
	struct call *call = p->first;

	p->first = call->next;
	call->trouble = trouble;
	call->over = true;
	pthread_cond_signal(&call->turn);
}

static void
bury(struct store_pool *p)
{
	const int64_t now = clock_mono_ms();

	if (p->lost == STORE_FINE || p->reading || p->writing)
		return;
	conn_free(&p->conn);
	buf_clear(&p->unsaid);
	while (p->first != NULL) {
		*p->first->err = p->lost_err;
		if (p->lost_err.kind == ERR_TIMEOUT &&
		    now < p->first->deadline_ms)
			p->first->err->kind = ERR_UNAVAILABLE;
		end_first(p, p->lost);
	}
	if (!p->link.down)
		p->retry_ms = now + LINK_RETRY_MS;
	note(p, link_is_down(&p->link, p->lost, now), p->lost_err.text);
	p->lost = STORE_FINE;
}

/* Nothing is under way: see to it that there is a connection. */
static void
make_ready(struct store_pool *p, int64_t deadline_ms)
{
	struct conn *conn = p->conn;
	uint32_t sentinel = p->sentinel;
	enum store_trouble trouble = STORE_FINE;
	struct err err;

	p->conn = NULL;
	p->reading = p->writing = true;
	pthread_mutex_unlock(&p->mutex);
	if (conn != NULL && is_stale(conn))
		conn_free(&conn);
	if (conn == NULL)
		trouble = reach_redis(&p->link.options, &sentinel,
		    deadline_ms, &conn, &err);
	pthread_mutex_lock(&p->mutex);
	p->conn = conn;
	p->sentinel = sentinel;
	p->reading = p->writing = false;
	if (trouble != STORE_FINE)
		lose(p, trouble, &err);
	bury(p);
}

/* Send all that there is, and what comes meanwhile. */
static void
write_all(struct store_pool *p, int64_t deadline_ms)
{
	struct err err;

	p->writing = true;
	while (p->unsaid.len > 0 && p->lost == STORE_FINE) {
		const struct buf bytes = p->unsaid;
		int said;

		p->unsaid = p->saying;
		p->saying = bytes;
		pthread_mutex_unlock(&p->mutex);
		said = reach_say(p->conn, buf_span(&bytes), deadline_ms,
		    &err);
		pthread_mutex_lock(&p->mutex);
		buf_clear(&p->saying);
		if (said < 0)
			lose(p, reach_trouble(&err), &err);
	}
	p->writing = false;
	bury(p);
}

/* An answer to the first call; its own struct and the reader's alone know it,
 * so that it is read without the lock. */
static enum store_trouble
read_answer(struct call *call, const redisReply *said, bool *out_again)
{
	*out_again = answer_wants_text(said) && !call->in_full;
	return *out_again ? STORE_FINE :
	    answer_read(call->command, said, call->reply, call->err);
}

static void
answered(struct store_pool *p, enum store_trouble trouble, bool again)
{
	struct call *call = p->first;

	if (again) {
		p->first = call->next;
		call->in_full = true;
		enqueue(p, call);
		return;
	}
	/* After a fail-over the connection leads to no primary any more. */
	if (trouble == STORE_LOADING || (trouble == STORE_READONLY &&
	    p->link.options.sentinels.n > 0)) {
		lose(p, trouble, call->err);
		return;
	}
	note(p, link_is_up(&p->link, trouble, clock_mono_ms()),
	    trouble != STORE_FINE ? call->err->text : "");
	end_first(p, trouble);
}

/* Wait for bytes, and read what answers they make. */
static int
read_some(struct store_pool *p, struct err *err)
{
	struct call *call = p->first;
	const int64_t deadline_ms = call->deadline_ms;
	int done;

	pthread_mutex_unlock(&p->mutex);
	done = reach_wait(p->conn, POLLIN, deadline_ms, err) < 0 ? -1 :
	    conn_read(p->conn, err);
	while (done == 0) {
		redisReply *said = NULL;
		enum store_trouble trouble;
		bool again;

		done = conn_next(p->conn, &said, err);
		if (done < 0 || said == NULL)
			break;
		if (call == NULL)
			done = err_set(err, ERR_SYNTAX,
			    "redis: an answer to no question");
		else {
			trouble = read_answer(call, said, &again);
			pthread_mutex_lock(&p->mutex);
			answered(p, trouble, again);
			call = p->lost == STORE_FINE ? p->first : NULL;
			pthread_mutex_unlock(&p->mutex);
		}
		freeReplyObject(said);
	}
	pthread_mutex_lock(&p->mutex);
	return done;
}

/* Read for all, until this call is over. */
static void
read_until_over(struct store_pool *p, const struct call *call)
{
	struct err err;

	p->reading = true;
	while (!call->over && p->lost == STORE_FINE) {
		if (read_some(p, &err) < 0)
			lose(p, reach_trouble(&err), &err);
		if (p->unsaid.len > 0 && !p->writing)
			write_all(p, call->deadline_ms);
	}
	p->reading = false;
	bury(p);
	if (p->first != NULL && !p->reading)
		pthread_cond_signal(&p->first->turn);
}

static int
enter(struct store_pool *p, const struct call *call)
{
	const int64_t now = clock_mono_ms();

	if (p->link.down && now < p->retry_ms)
		return err_set(call->err, ERR_UNAVAILABLE, "redis is %s: %s",
		    store_trouble_name(p->link.told), p->text);
	if (p->link.down)
		p->retry_ms = now + LINK_RETRY_MS;
	return 0;
}

static void
perform(struct store_pool *p, struct call *call)
{
	const bool idle = p->first == NULL && !p->reading && !p->writing;

	enqueue(p, call);
	if (idle)
		make_ready(p, call->deadline_ms);
	if (!call->over && !p->writing)
		write_all(p, call->deadline_ms);
	while (!call->over) {
		if (p->reading || p->lost != STORE_FINE)
			pthread_cond_wait(&call->turn, &p->mutex);
		else
			read_until_over(p, call);
	}
}

struct store_pool *
store_pool_new(const struct store_options *options, store_health_fn *health,
    void *arg)
{
	struct store_pool *p = mem_new(1, sizeof(*p));

	p->health = health;
	p->arg = arg;
	pthread_mutex_init(&p->mutex, NULL);
	p->link = link_new(options);
	p->link.down = false;	/* the first call finds out */
	p->unsaid = buf_new(UNSAID_MAX);
	p->saying = buf_new(UNSAID_MAX);
	return p;
}

void
store_pool_free(struct store_pool **pool)
{
	struct store_pool *p = *pool;

	if (p == NULL)
		return;
	conn_free(&p->conn);
	buf_free(&p->unsaid);
	buf_free(&p->saying);
	link_free(&p->link);
	pthread_mutex_destroy(&p->mutex);
	mem_free(p);
	*pool = NULL;
}

int
store_pool_call(struct store_pool *pool, const struct store_request *request,
    struct store_reply *out_reply, struct err *err)
{
	const struct store_options *options = &pool->link.options;
	struct command c;
	struct call call = {
		.command = &c,
		.reply = out_reply,
		.err = err,
		.deadline_ms = clock_mono_ms() + options->timeout_ms,
		.trouble = STORE_UNREACHABLE,
	};

	if (command_make(&c, options->prefix, request, err) == 0) {
		pthread_cond_init(&call.turn, NULL);
		pthread_mutex_lock(&pool->mutex);
		if (enter(pool, &call) == 0)
			perform(pool, &call);
		tell(pool);
		pthread_mutex_unlock(&pool->mutex);
		pthread_cond_destroy(&call.turn);
	}
	command_free(&c);
	return call.trouble == STORE_FINE ? 0 : -1;
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
