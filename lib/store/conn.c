#include "conn.h"

#include <fcntl.h>
#include <hiredis.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "answer.h"
#include "base/mem.h"
#include "base/printable.h"
#include "command.h"
#include "sentinel.h"

#define ANSWER_MAX (16 * 1024 * 1024)	/* bytes of one answer, about */
#define GREETING_MAX 2048

struct conn {
	redisContext *redis;
	size_t unread;		/* bytes since the last complete answer */
};

static int
failed(const struct conn *c, struct err *err)
{
	char safe[128];

	return err_set(err, c->redis->err == REDIS_ERR_PROTOCOL ?
	    ERR_SYNTAX : ERR_UNAVAILABLE, "redis: %s",
	    printable(safe, sizeof(safe), span_of(c->redis->errstr)));
}

/* hiredis writes with write(2): a server that went away must be an error,
 * not the end of the program. */
static void
survive_sigpipe(void)
{
	struct sigaction old;

	if (sigaction(SIGPIPE, NULL, &old) == 0 && old.sa_handler == SIG_DFL) {
		old.sa_handler = SIG_IGN;
		sigaction(SIGPIPE, &old, NULL);
	}
}

struct conn *
conn_new(const struct address *where, struct err *err)
{
	struct conn *c = mem_new(1, sizeof(*c));

	survive_sigpipe();
	c->redis = where->is_unix ? redisConnectUnixNonBlock(where->path) :
	    redisConnectNonBlock(where->host, where->port);
	if (c->redis == NULL || c->redis->err != 0) {
		if (c->redis != NULL)
			failed(c, err);
		else
			err_set(err, ERR_UNAVAILABLE, "redis: no memory");
		conn_free(&c);
		return NULL;
	}
	(void)fcntl(c->redis->fd, F_SETFD, FD_CLOEXEC);
	if (!where->is_unix)
		redisEnableKeepAlive(c->redis);
	return c;
}

void
conn_free(struct conn **conn)
{
	if (*conn == NULL)
		return;
	if ((*conn)->redis != NULL)
		redisFree((*conn)->redis);
	mem_free(*conn);
	*conn = NULL;
}

int
conn_fd(const struct conn *conn)
{
	return conn->redis->fd;
}

void
conn_put(struct conn *conn, struct span bytes)
{
	/* It can only fail for want of memory, and is then seen in conn_write. */
	(void)redisAppendFormattedCommand(conn->redis, bytes.at, bytes.len);
}

int
conn_write(struct conn *conn, bool *out_more, struct err *err)
{
	int done = 0;

	if (redisBufferWrite(conn->redis, &done) != REDIS_OK)
		return failed(conn, err);
	*out_more = !done;
	return 0;
}

int
conn_read(struct conn *conn, struct err *err)
{
	const size_t before = conn->redis->reader->len;

	if (redisBufferRead(conn->redis) != REDIS_OK)
		return failed(conn, err);
	conn->unread += conn->redis->reader->len - before;
	if (conn->unread > ANSWER_MAX)
		return err_set(err, ERR_SYNTAX, "redis: an answer without end");
	return 0;
}

int
conn_next(struct conn *conn, struct redisReply **out_reply, struct err *err)
{
	void *reply = NULL;

	if (redisGetReplyFromReader(conn->redis, &reply) != REDIS_OK)
		return failed(conn, err);
	if (reply != NULL)
		conn->unread = 0;
	*out_reply = reply;
	return 0;
}

static void
word(struct buf *out, const char *text)
{
	command_word(out, span_of(text));
}

unsigned
conn_greet(struct conn *conn, const struct store_options *options)
{
	struct buf b = buf_new(GREETING_MAX);
	unsigned n = 1;

	if (options->password != NULL) {
		buf_add_text(&b, options->username != NULL ? "*3\r\n" : "*2\r\n");
		word(&b, "AUTH");
		if (options->username != NULL)
			word(&b, options->username);
		word(&b, options->password);
		n++;
	}
	if (options->database != 0) {
		char number[16];

		snprintf(number, sizeof(number), "%d", options->database);
		buf_add_text(&b, "*2\r\n");
		word(&b, "SELECT");
		word(&b, number);
		n++;
	}
	buf_add_text(&b, "*1\r\n");
	word(&b, "PING");
	if (options->sentinels.n > 0) {
		buf_add_text(&b, "*1\r\n");
		word(&b, "ROLE");
		n++;
	}
	conn_put(conn, buf_span(&b));
	buf_free(&b);
	return n;
}

enum store_trouble
conn_greeted(const struct store_options *options, unsigned due,
    const redisReply *said, struct err *err)
{
	return due == 1 && options->sentinels.n > 0 ?
	    sentinel_role(said, err) : answer_greeting(said, err);
}
