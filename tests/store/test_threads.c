/*
 * The pool as libmilter's threads use it: more of them than connections.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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
		.u.lease_take = {
			.member = member, .limit = LIMIT, .ttl_ms = 60000,
		},
	};
	const struct store_request drop = {
		.verb = STORE_LEASE_DROP,
		.name = "contoso",
		.u.lease_drop = { .members = &member, .n = 1 },
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

	pool = store_pool_new(&options, on_health, NULL);
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

/*
 * A Redis that answers nobody before all have asked: whoever waits for another
 * one's answer first waits in vain.
 */
#define AT_ONCE 20

static int
listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	return fd;
}

static void
say(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void *
patient_redis(void *arg)
{
	static char heard[AT_ONCE * 1024];
	const int fd = accept(*(const int *)arg, NULL, NULL);
	size_t len = 0;
	int asked = 0;

	ck_assert_int_gt(read(fd, heard, sizeof(heard)), 0);	/* PING */
	say(fd, "+PONG\r\n");
	while (asked < AT_ONCE) {
		const ssize_t n = read(fd, heard + len,
		    sizeof(heard) - 1 - len);

		ck_assert_int_gt(n, 0);
		len += (size_t)n;
		heard[len] = '\0';
		asked = 0;
		for (const char *at = heard;
		    (at = strstr(at, "EVALSHA")) != NULL; at++)
			asked++;
	}
	for (int i = 0; i < AT_ONCE; i++)
		say(fd, "*3\r\n:1000\r\n:1\r\n:1\r\n");
	(void)!read(fd, heard, sizeof(heard));
	close(fd);
	return NULL;
}

static void *
take_one(void *arg)
{
	const struct store_request take = {
		.verb = STORE_LEASE_TAKE,
		.name = "contoso",
		.u.lease_take = { .member = arg, .ttl_ms = 60000 },
	};

	atomic_fetch_add(&granted, call(&take));
	return NULL;
}

START_TEST(all_questions_are_under_way_at_once)
{
	struct store_options options = {
		.address = { .is_unix = true },
		.prefix = "mailweir",
		.timeout_ms = 20000,
	};
	pthread_t threads[AT_ONCE], server;
	char member[] = "mx1/1";
	int fd;

	ck_assert_int_lt(snprintf(options.address.path,
	    sizeof(options.address.path), "%s.patient",
	    redis.unix_address.path), (int)sizeof(options.address.path));
	fd = listen_at(options.address.path);
	granted = failed = told = 0;
	ck_assert_int_eq(pthread_create(&server, NULL, patient_redis, &fd), 0);
	pool = store_pool_new(&options, on_health, NULL);
	for (int i = 0; i < AT_ONCE; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, take_one,
		    member), 0);
	for (int i = 0; i < AT_ONCE; i++)
		pthread_join(threads[i], NULL);
	store_pool_free(&pool);
	pthread_join(server, NULL);
	close(fd);
	unlink(options.address.path);
	ck_assert_int_eq(failed, 0);
	ck_assert_int_eq(granted, AT_ONCE);
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
	tcase_add_test(tc, all_questions_are_under_way_at_once);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
