/*
 * What Redis may answer, as text: the verb's number, then a line each
 *
 *	(		an array begins
 *	)		it ends
 *	:5		an integer
 *	-NOPERM ...	an error
 *	_		nothing
 *	text		text
 */
#include "fuzz.h"

#include "base/mem.h"
#include "base/number.h"
#include "base/printable.h"
#include "store/answer.h"
#include "store/sentinel.h"

#include <assert.h>
#include <hiredis.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 7		/* hiredis goes no deeper */
#define NODES_MAX 1024

static redisReply nodes[NODES_MAX];
static size_t n_nodes;

static redisReply *
node(int type, struct span text)
{
	redisReply *r = &nodes[n_nodes++];

	*r = (redisReply){ .type = type };
	if (type != REDIS_REPLY_ARRAY) {
		/* As hiredis has it: with a NUL behind it. */
		r->str = mem_new(text.len + 1, 1);
		if (text.len > 0)
			memcpy(r->str, text.at, text.len);
		r->len = text.len;
	}
	return r;
}

static redisReply *
scalar(struct span line)
{
	const char kind = line.len > 0 ? line.at[0] : ' ';
	redisReply *r;

	switch (kind) {
	case ':':
		r = node(REDIS_REPLY_INTEGER, line);
		r->integer = strtoll(r->str + 1, NULL, 10);
		return r;
	case '-':
		return node(REDIS_REPLY_ERROR, (struct span){
			line.at + 1, line.len - 1,
		    });
	case '_':
		return node(REDIS_REPLY_NIL, SPAN(""));
	}
	return node(REDIS_REPLY_STRING, line);
}

static redisReply *read_array(struct span *in, int depth);

static redisReply *
read_one(struct span *in, struct span line, int depth)
{
	return span_eq(line, SPAN("(")) && depth < DEPTH_MAX ?
	    read_array(in, depth + 1) : scalar(line);
}

static redisReply *
read_array(struct span *in, int depth)
{
	redisReply *array = node(REDIS_REPLY_ARRAY, SPAN(""));
	redisReply **list = mem_new(NODES_MAX, sizeof(redisReply *));
	size_t n = 0;

	while (in->len > 0 && n_nodes < NODES_MAX) {
		const struct span line = span_cut(in, '\n');

		if (span_eq(line, SPAN(")")))
			break;
		list[n++] = read_one(in, line, depth);
	}
	array->element = mem_resize(list, n > 0 ? n : 1, sizeof(list[0]));
	array->elements = n;
	return array;
}

static void
free_nodes(void)
{
	for (size_t i = 0; i < n_nodes; i++) {
		mem_free(nodes[i].str);
		mem_free(nodes[i].element);
	}
	n_nodes = 0;
}

/* Printable, and it ends where its array does. */
static void
check_text(const char *text, size_t size)
{
	const size_t len = strnlen(text, size);

	assert(len < size);
	assert(printable_all((struct span){ text, len }));
}

static void
check_record(const struct upstream_record *r)
{
	assert(record_sane(r) && r->version >= 0);
	check_text(r->incident, sizeof(r->incident));
	check_text(r->rule, sizeof(r->rule));
	check_text(r->sample, sizeof(r->sample));
}

static void
check_override(const struct override *o)
{
	assert(override_state_name(o->state) != NULL && o->until_ms >= 0);
	check_text(o->by, sizeof(o->by));
	check_text(o->reason, sizeof(o->reason));
}

static void
check_upstream(const struct store_reply *reply)
{
	const struct window *w = &reply->u.upstream.window;

	check_record(&reply->u.upstream.record);
	check_override(&reply->u.upstream.override);
	assert(reply->u.upstream.n_hosts <= WINDOW_HOSTS);
	assert(w->n <= WINDOW_ROWS);
	for (uint32_t i = 0; i < w->n; i++)
		assert(w->rows[i].class < OUTCOME_CLASSES &&
		    w->rows[i].host < WINDOW_HOSTS && w->rows[i].count > 0);
	(void)window_evidence(w, 120000, 20, reply->now_ms);
	assert(reply->u.upstream.n_alone <= WINDOW_HOSTS);
	for (uint32_t i = 0; i < reply->u.upstream.n_alone; i++) {
		const struct alone_view *a = &reply->u.upstream.alone[i];
		const struct upstream_record own = store_alone_record(reply,
		    a->host);

		assert(a->allowance <= 1000 && a->state != BREAKER_CLOSED);
		check_text(a->host, sizeof(a->host));
		check_text(a->incident, sizeof(a->incident));
		assert(record_sane(&own));
	}
}

static void
check_lists(const struct store_reply *reply)
{
	if (reply->verb == STORE_HOSTS) {
		assert(reply->u.hosts.n <= STORE_LIST_MAX);
		for (uint32_t i = 0; i < reply->u.hosts.n; i++) {
			const struct store_host *h = &reply->u.hosts.list[i];

			check_text(h->name, sizeof(h->name));
			check_text(h->version, sizeof(h->version));
			check_text(h->digest, sizeof(h->digest));
			check_text(h->mode, sizeof(h->mode));
		}
	}
	if (reply->verb == STORE_EVENTS) {
		assert(reply->u.events.n <= STORE_LIST_MAX);
		for (uint32_t i = 0; i < reply->u.events.n; i++) {
			const struct store_event *e = &reply->u.events.list[i];

			assert(strnlen(e->id, sizeof(e->id)) < sizeof(e->id));
			assert(e->n <= STORE_PAIRS_MAX);
			for (uint32_t k = 0; k < e->n; k++) {
				check_text(e->pairs[k].name,
				    sizeof(e->pairs[k].name));
				check_text(e->pairs[k].value,
				    sizeof(e->pairs[k].value));
			}
		}
	}
}

static void
check(const struct store_reply *reply)
{
	assert(reply->now_ms > 0);
	if (reply->verb == STORE_OBSERVE)
		check_upstream(reply);
	else if (reply->verb == STORE_COMMIT)
		check_record(&reply->u.commit.record);
	else if (reply->verb == STORE_DESTINATION)
		check_override(&reply->u.destination.hold);
	check_lists(reply);
}

/* Of a sentinel, and of who it named. */
static void
check_sentinel(const redisReply *said)
{
	struct address where = { .port = 0 };
	struct err err = { 0 };

	if (sentinel_answer(said, &where, &err) == STORE_FINE)
		assert(!where.is_unix && where.port > 0);
	else
		check_text(err.text, sizeof(err.text));
	if (sentinel_role(said, &err) != STORE_FINE)
		check_text(err.text, sizeof(err.text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size };
	struct command asked = { .host = "mx1", .window_ms = 120000, .n = 3 };
	static struct store_reply reply;	/* it is large */
	const redisReply *said;
	struct err err = { 0 };
	struct span line;
	int64_t verb;

	if (!number_parse(span_cut(&in, '\n'), 0, STORE_EVENTS, &verb))
		return 0;
	asked.verb = (enum store_verb)verb;
	line = span_cut(&in, '\n');
	said = read_one(&in, line, 0);
	(void)answer_wants_text(said);
	assert((answer_greeting(said, &err) == STORE_FINE) ==
	    (said->type != REDIS_REPLY_ERROR));
	check_sentinel(said);
	err = (struct err){ 0 };
	if (answer_read(&asked, said, &reply, &err) == STORE_FINE) {
		check(&reply);
		store_reply_clear(&reply);
	} else {
		assert(err.kind != ERR_NONE);
		check_text(err.text, sizeof(err.text));
	}
	free_nodes();
	return 0;
}
