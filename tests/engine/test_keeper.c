/* On a redis-server of its own, at a socket in a directory of its own. */
#include "engine/keeper.h"

#include "base/clock.h"
#include "base/mem.h"
#include "store/pool.h"
#include "suite.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CAP 3
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

static char dir[] = "/tmp/mw-keeper-XXXXXX";
static char socket_path[sizeof(dir) + 16];
static pid_t redis;
static struct keeper *keeper;
static struct store_pool *eye;	/* what others see of Redis */

static void
nap(void)
{
	usleep(10000);
}

static struct store_options
options(void)
{
	struct store_options o = {
		.address = { .is_unix = true },
		.prefix = "mailweir",
		.timeout_ms = TIMEOUT_MS,
	};

	snprintf(o.address.path, sizeof(o.address.path), "%s", socket_path);
	return o;
}

static bool
see(const struct store_request *rq, struct store_reply *out)
{
	struct err err;

	return store_pool_call(eye, rq, out, &err) == 0;
}

static bool
redis_answers(void)
{
	struct store_reply reply;
	bool up = see(&(struct store_request){ .verb = STORE_HOSTS }, &reply);

	if (up)
		store_reply_clear(&reply);
	return up;
}

static void
start_redis(void)
{
	int64_t start = clock_mono_ms();

	redis = fork();
	ck_assert(redis != -1);
	if (redis == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		int null = open("/dev/null", O_WRONLY);
		dup2(null, STDOUT_FILENO);
		execlp("redis-server", "redis-server", "--port", "0",
		    "--unixsocket", socket_path, "--save", "", "--dir", dir,
		    (char *)NULL);
		_exit(127);
	}
	while (!redis_answers()) {
		ck_assert(clock_mono_ms() - start < PATIENCE_MS);
		nap();
	}
}

static void
end_redis(void)
{
	kill(redis, SIGKILL);
	waitpid(redis, NULL, 0);
	unlink(socket_path);
}

/* Redis comes back empty. */
static void
replace_redis(void)
{
	end_redis();
	start_redis();
}

static void
set_up(void)
{
	const struct store_options o = options();
	struct err err;

	eye = store_pool_new(&o, 1, NULL, NULL);
	start_redis();
	keeper = keeper_new(&(struct keeper_options){
		.plan = &plan,
		.store = o,
		.host = "mx1",
		.version = "1",
		.digest = "d",
	    }, &err);
	ck_assert(keeper != NULL);
}

static void
tear_down(void)
{
	keeper_free(&keeper);
	store_pool_free(&eye);
	end_redis();
}

static struct store_reply
destination(const char *name)
{
	struct store_reply reply;

	ck_assert(see(&(struct store_request){
		.verb = STORE_DESTINATION,
		.name = name,
	    }, &reply));
	return reply;
}

static uint32_t
leases(const char *name)
{
	return destination(name).u.destination.leases;
}

static void
come_to(const char *name, uint32_t expected)
{
	int64_t start = clock_mono_ms();

	while (leases(name) != expected) {
		ck_assert_msg(clock_mono_ms() - start < PATIENCE_MS,
		    "%s never had %u leases", name, expected);
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
	ck_assert_uint_eq(leases("contoso"), CAP);
	keeper_give_back(keeper, 0, "h/1:2/25");
	keeper_give_back(keeper, 0, "h/1:2/25");
	ck_assert_uint_eq(leases("contoso"), CAP - 1);
	ck_assert(keeper_take(keeper, 0, "h/1:4/25"));
	for (int i = 0; i < 2 * CAP; i++) {
		char member[] = "h/1:0/25";

		member[4] = (char)('0' + i);
		ck_assert(keeper_take(keeper, 1, member));
	}
	ck_assert_uint_eq(leases("open"), 2 * CAP);
}
END_TEST

START_TEST(what_is_held_does_not_expire)
{
	ck_assert(keeper_take(keeper, 0, "h/1:1/25"));
	usleep((TTL_MS + 500) * 1000);
	ck_assert_uint_eq(leases("contoso"), 1);
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
	end_redis();
	ck_assert(keeper_take(keeper, 0, "h/1:2/25"));
	ck_assert(keeper_take(keeper, 0, "h/1:3/25"));
	ck_assert(!keeper_take(keeper, 0, "h/1:4/25"));
	keeper_give_back(keeper, 0, "h/1:1/25");
	ck_assert(keeper_take(keeper, 0, "h/1:4/25"));
	start_redis();
	come_to("contoso", CAP);
}
END_TEST

START_TEST(what_was_given_back_to_a_silent_redis_is_dropped_later)
{
	ck_assert(keeper_take(keeper, 0, "h/1:1/25"));
	kill(redis, SIGSTOP);
	keeper_give_back(keeper, 0, "h/1:1/25");
	ck_assert(keeper_take(keeper, 0, "h/1:2/25"));
	keeper_give_back(keeper, 0, "h/1:2/25");
	kill(redis, SIGCONT);
	while (!redis_answers())
		nap();
	come_to("contoso", 0);
}
END_TEST

START_TEST(a_silent_redis_costs_its_timeout_once)
{
	int64_t start;

	ck_assert(keeper_take(keeper, 0, "h/1:1/25"));
	kill(redis, SIGSTOP);
	start = clock_mono_ms();
	ck_assert(keeper_take(keeper, 0, "h/1:2/25"));
	ck_assert_int_lt(clock_mono_ms() - start, TIMEOUT_MS + 200);
	start = clock_mono_ms();
	ck_assert(keeper_take(keeper, 0, "h/1:3/25"));
	ck_assert_int_lt(clock_mono_ms() - start, TIMEOUT_MS / 2);
	kill(redis, SIGCONT);
}
END_TEST

START_TEST(sees_what_an_operator_says)
{
	struct upstream_view views[MW_N_OF(upstreams)];
	struct store_reply reply;
	int64_t start = clock_mono_ms();
	int64_t now_ms;

	keeper_look(keeper, views);
	ck_assert(views[0].known && views[1].known);
	ck_assert(see(&(struct store_request){
		.verb = STORE_OVERRIDE,
		.name = "relay",
		.u.override = {
			.state = OVERRIDE_OPEN,
			.for_ms = 60000,
			.by = "test",
			.reason = "test",
		},
	    }, &reply));
	do {
		ck_assert_int_lt(clock_mono_ms() - start, PATIENCE_MS);
		nap();
		now_ms = keeper_look(keeper, views);
	} while (view_state(&views[1], now_ms) != BREAKER_OPEN);
	ck_assert_int_eq(view_state(&views[0], now_ms), BREAKER_CLOSED);
	ck_assert_int_lt(llabs(now_ms - reply.now_ms), PATIENCE_MS);
}
END_TEST

START_TEST(close_gives_back_and_sends_what_was_counted)
{
	const struct intake_verdict cap = {
		.reason = DECIDE_AT_CAP,
		.enforced = true,
	};
	struct store_reply reply;

	ck_assert(keeper_take(keeper, 0, "h/1:1/25"));
	keeper_count_accepted(keeper, 0);
	keeper_count_verdict(keeper, 0, &cap);
	keeper_close(keeper);
	reply = destination("contoso");
	ck_assert_uint_eq(reply.u.destination.leases, 0);
	ck_assert_uint_eq(reply.u.destination.counters[DEST_ACCEPTED], 1);
	ck_assert_uint_eq(reply.u.destination.counters[DEST_DEFERRED_CAP], 1);
	keeper_take(keeper, 0, "h/1:2/25");
	ck_assert_uint_eq(leases("contoso"), 0);
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
	ck_assert_uint_eq(leases("contoso"), 0);
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
	kill(redis, SIGSTOP);
	usleep(400000);
	kill(redis, SIGCONT);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert(keeper_take(keeper, 0, "h/1:last/25"));
	while (!redis_answers())
		nap();
	come_to("contoso", 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("keeper");
	TCase *t = tcase_create("keeper");
	int status;

	if (system("redis-server --version >/dev/null 2>&1") != 0) {
		puts("1..0 # SKIP redis-server is not installed");
		return EXIT_SUCCESS;
	}
	if (mkdtemp(dir) == NULL)
		return 99;
	snprintf(socket_path, sizeof(socket_path), "%s/redis.sock", dir);
	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, takes_up_to_the_cap_and_gives_back);
	tcase_add_test(t, what_is_held_does_not_expire);
	tcase_add_test(t, a_redis_that_lost_all_is_told_again);
	tcase_add_test(t, without_redis_there_is_a_share);
	tcase_add_test(t,
	    what_was_given_back_to_a_silent_redis_is_dropped_later);
	tcase_add_test(t, a_silent_redis_costs_its_timeout_once);
	tcase_add_test(t, sees_what_an_operator_says);
	tcase_add_test(t, close_gives_back_and_sends_what_was_counted);
	tcase_add_test(t, many_threads_never_hold_more_than_the_cap);
	tcase_add_test(t, whatever_redis_does_it_ends_with_what_is_held);
	suite_add_tcase(s, t);
	status = suite_main(s);
	rmdir(dir);
	return status;
}
