/* May this connection be made, and how long may it be waited for? */
#include "core/decide.h"

#include "base/mem.h"

#include "decide_sample.h"
#include "suite.h"

static const struct {
	const char *says;
	enum breaker_state filter, eu;
	uint32_t draw;
	enum gate_answer answer;
	enum decide_reason reason;	/* GRANT: once the wait is over */
	int64_t time_ms;	/* REFUSE: the next try; GRANT: the wait */
} gates[] = {
	{ "all is well: to the alternate soon", BREAKER_CLOSED,
	    BREAKER_CLOSED, 999, GATE_GRANT, DECIDE_NO_SLOT, SPILL },
	{ "no alternate: wait in line", BREAKER_CLOSED, BREAKER_OPEN, 999,
	    GATE_GRANT, DECIDE_NO_SLOT, WAIT },
	{ "a trial, and an alternate: no waiting", BREAKER_HALF_OPEN,
	    BREAKER_CLOSED, 999, GATE_GRANT, DECIDE_TRIAL_TAKEN, 0 },
	{ "a trial, and nothing else: wait for it", BREAKER_HALF_OPEN,
	    BREAKER_OPEN, 999, GATE_GRANT, DECIDE_TRIAL_TAKEN, WAIT },
	{ "open", BREAKER_OPEN, BREAKER_CLOSED, 0, GATE_REFUSE, DECIDE_OPEN,
	    NOW + 28000 },
	{ "shedding, drawn in", BREAKER_SHEDDING, BREAKER_CLOSED, 399,
	    GATE_GRANT, DECIDE_NO_SLOT, SPILL },
	{ "shedding, drawn out", BREAKER_SHEDDING, BREAKER_CLOSED, 400,
	    GATE_REFUSE, DECIDE_SHED, 0 },
	{ "on the ramp, drawn in", BREAKER_RAMP, BREAKER_OPEN, 49,
	    GATE_GRANT, DECIDE_NO_SLOT, WAIT },
	{ "on the ramp, drawn out until its next step", BREAKER_RAMP,
	    BREAKER_CLOSED, 50, GATE_REFUSE, DECIDE_SHED, NOW + 60000 },
};

START_TEST(the_gate_asks_the_upstream_then_for_a_slot)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(gates[_i].filter),
		[FILTER_EU] = view_in(gates[_i].eu),
	};
	const struct gate_verdict v = decide_gate(&p, &contoso, 0, SEEN(views),
	    NULL, gates[_i].draw, NOW);

	ck_assert_msg(v.answer == gates[_i].answer, "%s", gates[_i].says);
	ck_assert(!v.would_refuse);
	if (v.answer == GATE_REFUSE) {
		ck_assert_int_eq(v.reason, gates[_i].reason);
		ck_assert_int_eq(v.next_try_ms, gates[_i].time_ms);
		return;
	}
	ck_assert(v.needs_slot);
	ck_assert_int_eq(v.reason, DECIDE_FINE);
	ck_assert_int_eq(v.wait_reason, gates[_i].reason);
	ck_assert_int_eq(v.wait_ms, gates[_i].time_ms);
	ck_assert(v.alternate == (v.wait_ms < WAIT));
}
END_TEST

START_TEST(what_this_host_alone_sees_closes_its_gate)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(BREAKER_CLOSED),
	};
	struct gate_verdict v;

	views[FILTER].own = (struct upstream_record){ .breaker = {
		.state = BREAKER_OPEN, .trips = 1, .until_ms = NOW + 7000 } };
	v = decide_gate(&p, &contoso, 0, SEEN(views), NULL, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_REFUSE);
	ck_assert_int_eq(v.reason, DECIDE_OPEN);
	ck_assert_int_eq(v.next_try_ms, NOW + 7000);
}
END_TEST

START_TEST(an_operator_closes_the_gate)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	struct upstream_view views[UPSTREAMS] = { 0 };
	struct gate_verdict v;

	views[FILTER].override = (struct override){
		.state = OVERRIDE_OPEN, .until_ms = NOW + 5000,
	};
	v = decide_gate(&p, &contoso, 0, SEEN(views), NULL, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_REFUSE);
	ck_assert_int_eq(v.reason, DECIDE_FORCED);
	ck_assert_int_eq(v.next_try_ms, NOW + 5000);
	v = decide_gate(&p, &contoso, 0, SEEN(views), NULL, 0, NOW + 5000);
	ck_assert_int_eq(v.answer, GATE_GRANT);
}
END_TEST

START_TEST(and_holds_it_open)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(BREAKER_OPEN),
	};

	views[FILTER].override = (struct override){
		.state = OVERRIDE_CLOSED, .until_ms = NOW + 5000,
	};
	ck_assert_int_eq(decide_gate(&p, &contoso, 0, SEEN(views), NULL, 999,
	    NOW).answer, GATE_GRANT);
}
END_TEST

START_TEST(observe_mode_grants_and_says_what_it_saw)
{
	const struct plan p = plan_in(PLAN_OBSERVE);
	const struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(BREAKER_OPEN),
	};
	struct gate_verdict v = decide_gate(&p, &contoso, 0, SEEN(views), NULL,
	    0, NOW);

	ck_assert_int_eq(v.answer, GATE_GRANT);
	ck_assert(v.would_refuse);
	ck_assert_int_eq(v.reason, DECIDE_OPEN);
	ck_assert(!v.needs_slot);
	v = decide_gate(&p, &contoso, 1, SEEN(views), NULL, 0, NOW);
	ck_assert(!v.would_refuse);
	ck_assert(!v.needs_slot);
	v = decide_gate(&p, &contoso, 2, SEEN(views), NULL, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_REFUSE);
	ck_assert_int_eq(v.bypass, BYPASS_OBSERVE);
}
END_TEST

static const struct {
	const char *says;
	struct gate_prospect is;
	enum decide_reason then;
} prospects[] = {
	{ "all is well", { .state = BREAKER_CLOSED, .probed = true },
	    DECIDE_FINE },
	{ "a probe tries it", { .state = BREAKER_HALF_OPEN, .probed = true },
	    DECIDE_TRIAL_TAKEN },
	{ "mail has to try it", { .state = BREAKER_HALF_OPEN }, DECIDE_FINE },
	{ "it hangs, and one attempt finds out",
	    { .state = BREAKER_CLOSED, .silent = true, .busy = true },
	    DECIDE_SILENT },
	{ "it hung, and this one finds out",
	    { .state = BREAKER_CLOSED, .silent = true }, DECIDE_FINE },
	{ "it is at work", { .state = BREAKER_CLOSED, .busy = true },
	    DECIDE_FINE },
};

START_TEST(mail_takes_the_other_way_where_one_is_enough)
{
	ck_assert_msg(decide_detour(&prospects[_i].is) == prospects[_i].then,
	    "%s", prospects[_i].says);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("decide");
	TCase *tc = tcase_create("gate");

	tcase_add_loop_test(tc, the_gate_asks_the_upstream_then_for_a_slot, 0,
	    MW_N_OF(gates));
	tcase_add_loop_test(tc, mail_takes_the_other_way_where_one_is_enough,
	    0, MW_N_OF(prospects));
	tcase_add_test(tc, what_this_host_alone_sees_closes_its_gate);
	tcase_add_test(tc, an_operator_closes_the_gate);
	tcase_add_test(tc, and_holds_it_open);
	tcase_add_test(tc, observe_mode_grants_and_says_what_it_saw);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
