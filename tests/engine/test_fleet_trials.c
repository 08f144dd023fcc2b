/* Who tries an upstream that was open, and what must end before that. */
#include "engine/fleet.h"

#include "fleet_sample.h"
#include "suite.h"

START_TEST(one_trial_of_the_fleet_at_a_time)
{
	open_it();
	pass(1500);
	ck_assert_uint_eq(granted(0) + granted(1), 0);
	pass(30000);
	for (int i = 0; i < 2; i++)
		line_wish(line_at(i), now);
	for (int n = 0; n < 40; n++) {
		pass(FLEET_TICK_MS);
		ck_assert_uint_le(granted(0) + granted(1), 1);
	}
	ck_assert_uint_eq(granted(0) + granted(1), 1);
}
END_TEST

static bool
tries(int i)
{
	struct line *line = line_at(i);
	bool taken;

	line_wish(line, now);
	pass(1500);
	taken = line_take(line, now);
	if (taken)
		line_give(line, now, now);
	return taken;
}

static void
wait_for_trial(void)
{
	while (state_at(0) == BREAKER_OPEN)
		pass(1000);
	ck_assert_int_eq(state_at(0), BREAKER_HALF_OPEN);
}

START_TEST(who_failed_a_trial_lets_others_try_first)
{
	for (int i = 0; i < 2; i++)
		fleet_set_hosts(host[i], 2);
	open_it();
	wait_for_trial();
	ck_assert(tries(0));
	observe(0, OUTCOME_TROUBLE, now);
	pass(500);
	wait_for_trial();
	ck_assert(!tries(0));
	ck_assert(tries(1));
	observe(1, OUTCOME_TROUBLE, now);
	pass(1500);
	wait_for_trial();
	ck_assert(tries(0));
	observe(0, OUTCOME_TROUBLE, now);
	pass(500);
	/* Nobody else has mail for it: after a while it tries again. */
	wait_for_trial();
	ck_assert(!tries(0));
	say("filter", false, OVERRIDE_CLOSED);
	pass(1500);
	ck_assert_msg(tries(0), "an operator's word goes before that");
	say("filter", false, OVERRIDE_NONE);
	pass(1500);
	ck_assert(!tries(0));
	pass(30000);
	ck_assert(tries(0));
}
END_TEST

START_TEST(the_only_host_waits_for_nobody)
{
	open_it();
	wait_for_trial();
	observe(0, OUTCOME_TROUBLE, now);
	pass(500);
	wait_for_trial();
	ck_assert(tries(0));
}
END_TEST

/* So many connections of mx1 hang while it opens and the wait ends. */
static void
hang(uint32_t n)
{
	struct line *line = line_at(0);

	for (; n > 0; n--)
		do {
			line_wish(line, now);
			pass(FLEET_TICK_MS);
		} while (!line_take(line, now));
	open_it();
	pass(31000);
	ck_assert_int_eq(state_at(0), BREAKER_HALF_OPEN);
}

START_TEST(a_trial_does_not_wait_for_what_hangs)
{
	struct line *line = line_at(0);

	hang(3);
	line_wish(line_at(1), now);
	for (int n = 0; n < 40; n++) {
		pass(FLEET_TICK_MS);
		ck_assert_uint_le(granted(0) + granted(1), 1);
	}
	ck_assert_uint_eq(granted(0) + granted(1), 1);
	ck_assert_uint_eq(line_state(line, now).old, 3);
	ck_assert_uint_eq(stored()->u.upstream.in_use, 3);
	/* They end in the ramp, and the cap holds all the while. */
	for (int n = 0; n < 3; n++)
		observe(1, OUTCOME_OK, now);
	for (uint32_t old = 3; old > 0; old--) {
		for (int n = 0; n < 10; n++) {
			pass(FLEET_TICK_MS);
			ck_assert_uint_le(granted(0) + granted(1), 4 - old);
		}
		line_give(line, 1, now);
	}
	pass(LINE_WISH_MS);
	ck_assert_uint_eq(granted(0) + granted(1), 4);
}
END_TEST

START_TEST(where_all_hangs_there_is_no_trial)
{
	hang(4);
	for (int n = 0; n < 40; n++) {
		pass(FLEET_TICK_MS);
		ck_assert_uint_eq(granted(0) + granted(1), 0);
	}
	line_give(line_at(0), 1, now);
	line_wish(line_at(1), now);
	pass(1500);
	ck_assert_uint_eq(granted(0) + granted(1), 1);
}
END_TEST

START_TEST(a_ramp_does_not_wait_for_what_hangs_from_another_process)
{
	hang(3);
	pass(1500);
	replace_process(0, fleet_held(fleet_upstream(host[0], 0)));
	for (int n = 0; n < 3; n++)
		observe(1, OUTCOME_OK, now);
	pass(100);
	ck_assert_int_eq(state_at(1), BREAKER_RAMP);
	replace_process(0, fleet_held(fleet_upstream(host[0], 0)));
	line_wish(line_at(1), now);
	pass(600);
	ck_assert_int_eq(state_at(0), BREAKER_RAMP);
	ck_assert_uint_eq(line_state(line_at(0), now).old, 3);
	ck_assert_uint_eq(granted(0), 0);
	ck_assert_uint_eq(granted(1), 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fleet");
	TCase *tc = tcase_create("trials");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, one_trial_of_the_fleet_at_a_time);
	tcase_add_test(tc, who_failed_a_trial_lets_others_try_first);
	tcase_add_test(tc, the_only_host_waits_for_nobody);
	tcase_add_test(tc, a_trial_does_not_wait_for_what_hangs);
	tcase_add_test(tc, where_all_hangs_there_is_no_trial);
	tcase_add_test(tc,
	    a_ramp_does_not_wait_for_what_hangs_from_another_process);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
