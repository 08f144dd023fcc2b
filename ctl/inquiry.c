#include "ctl/inquiry.h"

#include "base/buf.h"
#include "base/mem.h"
#include "store/pool.h"

#include <stdio.h>

#define INQUIRY_TIMEOUT_MS 2000

struct inquiry {
	const struct config *config;
	struct store_pool *pool;
	enum store_trouble trouble;
	char text[200];
	char sentence[640];
};

static void
on_health(void *arg, enum store_trouble trouble, const char *text)
{
	struct inquiry *q = arg;

	q->trouble = trouble;
	snprintf(q->text, sizeof(q->text), "%s", text);
}

static void
note_trouble(struct inquiry *q, const struct err *err)
{
	struct buf b = buf_new(sizeof(q->sentence) - 1);

	if (q->trouble != STORE_FINE)
		buf_addf(&b, "%s (%s)", store_trouble_name(q->trouble),
		    q->text);
	else
		buf_addf(&b, "of no use (%s)", err->text);
	buf_addf(&b, ", at %s", q->config->store.redis);
	if (q->trouble != STORE_FINE)
		buf_addf(&b, ". %s", store_trouble_advice(q->trouble));
	snprintf(q->sentence, sizeof(q->sentence), "%s", buf_text(&b));
	buf_free(&b);
}

struct config *
inquiry_config(const struct options *o)
{
	struct config_errors errors = { 0 };
	struct config *config = config_load(
	    o->file != NULL ? o->file : CONFIG_DEFAULT_FILE, &errors);

	if (config == NULL)
		config_errors_print(&errors, stderr);
	config_errors_free(&errors);
	return config;
}

struct inquiry *
inquiry_new(const struct config *config)
{
	struct inquiry *q = mem_new(1, sizeof(*q));
	const struct store_options options = {
		.address = config->store.address,
		.sentinels = config->store.sentinels,
		.prefix = config->store.prefix,
		.username = config->store.username,
		.password = config->store.password,
		.database = config->store.database,
		.timeout_ms = INQUIRY_TIMEOUT_MS,
	};

	q->config = config;
	q->pool = store_pool_new(&options, on_health, q);
	return q;
}

void
inquiry_free(struct inquiry **q)
{
	if (*q == NULL)
		return;
	store_pool_free(&(*q)->pool);
	mem_free(*q);
	*q = NULL;
}

const char *
inquiry_host(const struct inquiry *q)
{
	return q->config->host;
}

bool
inquiry_ask(struct inquiry *q, const struct store_request *request,
    struct store_reply *out_reply)
{
	struct err err = { 0 };

	if (store_pool_call(q->pool, request, out_reply, &err) == 0)
		return true;
	note_trouble(q, &err);
	return false;
}

const char *
inquiry_trouble(const struct inquiry *q)
{
	return q->sentence;
}

enum answer
inquiry_away(const struct inquiry *q)
{
	fprintf(stderr, "mailweir: Redis is %s\n", q->sentence);
	return ANSWER_AWAY;
}

bool
inquiry_upstream(struct inquiry *q, uint32_t index,
    struct store_reply *out_reply)
{
	return inquiry_ask(q, &(struct store_request){
		.verb = STORE_OBSERVE,
		.name = q->config->plan.upstreams[index].name,
		.u.observe.host = q->config->host,
	    }, out_reply);
}
