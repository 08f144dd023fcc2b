/* An operator's hold of a destination reaches all hosts, and ends in time. */
#include "engine/fleet.h"

#include "fleet_sample.h"
#include "suite.h"

static bool
held(int i, uint32_t destination)
{
	return override_says(&fleet_snapshot(host[i]).holds[destination],
	    OVERRIDE_HOLD, fleet_time(host[i], now));
}

START_TEST(an_operator_holds_a_destination)
{
	pass(1000);
	say("filter", true, OVERRIDE_HOLD);
	fleet_changed(host[0], SPAN("filter"));
	pass(100);
	ck_assert(held(0, 1));
	ck_assert(!held(0, 0));
	ck_assert_int_eq(fleet_views(host[0])[0].override.state,
	    OVERRIDE_NONE);
	ck_assert(!held(1, 1));	/* has not heard of it, and finds it later */
	pass(6000);
	ck_assert(held(1, 1));
	say("filter", true, OVERRIDE_RELEASE);
	pass(6000);
	ck_assert(!held(0, 1) && !held(1, 1));
}
END_TEST

START_TEST(a_hold_ends_though_the_store_is_away)
{
	say("contoso", true, OVERRIDE_HOLD);
	pass(1000);
	store_away = true;
	pass(50000);
	ck_assert(held(0, 0));
	pass(10000);
	ck_assert(!held(0, 0));
}
END_TEST

START_TEST(a_hold_that_another_one_read_is_kept_while_the_store_is_away)
{
	store_away = true;
	fleet_recall_hold(host[0], 0, fleet_time(host[0], now) + 60000);
	pass(50000);
	ck_assert(held(0, 0) && !held(0, 1));
	pass(15000);
	ck_assert(!held(0, 0));
	fleet_recall_hold(host[0], 0, fleet_time(host[0], now) + 60000);
	store_away = false;
	pass(10000);
	ck_assert(!held(0, 0));
}
END_TEST

START_TEST(a_reload_carries_over_a_hold)
{
	static const struct destination more[] = {
		{ .name = "new", .n_routes = 1 },
		{ .name = "contoso", .n_routes = 1 },
	};
	static const struct plan changed = {
		.upstreams = upstreams, .n_upstreams = 1,
		.destinations = more, .n_destinations = 2,
	};

	say("contoso", true, OVERRIDE_HOLD);
	pass(1000);
	fleet_reload(host[0], &changed);
	ck_assert(!held(0, 0) && held(0, 1));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fleet");
	TCase *tc = tcase_create("holds");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_operator_holds_a_destination);
	tcase_add_test(tc, a_hold_ends_though_the_store_is_away);
	tcase_add_test(tc,
	    a_hold_that_another_one_read_is_kept_while_the_store_is_away);
	tcase_add_test(tc, a_reload_carries_over_a_hold);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
