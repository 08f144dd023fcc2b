/* An alternate takes its share of the mail and no more. */
#include "core/decide.h"

#include "decide_sample.h"
#include "suite.h"

START_TEST(an_alternate_takes_its_share_and_no_more)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(BREAKER_OPEN),
	};
	struct shares shares = { 0 };
	struct gate_verdict v;

	shares_earn(&shares, &p, &contoso);
	v = decide_gate(&p, &contoso, 1, SEEN(views), &shares, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_GRANT);
	shares_use(&shares, 1, NOW);
	v = decide_gate(&p, &contoso, 1, SEEN(views), &shares, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_REFUSE);
	ck_assert_int_eq(v.reason, DECIDE_SHARE);
}
END_TEST

START_TEST(nobody_spills_to_an_alternate_that_had_its_share)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = { 0 };
	struct shares shares = { 0 };

	ck_assert_int_eq(decide_gate(&p, &contoso, 0, SEEN(views), &shares, 0,
	    NOW).wait_ms, SPILL);
	shares_use(&shares, 1, NOW);
	ck_assert_int_eq(decide_gate(&p, &contoso, 0, SEEN(views), &shares, 0,
	    NOW).wait_ms, WAIT);
}
END_TEST

START_TEST(trouble_is_told_before_the_share)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = {
		[FILTER_EU] = view_in(BREAKER_OPEN),
	};
	struct shares shares = { 0 };

	shares_use(&shares, 1, NOW);
	ck_assert_int_eq(decide_gate(&p, &contoso, 1, SEEN(views), &shares, 0,
	    NOW).reason, DECIDE_OPEN);
}
END_TEST

START_TEST(a_share_that_is_observed_holds_nothing)
{
	const struct plan p = plan_in(PLAN_OBSERVE);
	const struct upstream_view views[UPSTREAMS] = { 0 };
	struct shares shares = { 0 };
	struct gate_verdict v;

	shares_use(&shares, 1, NOW);
	v = decide_gate(&p, &contoso, 1, SEEN(views), &shares, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_GRANT);
	ck_assert_int_eq(v.reason, DECIDE_SHARE);
	ck_assert(v.would_refuse);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("decide");
	TCase *tc = tcase_create("share");

	tcase_add_test(tc, an_alternate_takes_its_share_and_no_more);
	tcase_add_test(tc, nobody_spills_to_an_alternate_that_had_its_share);
	tcase_add_test(tc, trouble_is_told_before_the_share);
	tcase_add_test(tc, a_share_that_is_observed_holds_nothing);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
