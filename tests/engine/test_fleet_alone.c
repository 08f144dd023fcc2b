/* A host that alone sees trouble has a breaker of its own. */
#include "engine/fleet.h"

#include "fleet_sample.h"
#include "suite.h"

/* The state that counts at a host's gate. */
static enum breaker_state
gate_at(int i)
{
	return view_state(&fleet_views(host[i])[0], fleet_time(host[i], now));
}

/* A second of mail: mx1 has an outcome of its own, the others deliver. */
static void
mail(enum outcome_class at_mx1)
{
	observe(0, at_mx1, now);
	for (int i = 1; i < n_hosts; i++)
		observe(i, OUTCOME_OK, now);
	pass(1000);
}

static void
open_at_mx1(void)
{
	add_host();
	pass(3000);
	for (int n = 0; n < 10; n++)
		mail(OUTCOME_TROUBLE);
	pass(1000);
}

START_TEST(a_host_alone_opens_for_itself)
{
	const struct upstream_view *view = &fleet_views(host[0])[0];
	struct line *line = line_at(0);

	open_at_mx1();
	ck_assert_int_eq(gate_at(0), BREAKER_OPEN);
	ck_assert_str_eq(view->own.rule, "svc-unavail");
	ck_assert_str_eq(view_record(view)->incident, view->own.incident);
	ck_assert_str_ne(view->own.incident, "");
	for (int i = 0; i < n_hosts; i++) {
		ck_assert_int_eq(state_at(i), BREAKER_CLOSED);
		ck_assert(i == 0 || gate_at(i) == BREAKER_CLOSED);
	}
	ck_assert_uint_eq(told("scope=host"), 1);
	/* Its slots are the others' now, where they have use for them. */
	line_wish(line, now);
	ck_assert(!line_take(line, now));
	for (int n = 0; n < 10; n++) {
		use_all();
		pass(500);
	}
	ck_assert_uint_eq(line_state(line_at(1), now).in_use, 4);
	end_all();
}
END_TEST

START_TEST(it_tries_by_itself_one_connection_at_a_time)
{
	struct line *line = line_at(0);

	open_at_mx1();
	while (gate_at(0) == BREAKER_OPEN)
		mail(OUTCOME_IGNORE);
	ck_assert_int_eq(gate_at(0), BREAKER_HALF_OPEN);
	line_wish(line, now);
	pass(1500);
	ck_assert(line_take(line, now));
	ck_assert(!line_take(line, now));
	/* One more failure, and it waits again. */
	observe(0, OUTCOME_TROUBLE, now);
	line_give(line, now, now);
	pass(500);
	ck_assert_int_eq(gate_at(0), BREAKER_OPEN);
	ck_assert_uint_eq(fleet_views(host[0])[0].own.breaker.trips, 2);
	while (gate_at(0) != BREAKER_CLOSED)
		mail(gate_at(0) == BREAKER_OPEN ? OUTCOME_IGNORE : OUTCOME_OK);
	ck_assert_int_eq(state_at(0), BREAKER_CLOSED);
	ck_assert_uint_ge(take_all(0), 1);
}
END_TEST

START_TEST(the_fleets_breaker_takes_over_what_others_see_too)
{
	open_at_mx1();
	for (int n = 0; n < 20 && state_at(1) != BREAKER_OPEN; n++) {
		observe(1, OUTCOME_TROUBLE, now);
		observe(2, OUTCOME_TROUBLE, now);
		pass(1000);
	}
	pass(1200);
	for (int i = 0; i < n_hosts; i++) {
		ck_assert_int_eq(state_at(i), BREAKER_OPEN);
		ck_assert_int_eq(fleet_views(host[i])[0].own.breaker.state,
		    BREAKER_CLOSED);
		ck_assert_uint_eq(fleet_views(host[i])[0].record.breaker.trips,
		    1);
	}
}
END_TEST

START_TEST(a_host_sees_its_own_trouble_while_the_store_is_away)
{
	pass(3000);
	observe(1, OUTCOME_OK, now);
	pass(500);
	store_away = true;
	for (int n = 0; n < 10; n++)
		observe(0, OUTCOME_TROUBLE, now);
	pass(1000);
	ck_assert_int_eq(gate_at(0), BREAKER_OPEN);
	ck_assert_int_eq(gate_at(1), BREAKER_CLOSED);
	ck_assert_uint_eq(take_all(0), 0);
	while (gate_at(0) != BREAKER_CLOSED) {
		if (gate_at(0) != BREAKER_OPEN)
			observe(0, OUTCOME_OK, now);
		pass(1000);
	}
	/* What was granted before is still there, and no more. */
	ck_assert_uint_ge(granted(0), 1);
	ck_assert_uint_le(granted(0) + granted(1), 4);
}
END_TEST

START_TEST(what_all_see_is_nobodys_own)
{
	add_host();
	pass(3000);
	for (int n = 0; n < 30; n++)
		mail(OUTCOME_OK);
	for (int n = 0; n < 5; n++) {
		for (int i = 0; i < n_hosts; i++)
			observe(i, OUTCOME_TROUBLE, now);
		pass(1000);
	}
	pass(1000);
	for (int i = 0; i < n_hosts; i++)
		ck_assert_int_eq(state_at(i), BREAKER_OPEN);
	ck_assert_uint_eq(told("scope=host"), 0);
}
END_TEST

START_TEST(what_all_shed_is_shed_once)
{
	add_host();
	pass(3000);
	for (int n = 0; n < 45; n++) {
		for (int i = 0; i < n_hosts; i++)
			observe(i, n % 3 == 0 ? OUTCOME_OK : OUTCOME_TROUBLE,
			    now);
		pass(200);
	}
	pass(1200);
	for (int i = 0; i < n_hosts; i++) {
		ck_assert_int_eq(state_at(i), BREAKER_SHEDDING);
		ck_assert_int_eq(fleet_views(host[i])[0].own.breaker.state,
		    BREAKER_CLOSED);
	}
	ck_assert_uint_eq(told("scope=host"), 0);
}
END_TEST

START_TEST(one_hosts_resolver_is_its_own_trouble)
{
	add_host();
	pass(3000);
	for (int n = 0; n < 25; n++)
		mail(OUTCOME_DNS);
	ck_assert_int_eq(fleet_views(host[0])[0].own.breaker.reason,
	    BREAKER_DNS);
	ck_assert_int_ne(gate_at(0), BREAKER_CLOSED);
	ck_assert_int_eq(gate_at(1), BREAKER_CLOSED);
	ck_assert_int_eq(state_at(0), BREAKER_CLOSED);
}
END_TEST

START_TEST(others_hear_of_it_for_as_long_as_it_lasts)
{
	open_at_mx1();
	ck_assert_uint_eq(stored()->u.upstream.n_alone, 1);
	ck_assert_str_eq(stored()->u.upstream.alone[0].host, "mx1");
	ck_assert_str_eq(stored()->u.upstream.alone[0].incident,
	    fleet_views(host[0])[0].own.incident);
	while (gate_at(0) != BREAKER_CLOSED)
		mail(gate_at(0) == BREAKER_OPEN ? OUTCOME_IGNORE : OUTCOME_OK);
	pass(1500);
	ck_assert_uint_eq(stored()->u.upstream.n_alone, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fleet");
	TCase *tc = tcase_create("alone");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_host_alone_opens_for_itself);
	tcase_add_test(tc, it_tries_by_itself_one_connection_at_a_time);
	tcase_add_test(tc, the_fleets_breaker_takes_over_what_others_see_too);
	tcase_add_test(tc, a_host_sees_its_own_trouble_while_the_store_is_away);
	tcase_add_test(tc, what_all_see_is_nobodys_own);
	tcase_add_test(tc, what_all_shed_is_shed_once);
	tcase_add_test(tc, one_hosts_resolver_is_its_own_trouble);
	tcase_add_test(tc, others_hear_of_it_for_as_long_as_it_lasts);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
