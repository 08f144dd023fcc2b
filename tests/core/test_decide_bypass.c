/* What changes when mail may go past the filters. */
#include "core/decide.h"

#include "decide_sample.h"
#include "suite.h"

/* Both filters have been down for long, and exchange would take our mail. */
static void
open_the_bypass(struct upstream_view views[UPSTREAMS])
{
	for (uint32_t i = FILTER; i <= FILTER_EU; i++) {
		views[i] = view_in(BREAKER_OPEN);
		views[i].record.breaker.down_ms = 1;
	}
	views[EXCHANGE] = view_in(BREAKER_CLOSED);
	views[EXCHANGE].preflight.good_ms = NOW;
}

START_TEST(the_bypass_has_its_own_conditions)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	struct upstream_view views[UPSTREAMS];
	struct gate_verdict v;

	open_the_bypass(views);
	v = decide_gate(&p, &contoso, 2, SEEN(views), NULL, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_GRANT);
	ck_assert(v.needs_slot);
	ck_assert_int_eq(v.wait_ms, WAIT);

	views[EXCHANGE].preflight.good_ms = 0;
	v = decide_gate(&p, &contoso, 2, SEEN(views), NULL, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_REFUSE);
	ck_assert_int_eq(v.reason, DECIDE_BYPASS);
	ck_assert_int_eq(v.bypass, BYPASS_NO_PREFLIGHT);

	views[EXCHANGE] = view_in(BREAKER_OPEN);
	views[EXCHANGE].preflight.good_ms = NOW;
	v = decide_gate(&p, &contoso, 2, SEEN(views), NULL, 0, NOW);
	ck_assert_int_eq(v.reason, DECIDE_OPEN);
}
END_TEST

/* One goes to the filter; the others need not wait for how it fares. */
START_TEST(nobody_waits_for_a_trial_beside_an_open_bypass)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	struct upstream_view views[UPSTREAMS];
	struct gate_verdict v;

	open_the_bypass(views);
	views[FILTER].record.breaker.state = BREAKER_HALF_OPEN;
	v = decide_gate(&p, &contoso, 0, SEEN(views), NULL, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_GRANT);
	ck_assert_int_eq(v.wait_reason, DECIDE_TRIAL_TAKEN);
	ck_assert_int_eq(v.wait_ms, 0);
	v = decide_gate(&p, &contoso, 2, SEEN(views), NULL, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_GRANT);
	views[EXCHANGE].preflight.locked_ms = NOW + 1;
	v = decide_gate(&p, &contoso, 0, SEEN(views), NULL, 0, NOW);
	ck_assert_int_eq(v.wait_ms, WAIT);
}
END_TEST

/* Mail is taken in for a bypass that is open, not on the hope of one. */
START_TEST(an_open_bypass_ends_the_hold)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct plan watching = plan_in(PLAN_OBSERVE);
	struct upstream_view views[UPSTREAMS];

	open_the_bypass(views);
	ck_assert(!decide_on_hold(&p, &contoso, SEEN(views), NOW));
	ck_assert(decide_on_hold(&p, &contoso, SEEN(views),
	    NOW + BYPASS_PREFLIGHT_MS + 1));
	ck_assert(decide_on_hold(&p, &contoso, HELD(views), NOW));
	ck_assert(decide_on_hold(&watching, &contoso, SEEN(views), NOW));
	views[EXCHANGE].preflight.locked_ms = NOW + 1;
	ck_assert(decide_on_hold(&p, &contoso, SEEN(views), NOW));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("decide");
	TCase *tc = tcase_create("bypass");

	tcase_add_test(tc, the_bypass_has_its_own_conditions);
	tcase_add_test(tc, an_open_bypass_ends_the_hold);
	tcase_add_test(tc, nobody_waits_for_a_trial_beside_an_open_bypass);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
