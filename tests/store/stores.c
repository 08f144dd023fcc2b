#include "stores.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "suite.h"

struct store_options options;

/* What the administrator was told */

enum store_trouble told[32];
uint32_t n_told;
char told_text[200];
char changed[256];

static void
on_health(void *arg, enum store_trouble trouble, const char *text)
{
	(void)arg;
	ck_assert_uint_lt(n_told, MW_N_OF(told));
	told[n_told++] = trouble;
	snprintf(told_text, sizeof(told_text), "%s", text);
}

void
check_told_last(enum store_trouble want)
{
	ck_assert_uint_gt(n_told, 0);
	ck_assert_str_eq(store_trouble_name(told[n_told - 1]),
	    store_trouble_name(want));
}

/* Two stores: of threads and of a loop */

static struct store_pool *pool;
static struct event_base *base;
static struct store_async *async;

static void
on_changed(void *arg, const char *name)
{
	(void)arg;
	snprintf(changed, sizeof(changed), "%s", name);
}

void
turn(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
	nap(1);
}

static void
on_answer(void *arg, const struct store_reply *reply, const struct err *err)
{
	struct answer *a = arg;

	ck_assert(!a->done);
	a->done = true;
	a->took_ms = clock_mono_ms() - a->began_ms;
	a->rc = reply != NULL ? 0 : -1;
	if (reply == NULL) {
		a->err = *err;
		return;
	}
	a->reply = *reply;
	if (reply->verb == STORE_HOSTS || reply->verb == STORE_EVENTS)
		memset(&a->reply.u, 0, sizeof(a->reply.u));
}

void
ask(const struct store_request *request, struct answer *a)
{
	const struct store_port port = store_async_port(async);

	memset(a, 0, sizeof(*a));
	a->began_ms = clock_mono_ms();
	port.send(port.self, request, on_answer, a);
	ck_assert(!a->done);
}

void
wait_for(const struct answer *a)
{
	while (!a->done)
		turn();
}

static void
pool_open(void)
{
	pool = store_pool_new(&options, on_health, NULL);
}

static void
pool_call(const struct store_request *request, struct answer *a)
{
	memset(a, 0, sizeof(*a));
	a->began_ms = clock_mono_ms();
	a->rc = store_pool_call(pool, request, &a->reply, &a->err);
	a->took_ms = clock_mono_ms() - a->began_ms;
}

static bool
pool_up(void)
{
	return store_pool_up(pool);
}

static void
async_open(void)
{
	const struct store_async_events events = {
		.health = on_health,
		.changed = on_changed,
	};

	base = event_base_new();
	async = store_async_new(base, &options, &events);
	while (n_told == 0)
		turn();
}

static void
async_call(const struct store_request *request, struct answer *a)
{
	ask(request, a);
	wait_for(a);
}

static bool
async_up(void)
{
	return store_async_up(async);
}

const struct backend *store;

static const struct backend backends[STORES] = {
	{ "pool", pool_open, pool_call, pool_up },
	{ "event loop", async_open, async_call, async_up },
};

/* Requests */

const struct store_request count_one = {
	.verb = STORE_COUNT,
	.name = "contoso",
	.u.count.add = { 1 },
};
const struct store_request read_upstream = {
	.verb = STORE_OBSERVE,
	.name = "filter",
	.u.observe = { .host = "a", .window_ms = 120000 },
};

void
check_works(const struct store_request *request)
{
	struct answer a;

	store->call(request, &a);
	ck_assert_msg(a.rc == 0, "%s: %s", store->name, a.err.text);
	store_reply_clear(&a.reply);
}

void
check_fails(const struct store_request *request, enum err_kind kind)
{
	struct answer a;

	store->call(request, &a);
	ck_assert_int_eq(a.rc, -1);
	ck_assert_msg(a.err.kind == kind, "%s: %s", store->name, a.err.text);
}

void
check_recovers(const struct store_request *request)
{
	const int64_t end = clock_mono_ms() + PATIENCE_MS;
	struct answer a;

	do {
		nap(20);
		store->call(request, &a);
	} while (a.rc < 0 && clock_mono_ms() < end);
	ck_assert_msg(a.rc == 0, "%s: %s", store->name, a.err.text);
	ck_assert(store->up());
}

void
check_tells_fine(const struct store_request *request)
{
	const int64_t end = clock_mono_ms() + PATIENCE_MS;
	struct answer a;

	while (told[n_told - 1] != STORE_FINE && clock_mono_ms() < end) {
		store->call(request, &a);
		nap(100);
	}
	check_told_last(STORE_FINE);
}

void
open_store(int which)
{
	store = &backends[which];
	store->open();
}

void
close_store(void)
{
	store_async_free(&async);
	if (base != NULL)
		event_base_free(base);
	base = NULL;
	store_pool_free(&pool);
}
