#include "sentinel.h"

#include <hiredis.h>

#include "answer.h"
#include "base/printable.h"
#include "command.h"

static bool
is_text(const redisReply *r)
{
	return r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS;
}

static struct span
text_of(const redisReply *r)
{
	return (struct span){ r->str, r->len };
}

void
sentinel_question(struct buf *out, const char *name)
{
	buf_add_text(out, "*3\r\n");
	command_word(out, SPAN("SENTINEL"));
	command_word(out, SPAN("get-master-addr-by-name"));
	command_word(out, span_of(name));
}

/* Brackets are right around an IPv4 address, too. */
static bool
read_address(const redisReply *host, const redisReply *port,
    struct address *out)
{
	struct buf b = buf_new(sizeof("tcp:[]:65535") + sizeof(out->host));
	bool good;

	buf_add_text(&b, "tcp:[");
	buf_add_span(&b, text_of(host));
	buf_add_text(&b, "]:");
	buf_add_span(&b, text_of(port));
	good = !buf_overflowed(&b) && address_parse(buf_span(&b), out);
	buf_free(&b);
	return good;
}

enum store_trouble
sentinel_answer(const redisReply *said, struct address *out_address,
    struct err *err)
{
	char host[64];

	if (said->type == REDIS_REPLY_ERROR)
		return answer_greeting(said, err);
	if (said->type == REDIS_REPLY_NIL) {
		err_set(err, ERR_UNAVAILABLE,
		    "sentinel: it knows no primary of that name");
		return STORE_UNREACHABLE;
	}
	if (said->type != REDIS_REPLY_ARRAY || said->elements != 2 ||
	    !is_text(said->element[0]) || !is_text(said->element[1])) {
		err_set(err, ERR_SYNTAX, "sentinel: an answer of an odd shape");
		return STORE_ODD;
	}
	if (!read_address(said->element[0], said->element[1], out_address)) {
		err_set(err, ERR_SYNTAX, "sentinel: \"%s\" is no address",
		    printable(host, sizeof(host), text_of(said->element[0])));
		return STORE_ODD;
	}
	return STORE_FINE;
}

enum store_trouble
sentinel_role(const redisReply *said, struct err *err)
{
	if (said->type == REDIS_REPLY_ERROR)
		return answer_greeting(said, err);
	if (said->type != REDIS_REPLY_ARRAY || said->elements == 0 ||
	    !is_text(said->element[0])) {
		err_set(err, ERR_SYNTAX, "redis: a role of an odd shape");
		return STORE_ODD;
	}
	if (!span_eq(text_of(said->element[0]), SPAN("master"))) {
		err_set(err, ERR_UNAVAILABLE,
		    "redis: what the sentinels name is no primary");
		return STORE_READONLY;
	}
	return STORE_FINE;
}
