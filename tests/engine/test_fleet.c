/*
 * Two hosts and one store, all in this process: the clock is a variable, the
 * store is the local one, and answers arrive when the test says so.
 */
#include "engine/fleet.h"

#include "suite.h"

#include "base/chance.h"
#include "base/mem.h"
#include "store/local.h"

#include <string.h>

#define QUEUE_MAX 4096

static int64_t now;

static int64_t
test_clock(void)
{
	return now;
}

struct pending {
	store_done *done;
	void *arg;
	struct store_reply *reply;	/* NULL: unavailable */
};

static struct {
	struct store_local *local;
	bool away;
	struct pending queue[QUEUE_MAX];
	size_t n;
} store;

static void
port_send(void *self, const struct store_request *request, store_done *done,
    void *arg)
{
	struct pending *p = &store.queue[store.n++];
	struct err err;

	(void)self;
	ck_assert_uint_lt(store.n, QUEUE_MAX);
	*p = (struct pending){ .done = done, .arg = arg };
	if (store.away)
		return;
	p->reply = mem_new(1, sizeof(*p->reply));
	ck_assert_int_eq(store_local_call(store.local, request, now + 1000000,
	    p->reply, &err), 0);
}

/* Answers arrive, and what they cause is answered, too. */
static void
deliver(void)
{
	const struct err away = { .kind = ERR_UNAVAILABLE };

	for (size_t i = 0; i < store.n; i++) {
		struct pending p = store.queue[i];

		p.done(p.arg, p.reply, p.reply == NULL ? &away : NULL);
		if (p.reply != NULL)
			store_reply_clear(p.reply);
		mem_free(p.reply);
	}
	store.n = 0;
}

static const struct upstream upstreams[] = { {
	.name = "filter", .connections = 4, .rate = 2, .tls_policy = "",
	.breaker = {
		.window_ms = 120000, .min_outcomes = 20, .min_hosts = 2,
		.consecutive = 10, .shed_at = 500, .open_at = 900,
		.open_for_ms = 30000, .open_max_ms = 900000,
		.slow_after_ms = 5000, .trials = 3,
		.n_ramp = 2, .ramp = { 100, 1000 }, .ramp_step_ms = 1000,
	},
} };
static const struct plan plan = { .upstreams = upstreams, .n_upstreams = 1 };

static struct fleet *host[2];

static void
setup(void)
{
	static const char *const names[] = { "mx1", "mx2" };

	chance_seed(7);
	now = 1;
	memset(&store, 0, sizeof(store));
	store.local = store_local_new();
	for (int i = 0; i < 2; i++)
		host[i] = fleet_new(&(struct fleet_options){
			.plan = &plan, .host = names[i],
			.port = { .send = port_send }, .clock = test_clock,
		    }, 1000);
}

static void
teardown(void)
{
	deliver();
	for (int i = 0; i < 2; i++)
		fleet_free(&host[i]);
	store_local_free(&store.local);
}

static void
pass(int64_t ms)
{
	for (const int64_t end = now + ms; now < end; now += FLEET_TICK_MS) {
		for (int i = 0; i < 2; i++)
			fleet_tick(host[i], now);
		deliver();
	}
}

static void
observe(int i, enum outcome_class class, int64_t began_ms)
{
	fleet_observe(host[i], fleet_upstream(host[i], 0), (struct outcome){
		.class = class, .rule = "svc-unavail",
	    }, SPAN("4.3.2 host x said: 451 4.3.2 no"), began_ms, now);
}

static enum breaker_state
state_at(int i)
{
	return fleet_views(host[i])[0].record.breaker.state;
}

static void
open_it(void)
{
	pass(3000);
	for (int n = 0; n < 10; n++)
		observe(0, OUTCOME_TROUBLE, now);
	pass(200);
}

START_TEST(what_one_host_sees_all_know)
{
	open_it();
	ck_assert_int_eq(state_at(0), BREAKER_OPEN);
	pass(1200);
	ck_assert_int_eq(state_at(1), BREAKER_OPEN);
	ck_assert_str_eq(fleet_views(host[1])[0].record.rule, "svc-unavail");
	ck_assert_str_ne(fleet_views(host[1])[0].record.incident, "");
}
END_TEST

START_TEST(a_good_one_elsewhere_breaks_the_streak)
{
	pass(3000);
	for (int n = 0; n < 9; n++)
		observe(0, OUTCOME_TROUBLE, now);
	pass(200);
	observe(1, OUTCOME_OK, now);
	pass(200);
	for (int n = 0; n < 9; n++)
		observe(0, OUTCOME_TROUBLE, now);
	pass(200);
	ck_assert_int_eq(state_at(0), BREAKER_CLOSED);
}
END_TEST

START_TEST(it_recovers_by_trials_and_ramp)
{
	open_it();
	pass(31000);
	ck_assert_int_eq(state_at(0), BREAKER_HALF_OPEN);
	/* What began before says nothing of the recovery. */
	observe(0, OUTCOME_TROUBLE, now - 31000);
	pass(200);
	ck_assert_int_eq(state_at(0), BREAKER_HALF_OPEN);
	for (int n = 0; n < 3; n++)
		observe(1, OUTCOME_OK, now);
	pass(1200);
	ck_assert_int_ne(state_at(0), BREAKER_HALF_OPEN);
	pass(5000);
	ck_assert_int_eq(state_at(0), BREAKER_CLOSED);
	ck_assert_int_eq(state_at(1), BREAKER_CLOSED);
}
END_TEST

static uint32_t
granted(int i)
{
	return line_state(fleet_line(fleet_upstream(host[i], 0)), now).granted;
}

START_TEST(grants_never_pass_the_cap)
{
	for (int n = 0; n < 200; n++) {
		pass(FLEET_TICK_MS);
		ck_assert_uint_le(granted(0) + granted(1), 4);
	}
	ck_assert_uint_gt(granted(0), 0);
	ck_assert_uint_gt(granted(1), 0);
}
END_TEST

START_TEST(one_trial_of_the_fleet_at_a_time)
{
	open_it();
	pass(1500);
	ck_assert_uint_eq(granted(0) + granted(1), 0);
	pass(30000);
	for (int i = 0; i < 2; i++)
		line_wish(fleet_line(fleet_upstream(host[i], 0)), now);
	for (int n = 0; n < 40; n++) {
		pass(FLEET_TICK_MS);
		ck_assert_uint_le(granted(0) + granted(1), 1);
	}
	ck_assert_uint_eq(granted(0) + granted(1), 1);
}
END_TEST

struct waiting {
	struct line_waiter waiter;	/* first: see served() */
	int slots;
};

static void
served(struct line_waiter *w, bool granted, int64_t now_ms)
{
	(void)now_ms;
	((struct waiting *)w)->slots += granted;
}

static uint32_t
take_all(int i)
{
	struct line *line = fleet_line(fleet_upstream(host[i], 0));
	uint32_t n = 0;

	for (; line_take(line, now); n++)
		line_give(line, now);
	return n;
}

START_TEST(hosts_share_a_rate)
{
	pass(3000);
	ck_assert_uint_eq(take_all(0), 2);
	for (int i = 0; i < 2; i++)
		fleet_set_hosts(host[i], 2);
	pass(10000);
	for (int i = 0; i < 2; i++)
		ck_assert_uint_eq(take_all(i), 1);
	pass(1000);
	for (int i = 0; i < 2; i++)
		ck_assert_uint_eq(take_all(i), 1);
}
END_TEST

START_TEST(who_waits_for_a_rate_is_served_in_time)
{
	struct line *line = fleet_line(fleet_upstream(host[0], 0));
	struct waiting who = { .waiter.done = served };

	pass(3000);
	ck_assert_uint_eq(take_all(0), 2);
	line_wait(line, &who.waiter, now + 20000);
	pass(400);
	ck_assert_int_eq(who.slots, 0);
	pass(200);
	ck_assert_int_eq(who.slots, 1);
	line_give(line, now);
}
END_TEST

START_TEST(nothing_is_lost_while_the_store_is_away)
{
	pass(3000);
	store.away = true;
	for (int n = 0; n < 10; n++)
		observe(0, OUTCOME_TROUBLE, now);
	pass(3000);
	ck_assert_int_eq(state_at(0), BREAKER_CLOSED);
	ck_assert_uint_gt(granted(0), 0);
	store.away = false;
	pass(1000);
	ck_assert_int_eq(state_at(0), BREAKER_OPEN);
}
END_TEST

START_TEST(a_reload_carries_over_what_is_held)
{
	static const struct upstream more[] = {
		{ .name = "new", .connections = 1, .tls_policy = "",
		    .breaker = { .window_ms = 1000, .trials = 1, .n_ramp = 1,
			.ramp = { 1000 } } },
		{ .name = "filter", .connections = 4, .tls_policy = "",
		    .breaker = { .window_ms = 120000, .trials = 1,
			.n_ramp = 1, .ramp = { 1000 } } },
	};
	static const struct plan changed = {
		.upstreams = more, .n_upstreams = 2,
	};
	struct fleet_upstream *u = fleet_upstream(host[0], 0);

	pass(3000);
	ck_assert(line_take(fleet_line(u), now));
	fleet_reload(host[0], &changed);
	ck_assert_ptr_eq(fleet_upstream(host[0], 1), u);
	ck_assert_int_eq(fleet_index(u), 1);
	ck_assert_uint_eq(line_state(fleet_line(u), now).in_use, 1);
	fleet_reload(host[0], &(struct plan){ .upstreams = more,
	    .n_upstreams = 1 });
	ck_assert_int_eq(fleet_index(u), -1);
	line_give(fleet_line(u), now);
	pass(100);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fleet");
	TCase *tc = tcase_create("fleet");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_one_host_sees_all_know);
	tcase_add_test(tc, a_good_one_elsewhere_breaks_the_streak);
	tcase_add_test(tc, it_recovers_by_trials_and_ramp);
	tcase_add_test(tc, grants_never_pass_the_cap);
	tcase_add_test(tc, one_trial_of_the_fleet_at_a_time);
	tcase_add_test(tc, hosts_share_a_rate);
	tcase_add_test(tc, who_waits_for_a_rate_is_served_in_time);
	tcase_add_test(tc, nothing_is_lost_while_the_store_is_away);
	tcase_add_test(tc, a_reload_carries_over_what_is_held);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
