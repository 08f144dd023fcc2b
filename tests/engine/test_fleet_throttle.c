/* An upstream that is slow gets fewer connections, from all hosts. */
#include "engine/fleet.h"

#include "fleet_sample.h"
#include "suite.h"

static uint32_t
cap_at(int i)
{
	return throttle_connections(
	    &fleet_views(host[i])[0].record.throttle, 4);
}

START_TEST(a_slow_outcome_lowers_the_cap_of_all)
{
	int64_t before;

	pass(3000);
	use_all();
	pass(500);
	before = now;
	observe(0, OUTCOME_SLOW, now);
	pass(1200);
	ck_assert_uint_eq(cap_at(0), 2);
	ck_assert_uint_eq(cap_at(1), 2);
	end_all();
	pass(300);
	ck_assert_uint_eq(granted(0) + granted(1), 2);
	/* Others had begun before it was lowered, and say no more. */
	observe(1, OUTCOME_SLOW, before);
	pass(1500);
	ck_assert_uint_eq(cap_at(0), 2);
	ck_assert_int_eq(state_at(0), BREAKER_CLOSED);
	ck_assert_uint_eq(told("event=throttle"), 1);
}
END_TEST

START_TEST(the_cap_comes_back_where_it_is_used)
{
	pass(3000);
	use_all();
	pass(500);
	observe(0, OUTCOME_SLOW, now);
	pass(300);
	end_all();
	pass(30000);
	ck_assert_uint_eq(cap_at(0), 2);
	for (int n = 0; n < 50; n++) {
		use_all();
		pass(200);
	}
	ck_assert_uint_eq(cap_at(0), 4);
	pass(1200);
	ck_assert_uint_eq(granted(0) + granted(1), 4);
}
END_TEST

START_TEST(what_persists_at_the_floor_is_trouble)
{
	pass(3000);
	observe(0, OUTCOME_SLOW, now);
	pass(1200);
	ck_assert_uint_eq(cap_at(0), 1);
	for (int n = 0; n < 9; n++)
		observe(n % 2, OUTCOME_SLOW, now);
	pass(1200);
	ck_assert_int_eq(state_at(0), BREAKER_CLOSED);
	observe(0, OUTCOME_SLOW, now);
	pass(1200);
	ck_assert_int_eq(state_at(1), BREAKER_OPEN);
	ck_assert_str_eq(fleet_views(host[1])[0].record.rule, "svc-unavail");
}
END_TEST

START_TEST(who_only_observes_lowers_nothing)
{
	struct plan observing = plan;

	observing.mode = PLAN_OBSERVE;
	fleet_reload(host[0], &observing);
	pass(3000);
	for (int n = 0; n < 100; n++) {
		observe(0, OUTCOME_SLOW, now);
		pass(100);
	}
	ck_assert_uint_eq(cap_at(0), 4);
	ck_assert_int_eq(state_at(0), BREAKER_CLOSED);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fleet");
	TCase *tc = tcase_create("throttle");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_slow_outcome_lowers_the_cap_of_all);
	tcase_add_test(tc, the_cap_comes_back_where_it_is_used);
	tcase_add_test(tc, what_persists_at_the_floor_is_trouble);
	tcase_add_test(tc, who_only_observes_lowers_nothing);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
