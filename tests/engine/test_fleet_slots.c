/* An upstream's connections and its rate are shared out among the hosts. */
#include "engine/fleet.h"

#include "fleet_sample.h"
#include "suite.h"

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

/* Only this one of the hosts runs, and has use for all that it gets. */
static void
pass_for(int i, int64_t ms)
{
	struct line *line = line_at(i);

	for (const int64_t end = now + ms; now < end; now += FLEET_TICK_MS) {
		line_wish(line, now);
		fleet_tick(host[i], now);
		deliver();
		line_take(line, now);
	}
}

/* mx1 reads the answer to a report when the grant of it has ended. */
static void
hear_late(void)
{
	for (; under_way() == 0; now += FLEET_TICK_MS)
		fleet_tick(host[0], now);
	now += LINE_GRANT_MS;
	deliver();
}

START_TEST(an_answer_that_comes_late_grants_nothing)
{
	struct line *line = line_at(0);

	store_away = _i != 0;
	pass(1500);
	line_grant(line, 4, now);
	hear_late();
	ck_assert(!line_take(line, now));
	ck_assert_uint_eq(granted(0), 0);
	hear_late();		/* and what came of it is not kept up */
	ck_assert_uint_eq(granted(0), 0);
	store_away = false;
	pass(FLEET_SETTLE_MS + 1500);
	ck_assert_uint_gt(granted(0), 0);
}
END_TEST

START_TEST(who_was_stopped_uses_again_nothing_that_others_got)
{
	struct line *line = line_at(0);

	pass_for(0, 3000);
	ck_assert_uint_eq(line_state(line, now).in_use, 4);
	pass_for(1, 15000);
	ck_assert_uint_eq(granted(1), 4);
	/* It does not know yet that its own ones have ended. */
	for (int n = 0; n < 3; n++) {
		pass(1500);
		ck_assert_uint_eq(granted(0), 0);
		line_give(line, 1, now);
		ck_assert(!line_take(line, now));
	}
	line_give(line, 1, now);
	for (int n = 0; n < 3; n++)
		line_give(line_at(1), 1, now);
	line_wish(line, now);
	pass(1500);
	ck_assert(line_take(line, now));
}
END_TEST

START_TEST(what_is_held_is_held_while_the_store_is_asked)
{
	struct fleet_upstream *u = fleet_upstream(host[0], 0);

	pass(3000);
	for (int n = 0; n < 40; n++, now += FLEET_TICK_MS) {
		fleet_tick(host[0], now);
		ck_assert_uint_eq(fleet_held(u), 2);
	}
	ck_assert(!line_take(fleet_line(u), now));
	deliver();
	ck_assert_uint_eq(fleet_held(u), 2);
	ck_assert(line_take(fleet_line(u), now));
	line_give(fleet_line(u), now, now);
}
END_TEST

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

START_TEST(who_waits_for_a_rate_is_served_in_time)
{
	struct line *line = line_at(0);
	struct waiting who = { .waiter.done = served };

	pass(3000);
	ck_assert_uint_eq(take_all(0), 2);
	line_wait(line, &who.waiter, now + 20000);
	pass(400);
	ck_assert_int_eq(who.slots, 0);
	pass(200);
	ck_assert_int_eq(who.slots, 1);
	line_give(line, now, now);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fleet");
	TCase *tc = tcase_create("slots");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, grants_never_pass_the_cap);
	tcase_add_loop_test(tc, an_answer_that_comes_late_grants_nothing, 0, 2);
	tcase_add_test(tc,
	    who_was_stopped_uses_again_nothing_that_others_got);
	tcase_add_test(tc, what_is_held_is_held_while_the_store_is_asked);
	tcase_add_test(tc, hosts_share_a_rate);
	tcase_add_test(tc, who_waits_for_a_rate_is_served_in_time);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
