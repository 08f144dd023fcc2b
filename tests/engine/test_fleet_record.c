/*
 * What one host sees of an upstream, all know: one breaker for the whole fleet,
 * that opens with a reason, and recovers.
 */
#include "engine/fleet.h"

#include "fleet_sample.h"
#include "suite.h"

#include <string.h>

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

START_TEST(a_name_that_most_hosts_do_not_find_opens_for_all)
{
	add_host();
	pass(3000);
	for (int n = 0; n < 20; n++) {
		observe(0, OUTCOME_DNS, now);
		observe(1, OUTCOME_DNS, now);
		pass(1000);
	}
	ck_assert_int_eq(fleet_views(host[2])[0].record.breaker.reason,
	    BREAKER_DNS);
	ck_assert_str_eq(fleet_views(host[2])[0].record.rule, "svc-unavail");
	/* DNS is back: it is well at once, without waits and ramp. */
	pass(BREAKER_DNS_MS);
	observe(1, OUTCOME_OK, now);
	pass(2000);
	ck_assert_int_eq(state_at(2), BREAKER_CLOSED);
}
END_TEST

static void
move_on(int i, int times)
{
	for (int n = 0; n < times; n++)
		fleet_observe(host[i], fleet_upstream(host[i], 0),
		    (struct outcome){ OUTCOME_MOVED_ON, "" },
		    SPAN("moved on to the next hop"), now, now);
}

START_TEST(moving_on_takes_no_reason_away)
{
	pass(3000);
	move_on(0, 3);
	observe(0, OUTCOME_TROUBLE, now);
	move_on(0, 6);
	pass(200);
	ck_assert_int_eq(state_at(0), BREAKER_OPEN);
	ck_assert_str_eq(fleet_views(host[0])[0].record.rule, "svc-unavail");
}
END_TEST

START_TEST(a_reason_of_long_ago_is_none)
{
	pass(3000);
	observe(0, OUTCOME_TROUBLE, now);
	pass(200);
	observe(0, OUTCOME_OK, now);
	pass(121000);
	move_on(0, 10);
	pass(200);
	ck_assert_int_eq(state_at(0), BREAKER_OPEN);
	ck_assert_str_eq(fleet_views(host[0])[0].record.rule, "");
}
END_TEST

START_TEST(a_reason_may_come_late)
{
	const struct upstream_record *r = &fleet_views(host[1])[0].record;
	char incident[INCIDENT_MAX + 1];

	pass(3000);
	move_on(0, 10);
	pass(1200);
	ck_assert_int_eq(state_at(1), BREAKER_OPEN);
	ck_assert_str_eq(r->rule, "");
	memcpy(incident, r->incident, sizeof(incident));
	observe(0, OUTCOME_TROUBLE, now - 1200);
	pass(2200);
	ck_assert_int_eq(state_at(1), BREAKER_OPEN);
	ck_assert_str_eq(r->rule, "svc-unavail");
	ck_assert(span_starts(span_of(r->sample), SPAN("4.3.2 host x")));
	ck_assert_str_eq(r->incident, incident);
	ck_assert_uint_eq(r->breaker.trips, 1);
}
END_TEST

START_TEST(nothing_is_lost_while_the_store_is_away)
{
	pass(3000);
	store_away = true;
	for (int n = 0; n < 10; n++)
		observe(0, OUTCOME_TROUBLE, now);
	pass(3000);
	ck_assert_int_eq(state_at(0), BREAKER_CLOSED);
	ck_assert_uint_gt(granted(0), 0);
	store_away = false;
	pass(1000);
	ck_assert_int_eq(state_at(0), BREAKER_OPEN);
}
END_TEST

static uint64_t
told_of(enum outcome_class class)
{
	return stored()->u.upstream.totals[class];
}

START_TEST(what_is_as_usual_is_told_now_and_then)
{
	uint32_t times = 0;
	uint64_t before = 0;

	pass(3000);
	for (int n = 0; n < 40; n++) {
		observe(0, OUTCOME_OK, now);
		pass(FLEET_TICK_MS);
		if (told_of(OUTCOME_OK) > before)
			times++;
		before = told_of(OUTCOME_OK);
	}
	ck_assert_uint_ge(times, 8);
	ck_assert_uint_le(times, 11);
	pass(200);
	ck_assert_uint_eq(told_of(OUTCOME_OK), 40);
}
END_TEST

START_TEST(trouble_is_told_at_once_and_takes_the_rest_along)
{
	pass(3000);
	observe(0, OUTCOME_OK, now);
	pass(2 * FLEET_TICK_MS);
	ck_assert_uint_eq(told_of(OUTCOME_OK), 1);
	observe(0, OUTCOME_OK, now);
	observe(0, OUTCOME_TROUBLE, now);
	pass(2 * FLEET_TICK_MS);
	ck_assert_uint_eq(told_of(OUTCOME_OK), 2);
	ck_assert_uint_eq(told_of(OUTCOME_TROUBLE), 1);
}
END_TEST

START_TEST(of_what_is_not_closed_all_is_told_at_once)
{
	pass(3000);
	open_it();
	pass(30000);
	ck_assert_int_eq(state_at(0), BREAKER_HALF_OPEN);
	for (uint64_t n = 1; n <= 3; n++) {
		observe(0, OUTCOME_OK, now);
		pass(2 * FLEET_TICK_MS);
		ck_assert_uint_eq(told_of(OUTCOME_OK), n);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fleet");
	TCase *tc = tcase_create("record");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_one_host_sees_all_know);
	tcase_add_test(tc, a_good_one_elsewhere_breaks_the_streak);
	tcase_add_test(tc, it_recovers_by_trials_and_ramp);
	tcase_add_test(tc, a_name_that_most_hosts_do_not_find_opens_for_all);
	tcase_add_test(tc, moving_on_takes_no_reason_away);
	tcase_add_test(tc, a_reason_of_long_ago_is_none);
	tcase_add_test(tc, a_reason_may_come_late);
	tcase_add_test(tc, nothing_is_lost_while_the_store_is_away);
	tcase_add_test(tc, what_is_as_usual_is_told_now_and_then);
	tcase_add_test(tc, trouble_is_told_at_once_and_takes_the_rest_along);
	tcase_add_test(tc, of_what_is_not_closed_all_is_told_at_once);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
