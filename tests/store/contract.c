#include "contract.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/async.h"
#include "store/local.h"
#include "store/pool.h"
#include "suite.h"

#define TIMEOUT_MS 5000		/* the machine may be busy */

struct redis redis;

/* The stores under test */

static struct store_local *local;
static struct store_pool *pool;
static struct event_base *base;
static struct store_async *async;

static struct store_options
options_for(struct address address)
{
	return (struct store_options){
		.address = address,
		.prefix = "mailweir",
		.timeout_ms = TIMEOUT_MS,
	};
}

static void
local_open(void)
{
	local = store_local_new();
}

static int
local_call(const struct store_request *request, struct store_reply *out_reply,
    struct err *err)
{
	return store_local_call(local, request, clock_wall_ms(), out_reply, err);
}

static void
pool_open(void)
{
	const struct store_options o = options_for(redis.unix_address);

	pool = store_pool_new(&o, NULL, NULL);
}

static void
tcp_open(void)
{
	const struct store_options o = options_for(redis.tcp_address);

	pool = store_pool_new(&o, NULL, NULL);
}

static int
pool_call(const struct store_request *request, struct store_reply *out_reply,
    struct err *err)
{
	return store_pool_call(pool, request, out_reply, err);
}

static void
async_open(void)
{
	const struct store_options o = options_for(redis.unix_address);
	const struct store_async_events events = { 0 };

	base = event_base_new();
	async = store_async_new(base, &o, &events);
	while (!store_async_up(async))
		event_base_loop(base, EVLOOP_ONCE);
}

struct answer {
	bool done;
	int rc;
	struct store_reply *reply;
	struct err *err;
};

static void *
copied(const void *list, uint32_t n, size_t size)
{
	void *copy = mem_new(n + 1, size);

	memcpy(copy, list, n * size);
	return copy;
}

/* The reply ends with the callback, and with it what it owns. */
static void
keep_answer(void *arg, const struct store_reply *reply, const struct err *err)
{
	struct answer *a = arg;

	ck_assert(!a->done);
	a->done = true;
	a->rc = reply != NULL ? 0 : -1;
	if (reply == NULL) {
		*a->err = *err;
		return;
	}
	*a->reply = *reply;
	if (reply->verb == STORE_HOSTS)
		a->reply->u.hosts.list = copied(reply->u.hosts.list,
		    reply->u.hosts.n, sizeof(struct store_host));
	if (reply->verb == STORE_EVENTS)
		a->reply->u.events.list = copied(reply->u.events.list,
		    reply->u.events.n, sizeof(struct store_event));
}

static int
async_call(const struct store_request *request, struct store_reply *out_reply,
    struct err *err)
{
	struct answer a = { .reply = out_reply, .err = err };
	const struct store_port port = store_async_port(async);

	port.send(port.self, request, keep_answer, &a);
	ck_assert(!a.done);
	while (!a.done)
		event_base_loop(base, EVLOOP_ONCE);
	return a.rc;
}

static const struct backend backends[STORES] = {
	[IN_MEMORY] = { "local", local_open, local_call },
	[POOL] = { "pool on a unix socket", pool_open, pool_call },
	[LOOP] = { "event loop", async_open, async_call },
	[POOL_OVER_TCP] = { "pool over TCP", tcp_open, pool_call },
};

const struct backend *store;

void
open_store(int which)
{
	store = &backends[which];
	ck_assert_str_eq(redis_say(&redis, "FLUSHALL"), "OK");
	store->open();
}

bool
store_is_redis(void)
{
	return store != &backends[IN_MEMORY];
}

static void
close_store(void)
{
	store_async_free(&async);
	if (base != NULL)
		event_base_free(base);
	base = NULL;
	store_pool_free(&pool);
	store_local_free(&local);
}

/* Requests as sentences */

struct store_reply
ask(const struct store_request *request)
{
	struct store_reply reply;
	struct err err = { 0 };

	if (store->call(request, &reply, &err) < 0)
		ck_abort_msg("%s: %s", store->name, err.text);
	ck_assert(reply.verb == request->verb);
	ck_assert(reply.now_ms > 1500000000000);
	return reply;
}

struct store_reply
destination(const char *name)
{
	return ask(&(struct store_request){
		.verb = STORE_DESTINATION,
		.name = name,
	});
}

struct store_reply
observe(struct seen s)
{
	struct store_request r = {
		.verb = STORE_OBSERVE,
		.name = "filter",
		.u.observe = {
			.host = s.host,
			.window_ms = 120000,
			.version = s.version,
			.had_good = s.had_good,
			.bad_tail = s.bad_tail,
		},
	};

	r.u.observe.counts[OUTCOME_OK] = s.ok;
	r.u.observe.counts[OUTCOME_TROUBLE] = s.trouble;
	r.u.observe.counts[OUTCOME_TROUBLE_HALF] = s.half;
	return ask(&r);
}

struct upstream_record
an_open_record(void)
{
	struct upstream_record r = {
		.breaker = {
			.state = BREAKER_OPEN,
			.reason = BREAKER_STREAK,
			.trips = 3,
			.backed = 450,
			.since_ms = 1763728000000,
			.until_ms = 1763728030000,
		},
		.throttle = { .cap = 14, .refused = 2, .cut_ms = 1763728000000,
		    .raised_ms = 1763728060000 },
	};

	snprintf(r.incident, sizeof(r.incident), "filter-20261121-1");
	snprintf(r.rule, sizeof(r.rule), "server-busy");
	snprintf(r.sample, sizeof(r.sample), "4.3.2 \"odd\" %% text, \\ and so on");
	return r;
}

struct store_reply
commit(struct upstream_record record, int64_t version, bool afresh)
{
	return ask(&(struct store_request){
		.verb = STORE_COMMIT,
		.name = "filter",
		.u.commit = { record, version, afresh },
	});
}

/* Programs */

static void
start_redis(void)
{
	redis_start(&redis);
}

static void
stop_redis(void)
{
	redis_stop(&redis);
}

TCase *
contract_case(const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 30);
	tcase_add_unchecked_fixture(tc, start_redis, stop_redis);
	tcase_add_checked_fixture(tc, NULL, close_store);
	return tc;
}

void
contract_every_store(TCase *tc, const TTest *const *tests, size_t n)
{
	for (size_t i = 0; i < n; i++)
		tcase_add_loop_test(tc, tests[i], 0, STORES);
}

int
contract_main(TCase *tc)
{
	Suite *s = suite_create("store/contract");

	suite_add_tcase(s, tc);
	if (!redis_there()) {
		puts("1..0 # SKIP redis-server is not installed");
		return EXIT_SUCCESS;
	}
	return suite_main(s);
}
