/* When a way past the filter opens, for all hosts alike, and when it ends. */
#include "engine/fleet.h"

#include "core/route.h"

#include "fleet_sample.h"
#include "suite.h"

/* A filter, and a way past it once it is down for a minute. */
static struct upstream way[2];
static const struct destination past[] = { {
	.name = "contoso", .n_routes = 2,
	.routes = {
		{ .upstream = 0 },
		{ .upstream = 1, .unfiltered = true, .after_ms = 60000 },
	},
} };
static const struct plan with_a_way = {
	.mode = PLAN_ENFORCE, .upstreams = way, .n_upstreams = 2,
	.destinations = past, .n_destinations = 1,
	.slow = { .cut = 700, .floor = 1, .raise = 1, .every_ms = 2000 },
};

static enum bypass
bypass(int i)
{
	return route_bypass(&with_a_way, &past[0], 1, fleet_views(host[i]),
	    fleet_time(host[i], now));
}

/* The filter goes down now, and comes back in no time that a test takes. */
static void
filter_fails(void)
{
	way[0] = way[1] = upstreams[0];
	way[0].breaker.open_for_ms = way[0].breaker.open_max_ms = 100000000;
	way[1].name = "exchange";
	reload(&with_a_way);
	pass(1000);
	for (int n = 0; n < 10; n++)
		observe(0, OUTCOME_TROUBLE, now);
	pass(2000);
	ck_assert_int_eq(state_at(1), BREAKER_OPEN);
}

static void
a_preflight_is_good(int i)
{
	fleet_preflight(fleet_upstream(host[i], 1), now);
}

START_TEST(one_preflight_opens_the_bypass_for_all)
{
	filter_fails();
	pass(50000);
	ck_assert_int_eq(bypass(0), BYPASS_TOO_EARLY);
	pass(10000);
	ck_assert_int_eq(bypass(0), BYPASS_NO_PREFLIGHT);
	a_preflight_is_good(0);
	pass(2000);
	ck_assert_int_eq(bypass(0), BYPASS_OK);
	ck_assert_int_eq(bypass(1), BYPASS_OK);
	ck_assert_uint_eq(told("state=begins"), 2);
	pass(40000);
	a_preflight_is_good(1);
	pass(40000);
	ck_assert_int_eq(bypass(0), BYPASS_OK);
	ck_assert_uint_eq(told("state=ends"), 0);
	pass(22000);
	ck_assert_int_eq(bypass(0), BYPASS_NO_PREFLIGHT);
	ck_assert_uint_eq(told("state=begins"), 2);
	ck_assert_uint_eq(told("state=ends"), 2);
}
END_TEST

START_TEST(a_lock_that_one_meets_is_for_all)
{
	filter_fails();
	pass(60000);
	a_preflight_is_good(0);
	pass(2000);
	fleet_lock(fleet_upstream(host[1], 1), now);
	ck_assert_int_eq(bypass(1), BYPASS_LOCKED);
	a_preflight_is_good(0);
	pass(2000);
	ck_assert_int_eq(bypass(0), BYPASS_LOCKED);
	ck_assert_uint_eq(told("state=ends"), 2);
	pass(upstreams[0].breaker.open_max_ms);
	ck_assert_int_eq(bypass(0), BYPASS_NO_PREFLIGHT);
}
END_TEST

START_TEST(a_lock_met_while_the_store_is_away_is_told_later)
{
	filter_fails();
	store_away = true;
	fleet_lock(fleet_upstream(host[0], 1), now);
	pass(5000);
	store_away = false;
	pass(5000);
	ck_assert_int_gt(fleet_views(host[1])[1].preflight.locked_ms, 0);
}
END_TEST

START_TEST(no_bypass_begins_while_the_store_is_away)
{
	filter_fails();
	a_preflight_is_good(0);
	pass(56000);
	ck_assert_int_eq(bypass(0), BYPASS_TOO_EARLY);
	store_away = true;
	pass(3900);			/* its time would have come */
	ck_assert_int_eq(bypass(0), BYPASS_TOO_EARLY);
	pass(10000);
	a_preflight_is_good(0);
	pass(10000);
	ck_assert_int_ne(bypass(0), BYPASS_OK);
	ck_assert_uint_eq(told("state=begins"), 0);
	store_away = false;
	pass(2000);
	ck_assert_int_eq(bypass(0), BYPASS_NO_PREFLIGHT);
	ck_assert_uint_eq(told("state=begins"), 0);
}
END_TEST

START_TEST(a_bypass_ends_with_its_last_preflight_while_the_store_is_away)
{
	filter_fails();
	pass(60000);
	a_preflight_is_good(0);
	pass(2000);
	store_away = true;
	pass(50000);
	ck_assert_int_eq(bypass(0), BYPASS_OK);
	a_preflight_is_good(0);
	pass(10000);
	ck_assert_int_eq(bypass(0), BYPASS_NO_PREFLIGHT);
	ck_assert_uint_eq(told("state=ends"), 2);
}
END_TEST

START_TEST(a_bypass_ends_when_the_filter_may_be_asked)
{
	filter_fails();
	pass(60000);
	a_preflight_is_good(0);
	pass(2000);
	say("filter", false, OVERRIDE_CLOSED);
	pass(2000);
	ck_assert_int_eq(bypass(0), BYPASS_PRIMARY_UP);
	ck_assert_uint_eq(told("state=ends"), 2);
	fleet_reload(host[0], &plan);	/* tells nothing twice */
	ck_assert_uint_eq(told("state=ends"), 2);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fleet");
	TCase *tc = tcase_create("bypass");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, one_preflight_opens_the_bypass_for_all);
	tcase_add_test(tc, a_lock_that_one_meets_is_for_all);
	tcase_add_test(tc, a_lock_met_while_the_store_is_away_is_told_later);
	tcase_add_test(tc, no_bypass_begins_while_the_store_is_away);
	tcase_add_test(tc,
	    a_bypass_ends_with_its_last_preflight_while_the_store_is_away);
	tcase_add_test(tc, a_bypass_ends_when_the_filter_may_be_asked);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
