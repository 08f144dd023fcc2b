#include "ctl/link.h"

#include "base/mem.h"
#include "store/pool.h"

#include <stdio.h>

#define LINK_TIMEOUT_MS 2000

struct link {
	const struct config *config;
	struct store_pool *pool;
	enum store_trouble trouble;
	char text[200];
};

static void
on_health(void *arg, enum store_trouble trouble, const char *text)
{
	struct link *link = arg;

	link->trouble = trouble;
	snprintf(link->text, sizeof(link->text), "%s", text);
}

static void
say_away(const struct link *link, const struct err *err)
{
	const struct address *a = &link->config->store.address;
	const bool known = link->trouble != STORE_FINE;

	if (a->is_unix)
		fprintf(stderr, "mailweir: Redis at unix:%s: ", a->path);
	else
		fprintf(stderr, "mailweir: Redis at tcp:%s:%u: ", a->host,
		    (unsigned)a->port);
	if (known)
		fprintf(stderr, "%s (%s). %s\n",
		    store_trouble_name(link->trouble), link->text,
		    store_trouble_advice(link->trouble));
	else
		fprintf(stderr, "%s\n", err->text);
}

struct config *
link_config(const struct options *o)
{
	struct config_errors errors = { 0 };
	struct config *config = config_load(
	    o->file != NULL ? o->file : CONFIG_DEFAULT_FILE, &errors);

	if (config == NULL)
		config_errors_print(&errors, stderr);
	config_errors_free(&errors);
	return config;
}

struct link *
link_new(const struct config *config)
{
	struct link *link = mem_new(1, sizeof(*link));
	const struct store_options options = {
		.address = config->store.address,
		.prefix = config->store.prefix,
		.username = config->store.username,
		.password = config->store.password,
		.database = config->store.database,
		.timeout_ms = LINK_TIMEOUT_MS,
	};

	link->config = config;
	link->pool = store_pool_new(&options, 1, on_health, link);
	return link;
}

void
link_free(struct link **link)
{
	if (*link == NULL)
		return;
	store_pool_free(&(*link)->pool);
	mem_free(*link);
	*link = NULL;
}

bool
link_ask(struct link *link, const struct store_request *request,
    struct store_reply *out_reply)
{
	struct err err = { 0 };

	if (store_pool_call(link->pool, request, out_reply, &err) == 0)
		return true;
	say_away(link, &err);
	return false;
}

bool
link_upstream(struct link *link, uint32_t index,
    struct store_reply *out_reply)
{
	const struct upstream *u = &link->config->plan.upstreams[index];

	return link_ask(link, &(struct store_request){
		.verb = STORE_OBSERVE, .name = u->name,
		.u.observe = { .host = link->config->host,
		    .window_ms = u->breaker.window_ms },
	    }, out_reply);
}
