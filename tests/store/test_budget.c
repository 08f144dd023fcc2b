/*
 * What each request makes Redis do, in commands: a budget, which does not
 * depend on how fast the machine is. docs/scale.md says what for.
 *
 * A request is one round trip and one EVALSHA, which counts as a command;
 * the first of its kind, which says the script in full, goes before. A large
 * fleet's rows are there, for what a host asks must not make Redis do more.
 */
#include "redis.h"

#include "suite.h"

#include "base/mem.h"
#include "store/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OTHERS 20

static struct redis redis;
static struct store_pool *pool;

static const char *const member = "mx1/192.0.2.1:40000/25";
static const char *const other = "mx1/192.0.2.1:40001/25";
static const struct store_pair pair = { "event", "test" };

static const struct {
	const char *says;
	int most;		/* commands, EVALSHA being one */
	struct store_request request;
} budgets[] = {
	{ "a lease is taken", 7, { .verb = STORE_LEASE_TAKE,
	    .u.lease_take = { "mx1/1", 99, 60000, NULL, 0 } } },
	{ "the milter takes it, too", 7, { .verb = STORE_LEASE_TAKE,
	    .u.lease_take = { "mx1/1", 99, 60000, NULL, 0 } } },
	{ "it is renewed", 7, { .verb = STORE_LEASE_RENEW,
	    .u.lease_renew = { &member, 1, 60000 } } },
	{ "it is taken as another is given back", 8, { .verb = STORE_LEASE_TAKE,
	    .u.lease_take = { "mx1/1", 99, 60000, &member, 1 } } },
	{ "it is given back", 5, { .verb = STORE_LEASE_DROP,
	    .u.lease_drop = { &member, 1, NULL, 0, 60000 } } },
	{ "another one comes in its place", 8, { .verb = STORE_LEASE_DROP,
	    .u.lease_drop = { &member, 1, &other, 1, 60000 } } },
	{ "connections are reported", 8, { .verb = STORE_SLOTS,
	    .u.slots = { .host = "mx1", .in_use = 1, .cap = 99, .limit = 99,
	    .ttl_ms = 10000, .settle_ms = 1200 } } },
	{ "good outcomes are told", 13, { .verb = STORE_OBSERVE,
	    .u.observe = { .host = "mx1", .window_ms = 120000,
	    .counts = { 25 }, .had_good = true } } },
	{ "good and bad ones", 15, { .verb = STORE_OBSERVE,
	    .u.observe = { .host = "mx1", .window_ms = 120000,
	    .counts = { [OUTCOME_OK] = 20, [OUTCOME_TROUBLE] = 5 },
	    .had_good = true } } },
	{ "a record is read", 6, { .verb = STORE_OBSERVE,
	    .u.observe = { .host = "mx1", .window_ms = 120000 } } },
	{ "the milter reads one", 5, { .verb = STORE_OBSERVE,
	    .u.observe = { .host = "mx1" } } },
	{ "a destination is read", 6, { .verb = STORE_DESTINATION,
	    .u.destination = { "mx1" } } },
	{ "a counter is added to", 4, { .verb = STORE_COUNT,
	    .u.count.add = { 25 } } },
	{ "a host is alive", 4, { .verb = STORE_HEARTBEAT,
	    .u.heartbeat = { "mx1", "1", "0", "enforce" } } },
	{ "hosts are read", 3, { .verb = STORE_HOSTS } },
	{ "an event is told", 3, { .verb = STORE_EVENT_ADD,
	    .u.event_add = { &pair, 1, 1000 } } },
};

static void
ask(const struct store_request *request)
{
	struct store_request r = *request;
	struct store_reply reply;
	struct err err;

	r.name = "x";
	ck_assert_msg(store_pool_call(pool, &r, &reply, &err) == 0, "%s",
	    err.text);
	store_reply_clear(&reply);
}

/* All hosts of a fleet have been here. */
static void
fill(void)
{
	char name[8];

	for (int i = 0; i < OTHERS; i++)
		for (size_t b = 0; b < MW_N_OF(budgets); b++) {
			struct store_request r = budgets[b].request;

			snprintf(name, sizeof(name), "mx%d", i);
			if (r.verb == STORE_SLOTS)
				r.u.slots.host = name;
			else if (r.verb == STORE_OBSERVE)
				r.u.observe.host = name;
			else if (r.verb == STORE_HEARTBEAT)
				r.u.heartbeat.host = name;
			ask(&r);
		}
}

/* INFO, too, is a command. */
static int
commands(void)
{
	static const char word[] = "total_commands_processed:";
	const char *at = strstr(redis_say(&redis, "INFO stats"), word);

	ck_assert_ptr_nonnull(at);
	return (int)strtol(at + sizeof(word) - 1, NULL, 10);
}

static int
spent_on(const struct store_request *request)
{
	const int before = commands();

	ask(request);
	return commands() - before - 1;
}

START_TEST(a_request_costs_no_more_than_that)
{
	fill();
	for (size_t b = 0; b < MW_N_OF(budgets); b++) {
		const int spent = spent_on(&budgets[b].request);

		printf("# %s: %d commands\n", budgets[b].says, spent);
		fflush(stdout);
		ck_assert_msg(spent <= budgets[b].most, "%s: %d commands, "
		    "at most %d", budgets[b].says, spent, budgets[b].most);
		ck_assert_msg(spent >= budgets[b].most - 2, "%s: %d commands "
		    "are enough", budgets[b].says, spent);
	}
}
END_TEST

static void
start(void)
{
	redis_start(&redis);
	pool = store_pool_new(&(struct store_options){
		.address = redis.unix_address, .prefix = "mailweir",
		.timeout_ms = 5000,
	    }, NULL, NULL);
}

static void
stop(void)
{
	store_pool_free(&pool);
	redis_stop(&redis);
}

int
main(void)
{
	Suite *s = suite_create("store/budget");
	TCase *tc = tcase_create("budget");

	if (!redis_there()) {
		puts("1..0 # SKIP redis-server is not installed");
		return EXIT_SUCCESS;
	}
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, start, stop);
	tcase_add_test(tc, a_request_costs_no_more_than_that);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
