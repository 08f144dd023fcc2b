/* When a destination is on hold, and when what waits for it may leave. */
#include "core/decide.h"

#include "base/mem.h"

#include "decide_sample.h"
#include "suite.h"

static const struct {
	const char *says;
	enum breaker_state filter, eu, exchange;
	bool then;
} holds[] = {
	{ "all is well", BREAKER_CLOSED, BREAKER_CLOSED, BREAKER_CLOSED,
	    false },
	{ "an alternate is up", BREAKER_OPEN, BREAKER_CLOSED, BREAKER_CLOSED,
	    false },
	{ "the primary is up", BREAKER_CLOSED, BREAKER_OPEN, BREAKER_OPEN,
	    false },
	{ "one is being tried", BREAKER_OPEN, BREAKER_HALF_OPEN,
	    BREAKER_CLOSED, false },
	{ "one comes back", BREAKER_RAMP, BREAKER_OPEN, BREAKER_CLOSED,
	    false },
	{ "one sheds", BREAKER_SHEDDING, BREAKER_OPEN, BREAKER_CLOSED,
	    false },
	{ "what does not filter saves nobody", BREAKER_OPEN, BREAKER_OPEN,
	    BREAKER_CLOSED, true },
	{ "all are open", BREAKER_OPEN, BREAKER_OPEN, BREAKER_OPEN, true },
};

START_TEST(hold_is_when_nobody_may_take_mail)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(holds[_i].filter),
		[FILTER_EU] = view_in(holds[_i].eu),
		[EXCHANGE] = view_in(holds[_i].exchange),
	};

	ck_assert_msg(decide_on_hold(&p, &contoso, SEEN(views), NOW) ==
	    holds[_i].then, "%s", holds[_i].says);
}
END_TEST

START_TEST(what_is_not_known_counts_as_up)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = { 0 };

	ck_assert(!decide_on_hold(&p, &contoso, SEEN(views), NOW));
	ck_assert_int_eq(decide_gate(&p, &contoso, 0, SEEN(views), NULL, 999,
	    NOW).answer, GATE_GRANT);
}
END_TEST

START_TEST(an_operator_holds_a_destination)
{
	struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = { 0 };
	const struct client server = { SPAN("198.51.100.1"), SPAN("") };
	const struct client user = { SPAN("198.51.100.1"), SPAN("u") };
	struct gate_verdict v;

	ck_assert(decide_on_hold(&p, &contoso, HELD(views), NOW));
	ck_assert_int_eq(decide_intake(&p, &contoso, HELD(views), &server,
	    NOW).reason, DECIDE_ON_HOLD);
	ck_assert_int_eq(decide_late(&p, &contoso, HELD(views), &server,
	    NOW).reason, DECIDE_LATE);
	ck_assert_int_eq(decide_intake(&p, &contoso, HELD(views), &user,
	    NOW).reason, DECIDE_FINE);
	for (uint32_t route = 0; route < 2; route++) {
		v = decide_gate(&p, &contoso, route, HELD(views), NULL, 0, NOW);
		ck_assert_int_eq(v.answer, GATE_REFUSE);
		ck_assert_int_eq(v.reason, DECIDE_FORCED);
		ck_assert(v.held);
		ck_assert_int_eq(v.next_try_ms, NOW + 5000);
	}
	p.mode = PLAN_OBSERVE;
	v = decide_gate(&p, &contoso, 0, HELD(views), NULL, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_GRANT);
	ck_assert(v.would_refuse);
	ck_assert(!decide_intake(&p, &contoso, HELD(views), &server, NOW)
	    .enforced);
}
END_TEST

START_TEST(a_hold_ends_by_itself)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = { 0 };

	ck_assert(!decide_on_hold(&p, &contoso, HELD(views), NOW + 5000));
	ck_assert_int_eq(decide_gate(&p, &contoso, 0, HELD(views), NULL, 0,
	    NOW + 5000).answer, GATE_GRANT);
}
END_TEST

static const struct {
	const char *says;
	enum breaker_state filter, eu, exchange;
	enum decide_release then;
} releases[] = {
	{ "all is well", BREAKER_CLOSED, BREAKER_CLOSED, BREAKER_CLOSED,
	    RELEASE_ALL },
	{ "all are open", BREAKER_OPEN, BREAKER_OPEN, BREAKER_OPEN,
	    RELEASE_NOTHING },
	{ "one is being tried", BREAKER_OPEN, BREAKER_HALF_OPEN, BREAKER_OPEN,
	    RELEASE_TRIALS },
	{ "a share is not enough", BREAKER_RAMP, BREAKER_SHEDDING,
	    BREAKER_OPEN, RELEASE_NOTHING },
	{ "a trial beside a share", BREAKER_HALF_OPEN, BREAKER_RAMP,
	    BREAKER_OPEN, RELEASE_TRIALS },
	{ "the other one takes all", BREAKER_HALF_OPEN, BREAKER_CLOSED,
	    BREAKER_OPEN, RELEASE_ALL },
	{ "what does not filter saves nobody", BREAKER_OPEN, BREAKER_OPEN,
	    BREAKER_CLOSED, RELEASE_NOTHING },
};

START_TEST(held_mail_goes_where_all_mail_may)
{
	struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(releases[_i].filter),
		[FILTER_EU] = view_in(releases[_i].eu),
		[EXCHANGE] = view_in(releases[_i].exchange),
	};

	ck_assert_msg(decide_release(&p, &contoso, SEEN(views), NOW) ==
	    releases[_i].then, "%s", releases[_i].says);
	ck_assert_int_eq(decide_release(&p, &contoso, HELD(views), NOW),
	    RELEASE_NOTHING);
	p.mode = PLAN_OBSERVE;
	ck_assert_int_eq(decide_release(&p, &contoso, SEEN(views), NOW),
	    RELEASE_NOTHING);
}
END_TEST

START_TEST(held_mail_waits_until_something_is_known)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = { 0 };

	ck_assert_int_eq(decide_release(&p, &contoso, SEEN(views), NOW),
	    RELEASE_NOTHING);
}
END_TEST

START_TEST(the_last_step_of_a_ramp_is_all)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(BREAKER_RAMP),
	};

	views[FILTER].record.breaker.allowance = 1000;
	ck_assert_int_eq(decide_release(&p, &contoso, SEEN(views), NOW),
	    RELEASE_ALL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("decide");
	TCase *tc = tcase_create("hold");

	tcase_add_loop_test(tc, hold_is_when_nobody_may_take_mail, 0,
	    MW_N_OF(holds));
	tcase_add_test(tc, what_is_not_known_counts_as_up);
	tcase_add_test(tc, an_operator_holds_a_destination);
	tcase_add_test(tc, a_hold_ends_by_itself);
	tcase_add_loop_test(tc, held_mail_goes_where_all_mail_may, 0,
	    MW_N_OF(releases));
	tcase_add_test(tc, held_mail_waits_until_something_is_known);
	tcase_add_test(tc, the_last_step_of_a_ramp_is_all);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
