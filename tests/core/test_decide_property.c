/* What holds for all verdicts whatever is asked and seen. */
#include "core/decide.h"

#include "base/chance.h"

#include "decide_sample.h"
#include "suite.h"

static struct upstream_view
any_view(void)
{
	struct upstream_view v = view_in(chance_below(5));

	v.known = chance_below(4) > 0;
	v.record.breaker.since_ms = NOW - chance_below(100);
	v.record.breaker.down_ms = chance_below(2) * v.record.breaker.since_ms;
	v.preflight.good_ms = chance_below(2) * NOW;
	v.preflight.locked_ms = chance_below(4) == 0 ? NOW + 1 : 0;
	v.override.state = chance_below(3);
	v.override.until_ms = NOW - 50 + chance_below(100);
	return v;
}

static struct shares
any_shares(void)
{
	struct shares s = { 0 };

	for (uint32_t i = 0; i < contoso.n_routes; i++) {
		s.routes[i].saved = chance_below(2000);
		s.routes[i].used_ms = NOW - chance_below(2) * SHARES_MINUTE_MS;
	}
	return s;
}

/* Reasons, modes and states in any mixture. */
START_TEST(whatever_happens_the_rules_hold)
{
	chance_seed((uint64_t)_i);
	for (int n = 0; n < 2000; n++) {
		const struct plan p = plan_in(chance_below(2) != 0 ?
		    PLAN_ENFORCE : PLAN_OBSERVE);
		const struct upstream_view views[UPSTREAMS] = {
			any_view(), any_view(), any_view(),
		};
		const struct client c = { SPAN("198.51.100.1"), SPAN("") };
		const struct snapshot seen = {
			views, chance_below(4) == 0 ? &on_hold : &nothing,
			NULL,
		};
		const struct shares shares = any_shares();
		const uint32_t route = chance_below(3);
		const bool unfiltered = contoso.routes[route].unfiltered;
		const struct gate_verdict v = decide_gate(&p, &contoso,
		    route, &seen, &shares, chance_below(1000), NOW);
		const struct intake_verdict in = decide_intake(&p, &contoso,
		    &seen, &c, NOW);
		const struct reply r = decide_held_reply("filter",
		    v.reason, v.next_try_ms - NOW, "6f3a");

		if (p.mode == PLAN_ENFORCE && v.answer == GATE_GRANT)
			ck_assert(v.needs_slot);
		if (p.mode == PLAN_OBSERVE)
			ck_assert_int_eq(v.answer,
			    unfiltered ? GATE_REFUSE : GATE_GRANT);
		ck_assert((v.reason != DECIDE_FINE) ==
		    (v.answer == GATE_REFUSE || v.would_refuse));
		ck_assert((v.reason == DECIDE_BYPASS) ==
		    (v.bypass != BYPASS_OK));
		ck_assert(!v.would_refuse || p.mode == PLAN_OBSERVE);
		ck_assert_int_ge(v.wait_ms, 0);
		ck_assert(reply_sane(&r) && reply_is_temporary(&r));
		if (in.reason != DECIDE_FINE) {
			ck_assert(reply_sane(&in.reply));
			ck_assert(reply_is_temporary(&in.reply));
			ck_assert(unfiltered || v.answer == GATE_REFUSE ||
			    v.would_refuse);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("decide");
	TCase *tc = tcase_create("property");

	tcase_add_loop_test(tc, whatever_happens_the_rules_hold, 0, 10);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
