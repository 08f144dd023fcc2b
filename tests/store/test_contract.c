/*
 * One list of cases for every store: in memory, through the pool and through
 * the event loop. Whoever builds on a store may rely on what stands here.
 */
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/chance.h"
#include "base/clock.h"
#include "base/mem.h"
#include "redis.h"
#include "store/async.h"
#include "store/local.h"
#include "store/pool.h"
#include "suite.h"

#define TIMEOUT_MS 5000		/* the machine may be busy */

static struct redis redis;

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

static const struct backend {
	const char *name;
	void (*open)(void);
	int (*call)(const struct store_request *, struct store_reply *,
	    struct err *);
} backends[] = {
	{ "local", local_open, local_call },
	{ "pool on a unix socket", pool_open, pool_call },
	{ "event loop", async_open, async_call },
	{ "pool over TCP", tcp_open, pool_call },
};

static const struct backend *store;

static void
open_store(int which)
{
	store = &backends[which];
	ck_assert_str_eq(redis_say(&redis, "FLUSHALL"), "OK");
	store->open();
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

static struct store_reply
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

static struct store_reply
take(const char *name, const char *member, uint32_t limit, int64_t ttl_ms)
{
	return ask(&(struct store_request){
		.verb = STORE_LEASE_TAKE,
		.name = name,
		.u.lease_take = {
			.member = member, .limit = limit, .ttl_ms = ttl_ms,
		},
	});
}

static struct store_reply
drop(const char *name, const char *member)
{
	return ask(&(struct store_request){
		.verb = STORE_LEASE_DROP,
		.name = name,
		.u.lease_drop = { &member, 1 },
	});
}

static struct store_reply
destination(const char *name)
{
	return ask(&(struct store_request){
		.verb = STORE_DESTINATION,
		.name = name,
	});
}

struct report {
	const char *host;
	uint32_t in_use, waiting, held, cap;
	int64_t settle_ms;
};

static struct store_reply
report_beside(uint32_t old, uint32_t limit, struct report r)
{
	return ask(&(struct store_request){
		.verb = STORE_SLOTS,
		.name = "filter",
		.u.slots = { r.host, r.in_use, r.waiting, old, r.held, r.cap,
		    limit, 30000, r.settle_ms },
	});
}

static struct store_reply
report(struct report r)
{
	return report_beside(0, r.cap, r);
}

static uint32_t
granted(struct report r)
{
	return report(r).u.slots.granted;
}

struct seen {
	const char *host;
	int64_t version;
	uint32_t ok, trouble, half;
	bool had_good;
	uint32_t bad_tail;
};

static struct store_reply
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

static struct upstream_record
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

static struct store_reply
commit(struct upstream_record record, int64_t version, bool afresh)
{
	return ask(&(struct store_request){
		.verb = STORE_COMMIT,
		.name = "filter",
		.u.commit = { record, version, afresh },
	});
}

static void
nap(int ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

static uint32_t
window_count(const struct store_reply *r, enum outcome_class class, bool mine)
{
	const struct window *w = &r->u.upstream.window;
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n; i++)
		if (w->rows[i].class == class &&
		    (w->rows[i].host == r->u.upstream.self) == mine)
			n += w->rows[i].count;
	return n;
}

/* Leases */

START_TEST(a_cap_holds)
{
	open_store(_i);
	ck_assert(take("contoso", "a/1", 2, 30000).u.lease.granted);
	ck_assert(take("contoso", "a/2", 2, 30000).u.lease.granted);

	struct store_reply third = take("contoso", "b/3", 2, 30000);
	ck_assert(!third.u.lease.granted);
	ck_assert_uint_eq(third.u.lease.count, 2);

	ck_assert(take("fabrikam", "b/3", 2, 30000).u.lease.granted);
	ck_assert_uint_eq(drop("contoso", "a/1").u.lease.count, 1);
	ck_assert(take("contoso", "b/3", 2, 30000).u.lease.granted);
	ck_assert_uint_eq(destination("contoso").u.destination.leases, 2);
}
END_TEST

START_TEST(the_same_member_takes_one_place)
{
	open_store(_i);
	ck_assert(take("contoso", "a/1", 1, 30000).u.lease.granted);

	struct store_reply again = take("contoso", "a/1", 1, 30000);
	ck_assert(again.u.lease.granted);
	ck_assert_uint_eq(again.u.lease.count, 1);
}
END_TEST

START_TEST(limit_0_is_no_limit)
{
	open_store(_i);
	ck_assert(take("contoso", "a/1", 1, 30000).u.lease.granted);
	ck_assert(!take("contoso", "a/2", 1, 30000).u.lease.granted);

	struct store_reply healed = take("contoso", "a/2", 0, 30000);
	ck_assert(healed.u.lease.granted);
	ck_assert_uint_eq(healed.u.lease.count, 2);
}
END_TEST

START_TEST(a_lease_ends_by_itself)
{
	const char *both[] = { "a/short", "a/long" };

	open_store(_i);
	ck_assert(take("contoso", "a/short", 2, 20).u.lease.granted);
	ck_assert(take("contoso", "a/long", 2, 30000).u.lease.granted);
	nap(50);
	ck_assert_uint_eq(destination("contoso").u.destination.leases, 1);

	struct store_reply r = ask(&(struct store_request){
		.verb = STORE_LEASE_RENEW,
		.name = "contoso",
		.u.lease_renew = { both, 2, 30000 },
	});
	ck_assert_uint_eq(r.u.renew.missing, 1);
	ck_assert(take("contoso", "b/1", 2, 30000).u.lease.granted);
}
END_TEST

START_TEST(a_renewal_lasts)
{
	const char *one[] = { "a/1" };

	open_store(_i);
	ck_assert(take("contoso", "a/1", 1, 150).u.lease.granted);

	struct store_reply r = ask(&(struct store_request){
		.verb = STORE_LEASE_RENEW,
		.name = "contoso",
		.u.lease_renew = { one, 1, 30000 },
	});
	ck_assert_uint_eq(r.u.renew.missing, 0);
	nap(350);
	ck_assert_uint_eq(destination("contoso").u.destination.leases, 1);
}
END_TEST

START_TEST(sixty_four_are_renewed_at_once)
{
	char names[STORE_MEMBERS_MAX][STORE_MEMBER_MAX + 1];
	const char *members[STORE_MEMBERS_MAX];

	open_store(_i);
	for (int i = 0; i < STORE_MEMBERS_MAX; i++) {
		memset(names[i], 'x', STORE_MEMBER_MAX);
		snprintf(names[i] + STORE_MEMBER_MAX - 2, 3, "%02d", i);
		members[i] = names[i];
		if (i != 5 && i != 63)
			take("contoso", members[i], 0, 30000);
	}

	struct store_reply r = ask(&(struct store_request){
		.verb = STORE_LEASE_RENEW,
		.name = "contoso",
		.u.lease_renew = { members, STORE_MEMBERS_MAX, 30000 },
	});
	ck_assert_uint_eq(r.u.renew.missing,
	    UINT64_C(1) << 5 | UINT64_C(1) << 63);
}
END_TEST

START_TEST(what_was_never_taken_is_dropped_in_peace)
{
	open_store(_i);
	ck_assert_uint_eq(drop("contoso", "a/1").u.lease.count, 0);
}
END_TEST

/* Slots */

START_TEST(a_lone_host_gets_all)
{
	open_store(_i);

	struct store_reply r = report((struct report){ "a", 2, 3, 0, 20, 0 });
	ck_assert_uint_eq(r.u.slots.granted, 20);
	ck_assert_uint_eq(r.u.slots.in_use, 2);
	ck_assert_uint_eq(r.u.slots.waiting, 3);
	ck_assert_uint_eq(r.u.slots.hosts, 1);
}
END_TEST

START_TEST(what_is_granted_is_not_granted_twice)
{
	open_store(_i);
	ck_assert_uint_eq(granted((struct report){ "a", 0, 0, 0, 10, 0 }), 10);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 5, 0, 10, 0 }), 0);
	/* a gives back what it has no use for, and keeps half of the rest */
	ck_assert_uint_eq(granted((struct report){ "a", 1, 0, 10, 10, 0 }), 3);
	ck_assert_uint_eq(granted((struct report){ "a", 1, 0, 3, 10, 0 }), 3);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 5, 0, 10, 0 }), 7);
}
END_TEST

START_TEST(shares_follow_demand)
{
	open_store(_i);
	granted((struct report){ "a", 0, 2, 0, 10, 0 });
	granted((struct report){ "b", 0, 90, 0, 10, 0 });
	granted((struct report){ "c", 0, 90, 0, 10, 0 });
	granted((struct report){ "a", 0, 2, 0, 10, 0 });
	granted((struct report){ "b", 0, 90, 0, 10, 0 });
	ck_assert_uint_eq(granted((struct report){ "c", 0, 90, 0, 10, 0 }), 4);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 90, 0, 10, 0 }), 4);
	ck_assert_uint_eq(granted((struct report){ "a", 0, 2, 0, 10, 0 }), 2);
}
END_TEST

START_TEST(the_rest_goes_to_the_first_by_name)
{
	open_store(_i);
	for (int i = 0; i < 2; i++) {
		granted((struct report){ "c", 0, 9, 0, 5, 0 });
		granted((struct report){ "b", 0, 9, 0, 5, 0 });
		granted((struct report){ "a", 0, 9, 0, 5, 0 });
	}
	ck_assert_uint_eq(granted((struct report){ "a", 0, 9, 0, 5, 0 }), 2);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 9, 0, 5, 0 }), 2);
	ck_assert_uint_eq(granted((struct report){ "c", 0, 9, 0, 5, 0 }), 1);
}
END_TEST

START_TEST(a_connection_in_use_counts_until_it_ends)
{
	open_store(_i);
	ck_assert_uint_eq(granted((struct report){ "a", 0, 8, 0, 8, 0 }), 8);
	ck_assert_uint_eq(granted((struct report){ "a", 8, 9, 8, 4, 0 }), 4);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 9, 0, 4, 0 }), 0);
	ck_assert_uint_eq(granted((struct report){ "a", 3, 9, 4, 4, 0 }), 2);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 9, 0, 4, 0 }), 0);
	ck_assert_uint_eq(granted((struct report){ "a", 3, 9, 2, 4, 0 }), 2);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 9, 0, 4, 0 }), 1);
	ck_assert_uint_eq(granted((struct report){ "a", 2, 9, 2, 4, 0 }), 2);
	ck_assert_uint_eq(granted((struct report){ "b", 1, 9, 1, 4, 0 }), 2);
	ck_assert_uint_eq(granted((struct report){ "a", 2, 5, 2, 0, 0 }), 0);
}
END_TEST

/* What a host has beside so many old connections, of ten in all. */
static uint32_t
beside(uint32_t old, struct report r)
{
	return report_beside(old, 10, r).u.slots.granted;
}

/* Eight hang: a trial is beside them, and never a second one. */
START_TEST(old_connections_count_apart_and_below_the_limit)
{
	open_store(_i);
	granted((struct report){ "a", 8, 9, 8, 10, 0 });
	ck_assert_uint_eq(beside(0, (struct report){ "b", 0, 9, 0, 1, 0 }), 0);
	ck_assert_uint_eq(beside(8, (struct report){ "a", 0, 0, 0, 1, 0 }), 0);
	ck_assert_uint_eq(beside(0, (struct report){ "b", 0, 9, 0, 1, 0 }), 1);
	ck_assert_uint_eq(beside(2, (struct report){ "a", 0, 0, 0, 1, 0 }), 0);
	ck_assert_uint_eq(report((struct report){ "b", 1, 9, 1, 1, 0 })
	    .u.slots.in_use, 3);
	/* none where all the limit hangs */
	ck_assert_uint_eq(beside(8, (struct report){ "b", 0, 9, 1, 1, 0 }), 0);
	ck_assert_uint_eq(beside(7, (struct report){ "b", 0, 9, 0, 1, 0 }), 1);
	/* what hangs leaves the rest, when all may flow again */
	ck_assert_uint_eq(beside(7, (struct report){ "b", 1, 9, 1, 10, 0 }), 1);
	ck_assert_uint_eq(beside(1, (struct report){ "b", 1, 9, 1, 10, 0 }), 7);
}
END_TEST

START_TEST(a_newcomer_gets_its_share_of_a_busy_one)
{
	open_store(_i);
	ck_assert_uint_eq(granted((struct report){ "a", 0, 90, 0, 8, 0 }), 8);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 90, 0, 8, 0 }), 0);
	ck_assert_uint_eq(granted((struct report){ "a", 8, 90, 8, 8, 0 }), 4);
	ck_assert_uint_eq(granted((struct report){ "a", 4, 90, 4, 8, 0 }), 4);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 90, 0, 8, 0 }), 4);
}
END_TEST

START_TEST(a_lost_store_grants_nothing_twice)
{
	open_store(_i);
	ck_assert_uint_eq(granted((struct report){ "a", 4, 3, 6, 10, 80 }), 6);
	ck_assert_uint_eq(granted((struct report){ "b", 1, 9, 4, 10, 80 }), 4);
	ck_assert_uint_eq(granted((struct report){ "c", 0, 9, 0, 10, 80 }), 0);
	nap(120);
	granted((struct report){ "a", 1, 0, 6, 10, 80 });
	ck_assert_uint_eq(granted((struct report){ "c", 0, 9, 0, 10, 80 }), 0);
	granted((struct report){ "a", 1, 0, 1, 10, 80 });
	ck_assert_uint_gt(granted((struct report){ "c", 0, 9, 0, 10, 80 }), 0);
}
END_TEST

/* The host never hears of the smaller grant, and uses all of the old one. */
START_TEST(what_an_answer_took_back_is_not_free_before_the_host_says_so)
{
	open_store(_i);
	ck_assert_uint_eq(granted((struct report){ "a", 0, 9, 0, 8, 0 }), 8);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 9, 0, 8, 0 }), 0);
	ck_assert_uint_eq(granted((struct report){ "a", 2, 9, 8, 8, 0 }), 4);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 9, 0, 8, 0 }), 0);
	ck_assert_uint_eq(granted((struct report){ "a", 2, 9, 4, 8, 0 }), 4);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 9, 0, 8, 0 }), 4);
}
END_TEST

static struct store_reply
brief_report(const char *host, uint32_t held)
{
	return ask(&(struct store_request){
		.verb = STORE_SLOTS,
		.name = "filter",
		.u.slots = { .host = host, .waiting = 9, .held = held,
		    .cap = 10, .limit = 10, .ttl_ms = 40, .settle_ms = 80 },
	});
}

/* The network was gone between all of them and the store. */
START_TEST(hosts_that_were_away_keep_what_they_hold)
{
	open_store(_i);
	ck_assert_uint_eq(brief_report("a", 10).u.slots.granted, 10);
	nap(60);
	ck_assert_uint_eq(brief_report("b", 0).u.slots.granted, 0);
	ck_assert_uint_eq(brief_report("a", 10).u.slots.granted, 10);
}
END_TEST

START_TEST(a_host_alone_and_first_waits_its_turn)
{
	open_store(_i);
	ck_assert_uint_eq(granted((struct report){ "a", 0, 5, 0, 10, 60 }), 0);
	nap(90);
	ck_assert_uint_eq(granted((struct report){ "a", 0, 5, 0, 10, 60 }), 10);
}
END_TEST

START_TEST(a_dead_hosts_slots_come_back)
{
	struct store_request r = {
		.verb = STORE_SLOTS,
		.name = "filter",
		.u.slots = { .host = "dead", .waiting = 10, .cap = 10,
		    .limit = 10, .ttl_ms = 40 },
	};

	open_store(_i);
	ck_assert_uint_eq(ask(&r).u.slots.granted, 10);
	r.u.slots.host = "alive";
	ck_assert_uint_eq(ask(&r).u.slots.granted, 0);
	nap(60);
	struct store_reply reply = ask(&r);
	ck_assert_uint_eq(reply.u.slots.granted, 10);
	ck_assert_uint_eq(reply.u.slots.hosts, 1);
}
END_TEST

/* Outcomes and the record */

START_TEST(nothing_is_known_of_a_new_upstream)
{
	open_store(_i);

	struct store_reply r = observe((struct seen){ .host = "a" });
	ck_assert_int_eq(r.u.upstream.record.version, 0);
	ck_assert_int_eq(r.u.upstream.record.breaker.state, BREAKER_CLOSED);
	ck_assert_int_eq(r.u.upstream.override.state, OVERRIDE_NONE);
	ck_assert_uint_eq(r.u.upstream.streak, 0);
	ck_assert_uint_eq(r.u.upstream.n_hosts, 0);
	ck_assert_uint_eq(r.u.upstream.window.n, 0);
}
END_TEST

START_TEST(a_plain_read_writes_nothing)
{
	open_store(_i);
	observe((struct seen){ .host = "a" });
	destination("contoso");
	ck_assert_str_eq(redis_say(&redis, "DBSIZE"), "0");
}
END_TEST

START_TEST(outcomes_of_all_hosts_are_seen)
{
	open_store(_i);
	observe((struct seen){ .host = "a", .ok = 5, .trouble = 2,
	    .had_good = true, .bad_tail = 1 });
	observe((struct seen){ .host = "b", .trouble = 3 });

	struct store_reply r = observe((struct seen){ .host = "a", .ok = 1,
	    .had_good = true });
	ck_assert_uint_eq(window_count(&r, OUTCOME_OK, true), 6);
	ck_assert_uint_eq(window_count(&r, OUTCOME_OK, false), 0);
	ck_assert_uint_eq(window_count(&r, OUTCOME_TROUBLE, true), 2);
	ck_assert_uint_eq(window_count(&r, OUTCOME_TROUBLE, false), 3);
	ck_assert_uint_eq(r.u.upstream.n_hosts, 2);
	ck_assert_uint_eq(r.u.upstream.totals[OUTCOME_OK], 6);
	ck_assert_uint_eq(r.u.upstream.totals[OUTCOME_TROUBLE], 5);

	r = observe((struct seen){ .host = "c" });
	ck_assert_uint_eq(window_count(&r, OUTCOME_TROUBLE, true), 0);
	ck_assert_uint_eq(window_count(&r, OUTCOME_TROUBLE, false), 5);
	ck_assert_uint_eq(r.u.upstream.n_hosts, 2);
}
END_TEST

START_TEST(the_window_is_for_who_asks)
{
	struct store_reply r;

	open_store(_i);
	observe((struct seen){ .host = "a", .trouble = 3 });
	r = ask(&(struct store_request){
		.verb = STORE_OBSERVE, .name = "filter",
		.u.observe.host = "a",
	    });
	ck_assert_uint_eq(r.u.upstream.totals[OUTCOME_TROUBLE], 3);
	ck_assert_uint_eq(r.u.upstream.streak, 3);
	ck_assert_uint_eq(r.u.upstream.window.n, 0);
}
END_TEST

START_TEST(a_streak_goes_on_until_a_good_one)
{
	open_store(_i);
	ck_assert_uint_eq(observe((struct seen){ .host = "a", .trouble = 2,
	    .half = 1 }).u.upstream.streak, 3);
	ck_assert_uint_eq(observe((struct seen){ .host = "b", .trouble = 4 })
	    .u.upstream.streak, 7);
	ck_assert_uint_eq(observe((struct seen){ .host = "a" })
	    .u.upstream.streak, 7);
	ck_assert_uint_eq(observe((struct seen){ .host = "a", .ok = 1,
	    .trouble = 9, .had_good = true, .bad_tail = 2 })
	    .u.upstream.streak, 2);
}
END_TEST

START_TEST(outcomes_of_another_version_count_in_the_totals_only)
{
	open_store(_i);

	struct store_reply r = observe((struct seen){ .host = "a",
	    .version = 7, .trouble = 4 });
	ck_assert_uint_eq(r.u.upstream.totals[OUTCOME_TROUBLE], 4);
	ck_assert_uint_eq(r.u.upstream.window.n, 0);
	ck_assert_uint_eq(r.u.upstream.streak, 0);
}
END_TEST

static void
check_record(const struct upstream_record *is,
    const struct upstream_record *want)
{
	ck_assert_int_eq(is->breaker.state, want->breaker.state);
	ck_assert_int_eq(is->breaker.reason, want->breaker.reason);
	ck_assert_uint_eq(is->breaker.allowance, want->breaker.allowance);
	ck_assert_uint_eq(is->breaker.trips, want->breaker.trips);
	ck_assert_uint_eq(is->breaker.step, want->breaker.step);
	ck_assert_int_eq(is->breaker.since_ms, want->breaker.since_ms);
	ck_assert_int_eq(is->breaker.until_ms, want->breaker.until_ms);
	ck_assert_int_eq(is->breaker.down_ms, want->breaker.down_ms);
	ck_assert(throttle_same(&is->throttle, &want->throttle));
	ck_assert_str_eq(is->incident, want->incident);
	ck_assert_str_eq(is->rule, want->rule);
	ck_assert_str_eq(is->sample, want->sample);
}

START_TEST(a_record_comes_back_as_it_was)
{
	const struct upstream_record want = an_open_record();

	open_store(_i);
	struct store_reply r = commit(want, 0, true);
	ck_assert(!r.u.commit.stale);
	ck_assert_int_eq(r.u.commit.record.version, 1);
	check_record(&r.u.commit.record, &want);

	r = observe((struct seen){ .host = "a", .version = 1 });
	ck_assert_int_eq(r.u.upstream.record.version, 1);
	check_record(&r.u.upstream.record, &want);
}
END_TEST

START_TEST(every_state_comes_back_as_it_was)
{
	static const struct breaker states[] = {
		{ .state = BREAKER_CLOSED, .reason = BREAKER_RECOVERED,
		    .since_ms = 1 },
		{ .state = BREAKER_SHEDDING, .reason = BREAKER_SHARE,
		    .allowance = 440, .since_ms = 2 },
		{ .state = BREAKER_OPEN, .reason = BREAKER_TRIAL_FAILED,
		    .trips = 1, .since_ms = 3, .until_ms = 4, .down_ms = 2 },
		{ .state = BREAKER_OPEN, .reason = BREAKER_TRIAL_FAILED,
		    .trips = 1, .since_ms = 3, .until_ms = 4 },
		{ .state = BREAKER_HALF_OPEN, .reason = BREAKER_WAIT_OVER,
		    .trips = 2, .since_ms = 5, .down_ms = 2 },
		{ .state = BREAKER_RAMP, .reason = BREAKER_RAMP_STEP,
		    .allowance = 250, .trips = 2, .step = 2, .since_ms = 6,
		    .until_ms = 7 },
	};

	open_store(_i);
	for (size_t i = 0; i < MW_N_OF(states); i++) {
		const struct upstream_record want = { .breaker = states[i] };
		const struct store_reply r = commit(want, (int64_t)i, true);

		ck_assert(!r.u.commit.stale);
		check_record(&r.u.commit.record, &want);
	}
}
END_TEST

START_TEST(a_stale_commit_changes_nothing)
{
	struct upstream_record other = an_open_record();

	open_store(_i);
	ck_assert(!commit(an_open_record(), 0, false).u.commit.stale);
	other.throttle.cap = 1;
	struct store_reply r = commit(other, 0, false);
	ck_assert(r.u.commit.stale);
	ck_assert_int_eq(r.u.commit.record.version, 1);
	ck_assert_uint_eq(r.u.commit.record.throttle.cap, 14);
	ck_assert(!commit(other, 1, false).u.commit.stale);
}
END_TEST

START_TEST(evidence_is_cleared_only_afresh)
{
	open_store(_i);
	observe((struct seen){ .host = "a", .trouble = 4 });
	commit(an_open_record(), 0, false);

	struct store_reply r = observe((struct seen){ .host = "a" });
	ck_assert_uint_eq(r.u.upstream.streak, 4);
	ck_assert_uint_eq(window_count(&r, OUTCOME_TROUBLE, true), 4);

	commit(an_open_record(), 1, true);
	r = observe((struct seen){ .host = "a" });
	ck_assert_uint_eq(r.u.upstream.streak, 0);
	ck_assert_uint_eq(r.u.upstream.window.n, 0);
	ck_assert_uint_eq(r.u.upstream.totals[OUTCOME_TROUBLE], 4);
}
END_TEST

/* A host tells of its own breaker, or only reads (NULL). */
static struct store_reply
tell_alone(const char *host, const struct upstream_record *own, int64_t ttl_ms)
{
	return ask(&(struct store_request){
		.verb = STORE_OBSERVE,
		.name = "filter",
		.u.observe = { .host = host, .window_ms = 120000,
		    .alone = own, .alone_ttl_ms = ttl_ms },
	    });
}

START_TEST(who_is_alone_in_trouble_is_seen_by_all)
{
	const struct upstream_record open = an_open_record(), fine = { 0 };
	struct upstream_record ramp = open, own;
	struct store_reply r;

	open_store(_i);
	ramp.breaker = (struct breaker){ .state = BREAKER_RAMP, .trips = 1,
	    .allowance = 250, .until_ms = 1763728090000 };
	tell_alone("mx1", &open, 30000);
	tell_alone("mx2", &ramp, 30000);
	r = tell_alone("mx3", NULL, 0);
	ck_assert_uint_eq(r.u.upstream.n_alone, 2);
	ck_assert_int_eq(r.u.upstream.record.breaker.state, BREAKER_CLOSED);
	own = store_alone_record(&r, "mx1");
	ck_assert(record_sane(&own));
	ck_assert_int_eq(own.breaker.state, BREAKER_OPEN);
	ck_assert_int_eq(own.breaker.until_ms, open.breaker.until_ms);
	ck_assert_str_eq(own.incident, open.incident);
	own = store_alone_record(&r, "mx2");
	ck_assert(record_sane(&own));
	ck_assert_int_eq(own.breaker.state, BREAKER_RAMP);
	ck_assert_uint_eq(own.breaker.allowance, 250);
	own = store_alone_record(&r, "mx3");
	ck_assert_int_eq(own.breaker.state, BREAKER_CLOSED);
	/* Told again it has one row; closed it has none. */
	r = tell_alone("mx1", &ramp, 30000);
	ck_assert_uint_eq(r.u.upstream.n_alone, 2);
	ck_assert_int_eq(store_alone_record(&r, "mx1").breaker.state,
	    BREAKER_RAMP);
	tell_alone("mx1", &fine, 30000);
	r = tell_alone("mx2", NULL, 0);
	ck_assert_uint_eq(r.u.upstream.n_alone, 1);
	ck_assert_str_eq(r.u.upstream.alone[0].host, "mx2");
}
END_TEST

START_TEST(what_a_host_said_of_itself_ends)
{
	const struct upstream_record open = an_open_record();

	open_store(_i);
	tell_alone("mx2", &open, 30000);
	tell_alone("mx1", &open, 1);
	nap(20);
	ck_assert_uint_eq(tell_alone("mx3", NULL, 0).u.upstream.n_alone, 1);
	if (store->call != local_call)
		ck_assert_str_eq(redis_say(&redis, "HLEN "
		    "mailweir:upstream:{filter}:alone"), "2");
	/* Who tells of itself clears away what has ended. */
	tell_alone("mx2", &open, 30000);
	if (store->call != local_call)
		ck_assert_str_eq(redis_say(&redis, "HLEN "
		    "mailweir:upstream:{filter}:alone"), "1");
}
END_TEST

START_TEST(nonsense_about_a_host_is_left_out)
{
	static const char *const values[] = {
		"open 0 1 9999999999999 id", "closed 0 1 9999999999999 id",
		"ajar 0 1 9999999999999 id", "open 0 1 1 id", "open", "",
	};

	open_store(_i);
	for (size_t i = 0; i < MW_N_OF(values); i++)
		redis_say(&redis, "HSET mailweir:upstream:{filter}:alone h%d "
		    "%s", (int)i, values[i]);
	ck_assert_uint_eq(tell_alone("mx1", NULL, 0).u.upstream.n_alone,
	    store->call == local_call ? 0 : 1);
}
END_TEST

START_TEST(an_override_lasts_as_long_as_it_says)
{
	struct store_request force = {
		.verb = STORE_OVERRIDE,
		.name = "filter",
		.u.override = { .state = OVERRIDE_OPEN, .for_ms = 60000,
		    .by = "anna", .reason = "their cache" },
	};

	open_store(_i);
	const int64_t until = ask(&force).now_ms + 60000;
	struct store_reply r = observe((struct seen){ .host = "a" });
	ck_assert_int_eq(r.u.upstream.override.state, OVERRIDE_OPEN);
	ck_assert_int_eq(r.u.upstream.override.until_ms, until);
	ck_assert_str_eq(r.u.upstream.override.by, "anna");
	ck_assert_str_eq(r.u.upstream.override.reason, "their cache");

	force.u.override.state = OVERRIDE_NONE;
	ask(&force);
	r = observe((struct seen){ .host = "a" });
	ck_assert_int_eq(r.u.upstream.override.state, OVERRIDE_NONE);

	force.u.override.state = OVERRIDE_CLOSED;
	force.u.override.for_ms = 30;
	ask(&force);
	nap(60);
	r = observe((struct seen){ .host = "a" });
	ck_assert_int_eq(r.u.upstream.override.state, OVERRIDE_NONE);
}
END_TEST

START_TEST(a_lock_is_never_made_shorter)
{
	struct store_request said = {
		.verb = STORE_PREFLIGHT, .name = "exchange",
	};
	struct store_reply r;
	int64_t good_ms, locked_ms;

	open_store(_i);
	good_ms = ask(&said).now_ms;
	r = ask(&(struct store_request){
		.verb = STORE_OBSERVE, .name = "exchange",
		.u.observe = { .host = "a", .window_ms = 1000 },
	    });
	ck_assert_int_eq(r.u.upstream.preflight.good_ms, good_ms);
	ck_assert_int_eq(r.u.upstream.preflight.locked_ms, 0);
	ck_assert_int_eq(r.u.upstream.record.version, 0);

	said.u.preflight.lock_ms = 60000;
	locked_ms = ask(&said).now_ms + 60000;
	said.u.preflight.lock_ms = 30000;
	ask(&said);
	r = ask(&(struct store_request){
		.verb = STORE_OBSERVE, .name = "exchange",
		.u.observe = { .host = "b", .window_ms = 1000 },
	    });
	ck_assert_int_eq(r.u.upstream.preflight.locked_ms, locked_ms);
	ck_assert_int_eq(r.u.upstream.preflight.good_ms, good_ms);
}
END_TEST

START_TEST(a_hold_is_of_a_destination_alone)
{
	struct store_request word = {
		.verb = STORE_OVERRIDE,
		.name = "filter",	/* an upstream has the same name */
		.u.override = { .destination = true, .state = OVERRIDE_HOLD,
		    .for_ms = 60000, .by = "anna", .reason = "their move" },
	};

	open_store(_i);
	const int64_t until = ask(&word).now_ms + 60000;
	struct store_reply r = destination("filter");
	ck_assert_int_eq(r.u.destination.hold.state, OVERRIDE_HOLD);
	ck_assert_int_eq(r.u.destination.hold.until_ms, until);
	ck_assert_uint_eq(r.u.destination.hold.rate, 0);
	ck_assert_str_eq(r.u.destination.hold.by, "anna");
	ck_assert_str_eq(r.u.destination.hold.reason, "their move");
	r = observe((struct seen){ .host = "a" });
	ck_assert_int_eq(r.u.upstream.override.state, OVERRIDE_NONE);

	word.u.override.state = OVERRIDE_RELEASE;
	word.u.override.rate = 7;
	word.u.override.for_ms = 50;
	ask(&word);
	r = destination("filter");
	ck_assert_int_eq(r.u.destination.hold.state, OVERRIDE_RELEASE);
	ck_assert_uint_eq(r.u.destination.hold.rate, 7);
	nap(80);
	ck_assert_int_eq(destination("filter").u.destination.hold.state,
	    OVERRIDE_NONE);
}
END_TEST

START_TEST(what_is_in_use_shows_beside_the_outcomes)
{
	open_store(_i);
	report((struct report){ "a", 2, 3, 0, 20, 0 });
	report((struct report){ "b", 1, 0, 0, 20, 0 });

	struct store_reply r = observe((struct seen){ .host = "a" });
	ck_assert_uint_eq(r.u.upstream.in_use, 3);
	ck_assert_uint_eq(r.u.upstream.waiting, 3);
}
END_TEST

/* Counters, hosts, events */

START_TEST(counters_add_up)
{
	struct store_request r = { .verb = STORE_COUNT, .name = "contoso" };

	open_store(_i);
	for (uint64_t i = 0; i < DEST_COUNTERS; i++)
		r.u.count.add[i] = i;
	ask(&r);
	ask(&r);
	struct store_reply reply = destination("contoso");
	for (uint64_t i = 0; i < DEST_COUNTERS; i++)
		ck_assert_uint_eq(reply.u.destination.counters[i], 2 * i);
}
END_TEST

static void
tell_backlog(const char *host, uint32_t messages, uint32_t expiring,
    int64_t oldest_ms)
{
	ask(&(struct store_request){
		.verb = STORE_BACKLOG,
		.name = "contoso",
		.u.backlog = { host, { .messages = messages,
		    .expiring = expiring, .oldest_ms = oldest_ms } },
	    });
}

static struct store_reply
backlog_seen_by(const char *host)
{
	return ask(&(struct store_request){
		.verb = STORE_DESTINATION,
		.name = "contoso",
		.u.destination.host = host,
	    });
}

START_TEST(backlogs_of_all_hosts_are_added_up)
{
	struct store_reply r;

	open_store(_i);
	r = backlog_seen_by("a");
	ck_assert_uint_eq(r.u.destination.backlog.messages, 0);
	ck_assert_int_eq(r.u.destination.backlog.at_ms, 0);
	tell_backlog("a", 9, 0, 5000);
	tell_backlog("b", 7, 1, 4000);
	tell_backlog("a", 10, 2, 6000);
	r = backlog_seen_by("a");
	ck_assert_uint_eq(r.u.destination.backlog.messages, 17);
	ck_assert_uint_eq(r.u.destination.backlog.expiring, 3);
	ck_assert_int_eq(r.u.destination.backlog.oldest_ms, 4000);
	ck_assert_int_gt(r.u.destination.backlog.at_ms, 0);
	ck_assert_uint_eq(r.u.destination.here.messages, 10);
	ck_assert_uint_eq(r.u.destination.here.expiring, 2);
	ck_assert_int_le(r.u.destination.here.at_ms, r.now_ms);

	tell_backlog("a", 0, 0, 0);
	r = backlog_seen_by("a");
	ck_assert_uint_eq(r.u.destination.backlog.messages, 7);
	ck_assert_uint_eq(r.u.destination.here.messages, 0);
	r = backlog_seen_by(NULL);
	ck_assert_uint_eq(r.u.destination.here.messages, 0);
}
END_TEST

START_TEST(hosts_are_listed)
{
	struct store_request beat = {
		.verb = STORE_HEARTBEAT,
		.u.heartbeat = { "mx1.example.org", "0.1.0", "0123456789abcdef",
		    "observe" },
	};

	open_store(_i);
	ask(&beat);
	beat.u.heartbeat.mode = "enforce";
	const int64_t at = ask(&beat).now_ms;

	struct store_reply r = ask(&(struct store_request){
		.verb = STORE_HOSTS,
	});
	ck_assert_uint_eq(r.u.hosts.n, 1);
	ck_assert_str_eq(r.u.hosts.list[0].name, "mx1.example.org");
	ck_assert_str_eq(r.u.hosts.list[0].version, "0.1.0");
	ck_assert_str_eq(r.u.hosts.list[0].digest, "0123456789abcdef");
	ck_assert_str_eq(r.u.hosts.list[0].mode, "enforce");
	ck_assert_int_eq(r.u.hosts.list[0].seen_ms, at);
	store_reply_clear(&r);
}
END_TEST

static struct store_reply
events(const char *after, uint32_t last)
{
	return ask(&(struct store_request){
		.verb = STORE_EVENTS,
		.u.events = { after, last },
	});
}

START_TEST(events_come_oldest_first)
{
	open_store(_i);
	struct store_reply r = events("", 10);
	ck_assert_uint_eq(r.u.events.n, 0);
	store_reply_clear(&r);

	for (int i = 0; i < 5; i++) {
		const char number[] = { (char)('0' + i), '\0' };
		const struct store_pair pairs[] = {
			{ "event", "state" }, { "n", number },
			{ "sample", "451 4.3.2 \xff\r\n" },
		};

		ask(&(struct store_request){
			.verb = STORE_EVENT_ADD,
			.u.event_add = { pairs, 3, 1000 },
		});
	}
	r = events("", 3);
	ck_assert_uint_eq(r.u.events.n, 3);
	ck_assert_uint_eq(r.u.events.list[0].n, 3);
	ck_assert_str_eq(r.u.events.list[0].pairs[0].name, "event");
	ck_assert_str_eq(r.u.events.list[0].pairs[0].value, "state");
	ck_assert_str_eq(r.u.events.list[0].pairs[1].value, "2");
	ck_assert_str_eq(r.u.events.list[0].pairs[2].value, "451 4.3.2 ???");
	ck_assert_str_eq(r.u.events.list[2].pairs[1].value, "4");

	struct store_reply later = events(r.u.events.list[0].id, 10);
	ck_assert_uint_eq(later.u.events.n, 2);
	ck_assert_str_eq(later.u.events.list[0].pairs[1].value, "3");
	store_reply_clear(&later);
	later = events(r.u.events.list[0].id, 1);
	ck_assert_uint_eq(later.u.events.n, 1);
	ck_assert_str_eq(later.u.events.list[0].pairs[1].value, "3");
	store_reply_clear(&later);
	later = events(r.u.events.list[2].id, 10);
	ck_assert_uint_eq(later.u.events.n, 0);
	store_reply_clear(&later);
	store_reply_clear(&r);
}
END_TEST

START_TEST(an_odd_event_id_is_refused)
{
	const struct store_request request = {
		.verb = STORE_EVENTS,
		.u.events = { "yesterday", 1 },
	};
	struct store_reply reply;
	struct err err;

	open_store(_i);
	ck_assert_int_eq(store->call(&request, &reply, &err), -1);
	ck_assert_int_eq(err.kind, ERR_SYNTAX);
}
END_TEST

/*
 * Histories at random: what Redis answered is asked of the local store for
 * the same moment, and has to be the same.
 */

#define SLOT_TTL_MS 15

static struct store_request
any_request(const char *const *hosts, uint32_t n_hosts, uint32_t cap)
{
	static const char *const members[] = { "a/1", "a/2", "b/1", "b/2" };
	struct store_request r = { .verb = STORE_SLOTS, .name = "x" };
	uint32_t in_use;

	switch (chance_below(6)) {
	case 0:
		r.verb = STORE_LEASE_TAKE;
		r.u.lease_take.member = members[chance_below(4)];
		r.u.lease_take.limit = chance_below(4);
		r.u.lease_take.ttl_ms = 1 + chance_below(20);
		r.u.lease_take.drops = members;
		r.u.lease_take.n_drops = chance_below(3);
		return r;
	case 1:
		r.verb = STORE_LEASE_RENEW;
		r.u.lease_renew.members = members;
		r.u.lease_renew.n = 1 + chance_below(4);
		r.u.lease_renew.ttl_ms = 1 + chance_below(20);
		return r;
	case 2:
		r.verb = STORE_LEASE_DROP;
		r.u.lease_drop.members = members + chance_below(2);
		r.u.lease_drop.n = 1 + chance_below(3);
		return r;
	default:
		in_use = chance_below(4);
		r.u.slots.host = hosts[chance_below(n_hosts)];
		r.u.slots.in_use = in_use;
		r.u.slots.waiting = chance_below(3) * chance_below(8);
		r.u.slots.old = chance_below(3) * chance_below(4);
		r.u.slots.held = in_use + chance_below(3);
		r.u.slots.cap = chance_below(3) == 0 ? 1 : cap;
		r.u.slots.limit = cap;
		r.u.slots.ttl_ms = SLOT_TTL_MS;
		r.u.slots.settle_ms = chance_below(3) * 5;
		return r;
	}
}

static void
check_same(const struct store_reply *a, const struct store_reply *b)
{
	if (a->verb == STORE_SLOTS) {
		ck_assert_uint_eq(a->u.slots.granted, b->u.slots.granted);
		ck_assert_uint_eq(a->u.slots.in_use, b->u.slots.in_use);
		ck_assert_uint_eq(a->u.slots.waiting, b->u.slots.waiting);
		ck_assert_uint_eq(a->u.slots.hosts, b->u.slots.hosts);
	} else if (a->verb == STORE_LEASE_RENEW)
		ck_assert_uint_eq(a->u.renew.missing, b->u.renew.missing);
	else {
		ck_assert_int_eq(a->u.lease.granted, b->u.lease.granted);
		ck_assert_uint_eq(a->u.lease.count, b->u.lease.count);
	}
}

START_TEST(redis_and_memory_agree)
{
	static const char *const hosts[] = { "a", "b", "c", "d", "e" };
	struct store_local *twin = store_local_new();
	int64_t last_ms = 0;

	chance_seed((uint64_t)_i + 1);
	open_store(1);
	for (uint32_t step = 0, cap = 7; step < 600; step++) {
		const struct store_request r = any_request(hosts, 5, cap);
		const struct store_reply is = ask(&r);
		struct store_reply same;
		struct err err;

		/* Just when Redis forgets the key by itself it may be a
		 * millisecond off: nothing to learn from. */
		if (r.verb == STORE_SLOTS) {
			if (llabs(is.now_ms - last_ms - 2 * SLOT_TTL_MS) <= 2)
				break;
			last_ms = is.now_ms;
		}
		ck_assert_int_eq(store_local_call(twin, &r, is.now_ms, &same,
		    &err), 0);
		check_same(&is, &same);
		if (chance_below(40) == 0)
			cap = chance_below(20);
		if (chance_below(60) == 0)
			nap(1 + (int)chance_below(40));
	}
	store_local_free(&twin);
}
END_TEST

/* The same of what is in the window, row by row. */
static uint64_t
count_in(const struct store_reply *r, const struct window_row *like)
{
	const struct window *w = &r->u.upstream.window;
	uint64_t n = 0;

	for (uint32_t i = 0; i < w->n; i++)
		if (w->rows[i].bucket == like->bucket &&
		    w->rows[i].class == like->class &&
		    (w->rows[i].host == 0) == (like->host == 0))
			n += w->rows[i].count;
	return n;
}

static void
check_same_window(const struct store_reply *a, const struct store_reply *b)
{
	const struct window *w = &a->u.upstream.window;

	ck_assert_uint_eq(a->u.upstream.n_hosts, b->u.upstream.n_hosts);
	ck_assert_uint_eq(a->u.upstream.streak, b->u.upstream.streak);
	for (uint32_t i = 0; i < w->n; i++)
		ck_assert_uint_eq(count_in(a, &w->rows[i]),
		    count_in(b, &w->rows[i]));
}

START_TEST(redis_and_memory_agree_on_the_window)
{
	static const char *const hosts[] = { "a", "b", "c" };
	struct store_local *twin = store_local_new();

	chance_seed((uint64_t)_i + 1);
	open_store(1);
	for (uint32_t step = 0; step < 120; step++) {
		struct store_request r = { .verb = STORE_OBSERVE, .name = "x",
			.u.observe = {
				.host = hosts[chance_below(3)],
				.window_ms = 10 * WINDOW_BUCKETS,
				.version = chance_below(9) == 0,
			} };
		struct store_reply is, same;
		struct err err;

		r.u.observe.counts[OUTCOME_OK] = chance_below(3);
		r.u.observe.counts[OUTCOME_TROUBLE] = chance_below(2);
		r.u.observe.counts[OUTCOME_DNS] = chance_below(9) == 0;
		is = ask(&r);
		ck_assert_int_eq(store_local_call(twin, &r, is.now_ms, &same,
		    &err), 0);
		check_same_window(&is, &same);
		check_same_window(&same, &is);
		if (chance_below(6) == 0)
			nap(1 + (int)chance_below(40));
		if (chance_below(100) == 0)
			nap(10 * WINDOW_BUCKETS);
	}
	store_local_free(&twin);
}
END_TEST

START_TEST(what_is_older_than_the_window_leaves_no_row)
{
	static const char rows[] = "HLEN mailweir:upstream:{filter}:window";
	struct seen seen = { .host = "a", .ok = 1, .had_good = true };

	open_store(1);
	redis_say(&redis, "HSET mailweir:upstream:{filter}:window 1:ok:a 5 "
	    "1:ok:gone %s", "7");
	observe(seen);
	ck_assert_str_eq(redis_say(&redis, rows), "1");
	seen.host = "b";
	observe(seen);
	ck_assert_str_eq(redis_say(&redis, rows), "2");
}
END_TEST

START_TEST(silent_hosts_are_forgotten_after_a_week)
{
	static const char rows[] = "HLEN mailweir:hosts";
	const int64_t day_ms = 24 * 3600000;
	struct store_request beat = {
		.verb = STORE_HEARTBEAT,
		.u.heartbeat = { "mx1", "1", "0", "observe" },
	};

	open_store(1);
	const int64_t now = ask(&beat).now_ms;
	char six[48], eight[48];

	snprintf(six, sizeof(six), "%" PRId64 " 1 0 observe", now - 6 * day_ms);
	snprintf(eight, sizeof(eight), "%" PRId64 " 1 0 observe",
	    now - 8 * day_ms);
	redis_say(&redis, "HSET mailweir:hosts mx6 %s mx8 %s", six, eight);
	beat.u.heartbeat.host = "mx2";	/* a new one finds it */
	ask(&beat);
	ck_assert_str_eq(redis_say(&redis, rows), "3");

	/* So does an old one within an hour. */
	redis_say(&redis, "HSET mailweir:hosts mx1 %s mx8 %s", six, eight);
	beat.u.heartbeat.host = "mx1";
	ask(&beat);
	ck_assert_str_eq(redis_say(&redis, rows), "3");
}
END_TEST

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

int
main(void)
{
	const TTest *const cases[] = {
		a_cap_holds, the_same_member_takes_one_place,
		limit_0_is_no_limit, a_lease_ends_by_itself, a_renewal_lasts,
		sixty_four_are_renewed_at_once,
		what_was_never_taken_is_dropped_in_peace,
		a_lone_host_gets_all, what_is_granted_is_not_granted_twice,
		shares_follow_demand, the_rest_goes_to_the_first_by_name,
		a_connection_in_use_counts_until_it_ends,
		old_connections_count_apart_and_below_the_limit,
		a_newcomer_gets_its_share_of_a_busy_one,
		a_lost_store_grants_nothing_twice,
		what_an_answer_took_back_is_not_free_before_the_host_says_so,
		hosts_that_were_away_keep_what_they_hold,
		a_host_alone_and_first_waits_its_turn,
		a_dead_hosts_slots_come_back,
		nothing_is_known_of_a_new_upstream, a_plain_read_writes_nothing,
		outcomes_of_all_hosts_are_seen, the_window_is_for_who_asks,
		a_streak_goes_on_until_a_good_one,
		outcomes_of_another_version_count_in_the_totals_only,
		a_record_comes_back_as_it_was, every_state_comes_back_as_it_was,
		a_stale_commit_changes_nothing, evidence_is_cleared_only_afresh,
		who_is_alone_in_trouble_is_seen_by_all,
		what_a_host_said_of_itself_ends,
		nonsense_about_a_host_is_left_out,
		an_override_lasts_as_long_as_it_says,
		a_hold_is_of_a_destination_alone,
		a_lock_is_never_made_shorter,
		what_is_in_use_shows_beside_the_outcomes,
		counters_add_up, backlogs_of_all_hosts_are_added_up,
		hosts_are_listed, events_come_oldest_first,
		an_odd_event_id_is_refused,
	};
	Suite *s = suite_create("store/contract");
	TCase *tc = tcase_create("every store");

	if (!redis_there()) {
		puts("1..0 # SKIP redis-server is not installed");
		return EXIT_SUCCESS;
	}
	tcase_set_timeout(tc, 30);
	tcase_add_unchecked_fixture(tc, start_redis, stop_redis);
	tcase_add_checked_fixture(tc, NULL, close_store);
	for (size_t i = 0; i < MW_N_OF(cases); i++)
		tcase_add_loop_test(tc, cases[i], 0, (int)MW_N_OF(backends));
	tcase_add_loop_test(tc, redis_and_memory_agree, 0, 4);
	tcase_add_loop_test(tc, redis_and_memory_agree_on_the_window, 0, 4);
	tcase_add_test(tc, what_is_older_than_the_window_leaves_no_row);
	tcase_add_test(tc, silent_hosts_are_forgotten_after_a_week);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
