/*
 * The pool as libmilter's threads use it: more of them than connections.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "redis.h"
#include "store/pool.h"
#include "suite.h"

#define THREADS 8
#define ROUNDS 150
#define LIMIT 3

static struct redis redis;
static struct store_pool *pool;
static atomic_int inside, most, granted, failed, told;

static void
on_health(void *arg, enum store_trouble trouble, const char *text)
{
	(void)arg, (void)text;
	ck_assert_int_eq(trouble, STORE_FINE);
	atomic_fetch_add(&told, 1);
}

static bool
call(const struct store_request *request)
{
	struct store_reply reply;
	struct err err;

	if (store_pool_call(pool, request, &reply, &err) < 0) {
		atomic_fetch_add(&failed, 1);
		return false;
	}
	return request->verb != STORE_LEASE_TAKE || reply.u.lease.granted;
}

static void
note_most(int n)
{
	int before = atomic_load(&most);

	while (n > before && !atomic_compare_exchange_weak(&most, &before, n))
		continue;
}

static void *
take_and_drop(void *arg)
{
	char text[32];
	const char *member = text;
	struct store_request take = {
		.verb = STORE_LEASE_TAKE,
		.name = "contoso",
		.u.lease_take = { member, LIMIT, 60000 },
	};
	const struct store_request drop = {
		.verb = STORE_LEASE_DROP,
		.name = "contoso",
		.u.lease_drop = { &member, 1 },
	};

	for (int i = 0; i < ROUNDS; i++) {
		snprintf(text, sizeof(text), "%s/%d", (const char *)arg, i);
		if (!call(&take))
			continue;
		note_most(atomic_fetch_add(&inside, 1) + 1);
		atomic_fetch_add(&granted, 1);
		(void)store_pool_up(pool);
		atomic_fetch_sub(&inside, 1);
		call(&drop);
	}
	return NULL;
}

START_TEST(a_cap_holds_among_threads)
{
	const struct store_options options = {
		.address = redis.unix_address,
		.prefix = "mailweir",
		.timeout_ms = 20000,
	};
	static char names[THREADS][2] = { "a", "b", "c", "d", "e", "f", "g",
	    "h" };
	pthread_t threads[THREADS];

	pool = store_pool_new(&options, THREADS / 2, on_health, NULL);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL,
		    take_and_drop, names[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	store_pool_free(&pool);
	ck_assert_int_eq(failed, 0);
	ck_assert_int_le(most, LIMIT);
	ck_assert_int_gt(granted, 0);
	ck_assert_int_eq(told, 1);
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
	Suite *s = suite_create("store/threads");
	TCase *tc = tcase_create("threads");

	if (!redis_there()) {
		puts("1..0 # SKIP redis-server is not installed");
		return EXIT_SUCCESS;
	}
	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, start_redis, stop_redis);
	tcase_add_test(tc, a_cap_holds_among_threads);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
