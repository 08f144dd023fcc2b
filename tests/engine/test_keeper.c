/* On a redis-server of its own. */
#include "engine/keeper.h"

#include "base/clock.h"
#include "base/mem.h"
#include "store/redis.h"
#include "suite.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CAP 3
#define WIDE 256
#define TTL_MS 900
#define TIMEOUT_MS 300
#define PATIENCE_MS 15000
#define THREADS 8
#define ROUNDS 40

static const struct upstream upstreams[] = {
	{ .name = "filter", .connections = 1,
	    .breaker = { .window_ms = 120000 } },
	{ .name = "relay", .connections = 1,
	    .breaker = { .window_ms = 120000 } },
};
static const struct destination destinations[] = {
	{ .name = "contoso", .cap = CAP, .n_routes = 1 },
	{ .name = "open", .cap = 0, .n_routes = 1 },
};
static const struct plan plan = {
	.mode = PLAN_ENFORCE,
	.upstreams = upstreams,
	.n_upstreams = MW_N_OF(upstreams),
	.destinations = destinations,
	.n_destinations = MW_N_OF(destinations),
	.lease_ttl_ms = TTL_MS,
};

static struct redis redis;
static struct keeper *keeper;

static void
nap(void)
{
	usleep(10000);
}

static struct keeper *
keeper_of(const char *host, const struct plan *p)
{
	struct err err;
	struct keeper *k = keeper_new(&(struct keeper_options){
		.plan = p,
		.store = {
			.address = redis.unix_address,
			.prefix = "mailweir",
			.timeout_ms = TIMEOUT_MS,
		},
		.host = host,
		.version = "1",
		.digest = "d",
	    }, &err);

	ck_assert(k != NULL);
	return k;
}

static void
set_up(void)
{
	redis_start(&redis);
	keeper = keeper_of("mx1", &plan);
}

static void
tear_down(void)
{
	keeper_free(&keeper);
	redis_stop(&redis);
}

/* Redis comes back empty. */
static void
replace_redis(void)
{
	redis_kill(&redis);
	redis_restart(&redis);
}

static int
leases(const char *name)
{
	return atoi(redis_say(&redis, "ZCARD mailweir:dest:{%s}:leases",
	    name));
}

static int
counter(const char *name)
{
	return atoi(redis_say(&redis, "HGET mailweir:dest:{contoso} %s",
	    name));
}

static void
come_to(const char *name, int expected)
{
	int64_t start = clock_mono_ms();

	while (leases(name) != expected) {
		ck_assert_msg(clock_mono_ms() - start < PATIENCE_MS,
		    "%s never had %d leases", name, expected);
		nap();
	}
}

START_TEST(takes_up_to_the_cap_and_gives_back)
{
	ck_assert(keeper_take(keeper, 0, "h/1:1/25"));
	ck_assert(keeper_take(keeper, 0, "h/1:1/25"));
	ck_assert(keeper_take(keeper, 0, "h/1:2/25"));
	ck_assert(keeper_take(keeper, 0, "h/1:3/25"));
	ck_assert(!keeper_take(keeper, 0, "h/1:4/25"));
	ck_assert_int_eq(leases("contoso"), CAP);
	keeper_give_back(keeper, 0, "h/1:2/25");
	keeper_give_back(keeper, 0, "h/1:2/25");
	/* Whoever comes next finds the place free, at once ... */
	ck_assert(keeper_take(keeper, 0, "h/1:4/25"));
	ck_assert_int_eq(leases("contoso"), CAP);
	/* ... and without him it is free a moment later. */
	keeper_give_back(keeper, 0, "h/1:4/25");
	come_to("contoso", CAP - 1);
	for (int i = 0; i < 2 * CAP; i++) {
		char member[] = "h/1:0/25";

		member[4] = (char)('0' + i);
		ck_assert(keeper_take(keeper, 1, member));
	}
	ck_assert_int_eq(leases("open"), 2 * CAP);
}
END_TEST

static int
scripts(void)
{
	static const char word[] = "cmdstat_evalsha:calls=";
	const char *at = strstr(redis_say(&redis, "INFO commandstats"), word);

	return at == NULL ? 0 : atoi(at + sizeof(word) - 1);
}

/* The destination has room: a session need not ask for the place that another
 * one gave back, and the store has its name in the end. */
START_TEST(a_place_is_passed_on_without_a_question)
{
	char member[] = "h/1:00/25";
	int before;

	ck_assert(keeper_take(keeper, 1, "h/1:1/25"));
	ck_assert(keeper_take(keeper, 1, "h/1:2/25"));
	before = scripts();
	for (int i = 10; i < 99; i++) {
		keeper_give_back(keeper, 1, i == 10 ? "h/1:1/25" : member);
		snprintf(member, sizeof(member), "h/1:%d/25", i);
		ck_assert(keeper_take(keeper, 1, member));
	}
	ck_assert_int_lt(scripts() - before, 40);
	come_to("open", 2);
	while (redis_say(&redis, "ZSCORE mailweir:dest:{open}:leases %s",
	    member)[0] == '\0')
		nap();
	keeper_give_back(keeper, 1, member);
	keeper_give_back(keeper, 1, "h/1:2/25");
	come_to("open", 0);
}
END_TEST

START_TEST(what_is_held_does_not_expire)
{
	ck_assert(keeper_take(keeper, 0, "h/1:1/25"));
	usleep((TTL_MS + 500) * 1000);
	ck_assert_int_eq(leases("contoso"), 1);
}
END_TEST

START_TEST(a_redis_that_lost_all_is_told_again)
{
	ck_assert(keeper_take(keeper, 0, "h/1:1/25"));
	ck_assert(keeper_take(keeper, 0, "h/1:2/25"));
	replace_redis();
	come_to("contoso", 2);
	keeper_give_back(keeper, 0, "h/1:1/25");
	keeper_give_back(keeper, 0, "h/1:2/25");
	come_to("contoso", 0);
}
END_TEST

START_TEST(without_redis_there_is_a_share)
{
	ck_assert(keeper_take(keeper, 0, "h/1:1/25"));
	redis_kill(&redis);
	ck_assert(keeper_take(keeper, 0, "h/1:2/25"));
	ck_assert(keeper_take(keeper, 0, "h/1:3/25"));
	ck_assert(!keeper_take(keeper, 0, "h/1:4/25"));
	keeper_give_back(keeper, 0, "h/1:1/25");
	ck_assert(keeper_take(keeper, 0, "h/1:4/25"));
	redis_restart(&redis);
	come_to("contoso", CAP);
}
END_TEST

/* The next one who comes. */
static bool
take_one_more(struct keeper *k, uint32_t *held)
{
	char member[32];

	snprintf(member, sizeof(member), "h/1:%u/25", *held);
	if (!keeper_take(k, 0, member))
		return false;
	++*held;
	return true;
}

/* What it has not heard of yet counts as well: the whole cap where the host knew
 * of no other, else its share. */
START_TEST(a_redis_that_is_back_lets_in_no_more_than_the_cap)
{
	const struct destination wide = {
		.name = "wide", .cap = WIDE, .n_routes = 1,
	};
	struct plan wide_plan = plan;
	struct keeper *hosts[2];
	uint32_t held = 0;

	wide_plan.destinations = &wide;
	wide_plan.n_destinations = 1;
	hosts[0] = keeper_of("mx1", &wide_plan);
	hosts[1] = keeper_of("mx2", &wide_plan);
	redis_kill(&redis);
	while (take_one_more(hosts[_i], &held))
		;
	ck_assert_uint_eq(held, _i == 0 ? WIDE : WIDE / 2);
	redis_restart(&redis);
	for (int64_t start = clock_mono_ms(); leases("wide") < WIDE;) {
		for (int n = 0; n < 2000; n++)
			take_one_more(hosts[_i], &held);
		ck_assert_uint_le(held, WIDE);
		ck_assert_int_lt(clock_mono_ms() - start, PATIENCE_MS);
	}
	ck_assert_int_eq(leases("wide"), WIDE);
	keeper_free(&hosts[0]);
	keeper_free(&hosts[1]);
}
END_TEST

START_TEST(what_was_given_back_to_a_silent_redis_is_dropped_later)
{
	ck_assert(keeper_take(keeper, 0, "h/1:1/25"));
	kill(redis.pid, SIGSTOP);
	keeper_give_back(keeper, 0, "h/1:1/25");
	ck_assert(keeper_take(keeper, 0, "h/1:2/25"));
	keeper_give_back(keeper, 0, "h/1:2/25");
	kill(redis.pid, SIGCONT);
	come_to("contoso", 0);
}
END_TEST

START_TEST(a_silent_redis_costs_its_timeout_once)
{
	int64_t start;

	ck_assert(keeper_take(keeper, 0, "h/1:1/25"));
	kill(redis.pid, SIGSTOP);
	start = clock_mono_ms();
	ck_assert(keeper_take(keeper, 0, "h/1:2/25"));
	ck_assert_int_lt(clock_mono_ms() - start, TIMEOUT_MS + 200);
	start = clock_mono_ms();
	ck_assert(keeper_take(keeper, 0, "h/1:3/25"));
	ck_assert_int_lt(clock_mono_ms() - start, TIMEOUT_MS / 2);
	kill(redis.pid, SIGCONT);
}
END_TEST

START_TEST(sees_what_an_operator_says)
{
	int64_t start = clock_mono_ms();
	int64_t now_ms, then_ms;
	const struct snapshot *seen = keeper_look(keeper, &now_ms);
	const struct snapshot *then = keeper_look(keeper, &then_ms);

	ck_assert(seen->upstreams[0].known && seen->upstreams[1].known);
	redis_say(&redis, "HSET mailweir:override:{relay} state open by test"
	    " reason test until %lld", (long long)clock_wall_ms() + 60000);
	redis_say(&redis, "HSET mailweir:override:dest:{open} state hold"
	    " by test reason test until %lld",
	    (long long)clock_wall_ms() + 60000);
	do {
		ck_assert_int_lt(clock_mono_ms() - start, PATIENCE_MS);
		nap();
		keeper_look_away(keeper, seen);
		seen = keeper_look(keeper, &now_ms);
	} while (view_state(&seen->upstreams[1], now_ms) != BREAKER_OPEN ||
	    !override_says(&seen->holds[1], OVERRIDE_HOLD, now_ms));
	ck_assert(!override_says(&seen->holds[0], OVERRIDE_HOLD, now_ms));
	ck_assert_int_eq(view_state(&seen->upstreams[0], now_ms),
	    BREAKER_CLOSED);
	ck_assert_int_lt(llabs(now_ms - clock_wall_ms()), PATIENCE_MS);

	/* Who looked before sees what was then. */
	ck_assert_int_eq(view_state(&then->upstreams[1], now_ms),
	    BREAKER_CLOSED);
	ck_assert(!override_says(&then->holds[1], OVERRIDE_HOLD, now_ms));
	keeper_look_away(keeper, seen);
	keeper_look_away(keeper, then);
}
END_TEST

static void
come_to_state(enum breaker_state state)
{
	const int64_t start = clock_mono_ms();
	const struct snapshot *seen;
	enum breaker_state is;
	int64_t now_ms;

	do {
		ck_assert_int_lt(clock_mono_ms() - start, PATIENCE_MS);
		nap();
		seen = keeper_look(keeper, &now_ms);
		is = view_state(&seen->upstreams[1], now_ms);
		keeper_look_away(keeper, seen);
	} while (is != state);
}

START_TEST(sees_what_this_host_alone_sees)
{
	const long long later = (long long)clock_wall_ms() + 60000;
	char row[80];

	snprintf(row, sizeof(row), "open 0 %lld %lld id", later, later);
	redis_say(&redis, "HSET mailweir:upstream:{relay}:alone mx1 %s other %s",
	    row, row);
	come_to_state(BREAKER_OPEN);
	redis_say(&redis, "HDEL mailweir:upstream:{relay}:alone mx1");
	come_to_state(BREAKER_CLOSED);
	redis_say(&redis, "HSET mailweir:upstream:{relay}:alone mx1 %s", row);
	come_to_state(BREAKER_OPEN);
	redis_kill(&redis);
	come_to_state(BREAKER_CLOSED);
	redis_restart(&redis);
}
END_TEST

START_TEST(close_gives_back_and_sends_what_was_counted)
{
	const struct intake_verdict cap = {
		.reason = DECIDE_AT_CAP,
		.enforced = true,
	};

	ck_assert(keeper_take(keeper, 0, "h/1:1/25"));
	keeper_count_accepted(keeper, 0, false);
	keeper_count_verdict(keeper, 0, &cap);
	keeper_close(keeper);
	ck_assert_int_eq(leases("contoso"), 0);
	ck_assert_int_eq(counter("accepted"), 1);
	ck_assert_int_eq(counter("deferred_cap"), 1);
	keeper_take(keeper, 0, "h/1:2/25");
	ck_assert_int_eq(leases("contoso"), 0);
}
END_TEST

static _Atomic int under_way, most, granted;

static void *
busy_session(void *arg)
{
	char member[32];

	snprintf(member, sizeof(member), "h/1:%d/25", *(const int *)arg);
	for (int i = 0; i < ROUNDS; i++) {
		int now, before;

		if (!keeper_take(keeper, 0, member))
			continue;
		granted++;
		now = ++under_way;
		before = most;
		while (now > before &&
		    !atomic_compare_exchange_weak(&most, &before, now))
			;
		usleep(500);
		under_way--;
		keeper_give_back(keeper, 0, member);
	}
	return NULL;
}

START_TEST(many_threads_never_hold_more_than_the_cap)
{
	pthread_t threads[THREADS];
	int numbers[THREADS];

	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		ck_assert(pthread_create(&threads[i], NULL, busy_session,
		    &numbers[i]) == 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_le(most, CAP);
	ck_assert_int_gt(granted, 0);
	come_to("contoso", 0);
}
END_TEST

START_TEST(whatever_redis_does_it_ends_with_what_is_held)
{
	pthread_t threads[THREADS];
	int numbers[THREADS];

	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		ck_assert(pthread_create(&threads[i], NULL, busy_session,
		    &numbers[i]) == 0);
	}
	usleep(5000);
	replace_redis();
	kill(redis.pid, SIGSTOP);
	usleep(400000);
	kill(redis.pid, SIGCONT);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert(keeper_take(keeper, 0, "h/1:last/25"));
	come_to("contoso", 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("keeper");
	TCase *t = tcase_create("keeper");

	if (!redis_there()) {
		puts("1..0 # SKIP redis-server is not installed");
		return EXIT_SUCCESS;
	}
	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, takes_up_to_the_cap_and_gives_back);
	tcase_add_test(t, a_place_is_passed_on_without_a_question);
	tcase_add_test(t, what_is_held_does_not_expire);
	tcase_add_test(t, a_redis_that_lost_all_is_told_again);
	tcase_add_test(t, without_redis_there_is_a_share);
	tcase_add_loop_test(t,
	    a_redis_that_is_back_lets_in_no_more_than_the_cap, 0, 2);
	tcase_add_test(t,
	    what_was_given_back_to_a_silent_redis_is_dropped_later);
	tcase_add_test(t, a_silent_redis_costs_its_timeout_once);
	tcase_add_test(t, sees_what_an_operator_says);
	tcase_add_test(t, sees_what_this_host_alone_sees);
	tcase_add_test(t, close_gives_back_and_sends_what_was_counted);
	tcase_add_test(t, many_threads_never_hold_more_than_the_cap);
	tcase_add_test(t, whatever_redis_does_it_ends_with_what_is_held);
	suite_add_tcase(s, t);
	return suite_main(s);
}
