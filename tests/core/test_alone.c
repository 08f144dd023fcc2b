#include "core/alone.h"

#include "base/chance.h"
#include "base/mem.h"

#include "breaker_sample.h"
#include "suite.h"

static const struct breaker fleet_closed = { 0 };
static const struct breaker fleet_shedding = {
	.state = BREAKER_SHEDDING, .allowance = 500,
};
static const struct breaker fleet_open = {
	.state = BREAKER_OPEN, .trips = 1, .until_ms = 1,
};
static const struct breaker fleet_half_open = {
	.state = BREAKER_HALF_OPEN, .trips = 1,
};
static const struct breaker fleet_ramp = {
	.state = BREAKER_RAMP, .trips = 1, .allowance = 50,
};

static struct alone own;	/* too large for every test's stack */
static int64_t now;

static void
setup(void)
{
	own = (struct alone){ 0 };
	now = NOW;
}

static void
observe(enum outcome_class class, int times)
{
	while (times-- > 0)
		alone_observe(&own, &rules, class, now, now);
}

static enum breaker_state
step(const struct breaker *fleet, bool alone)
{
	alone_step(&own, &rules, fleet, alone, 500, now);
	return own.breaker.state;
}

static void
open_it(void)
{
	observe(OUTCOME_TROUBLE, 10);
	ck_assert_int_eq(step(&fleet_closed, true), BREAKER_OPEN);
}

static const struct {
	const char *says;
	int good, bad, dns;	/* in this order */
	bool alone;
	const struct breaker *fleet;
	enum breaker_state then;
} rows[] = {
	{ "ten in a row that nobody else sees", 30, 10, 0, true,
	    &fleet_closed, BREAKER_OPEN },
	{ "nine", 30, 9, 0, true, &fleet_closed, BREAKER_CLOSED },
	{ "as many as others see too", 0, 100, 0, false,
	    &fleet_closed, BREAKER_CLOSED },
	{ "while the fleet takes less for other reasons", 0, 10, 0, true,
	    &fleet_shedding, BREAKER_OPEN },
	{ "while the others recover", 0, 10, 0, true,
	    &fleet_ramp, BREAKER_OPEN },
	{ "while it is open for all", 0, 100, 0, true,
	    &fleet_open, BREAKER_CLOSED },
	{ "while it is tried for all", 0, 100, 0, true,
	    &fleet_half_open, BREAKER_CLOSED },
	{ "this host does not find it", 2, 0, 18, true,
	    &fleet_closed, BREAKER_OPEN },
};

START_TEST(it_opens_for_what_it_alone_sees)
{
	observe(OUTCOME_OK, rows[_i].good);
	observe(OUTCOME_TROUBLE, rows[_i].bad);
	observe(OUTCOME_DNS, rows[_i].dns);
	ck_assert_msg(step(rows[_i].fleet, rows[_i].alone) == rows[_i].then,
	    "%s: %s", rows[_i].says, breaker_state_name(own.breaker.state));
}
END_TEST

START_TEST(a_share_sheds_until_others_see_it_too)
{
	for (int n = 0; n < 10; n++) {
		observe(OUTCOME_OK, 1);
		observe(OUTCOME_TROUBLE, 2);
	}
	ck_assert_int_eq(step(&fleet_closed, true), BREAKER_SHEDDING);
	ck_assert_int_eq(step(&fleet_closed, false), BREAKER_CLOSED);
	ck_assert_int_eq(own.breaker.reason, BREAKER_SHARED);
}
END_TEST

START_TEST(what_is_open_stays_so_until_the_fleets_is)
{
	open_it();
	ck_assert_int_eq(step(&fleet_closed, false), BREAKER_OPEN);
	ck_assert_int_eq(step(&fleet_open, false), BREAKER_CLOSED);
	ck_assert_int_eq(own.breaker.reason, BREAKER_SHARED);
	/* Nothing of it is left when the others are back. */
	ck_assert_int_eq(step(&fleet_closed, true), BREAKER_CLOSED);
	observe(OUTCOME_TROUBLE, 9);
	ck_assert_int_eq(step(&fleet_closed, true), BREAKER_CLOSED);
}
END_TEST

START_TEST(it_recovers_by_its_own_trials_and_ramp)
{
	open_it();
	now = own.breaker.until_ms;
	ck_assert_int_eq(step(&fleet_closed, true), BREAKER_HALF_OPEN);
	/* What began before says nothing of it. */
	alone_observe(&own, &rules, OUTCOME_TROUBLE, now - 1, now);
	ck_assert_int_eq(step(&fleet_closed, true), BREAKER_HALF_OPEN);
	observe(OUTCOME_OK, 3);
	ck_assert_int_eq(step(&fleet_closed, true), BREAKER_RAMP);
	for (uint32_t n = 0; n < rules.n_ramp; n++) {
		now += rules.ramp_step_ms;
		step(&fleet_closed, false);
	}
	ck_assert_int_eq(own.breaker.state, BREAKER_CLOSED);
	ck_assert_int_eq(own.breaker.reason, BREAKER_RECOVERED);
}
END_TEST

START_TEST(a_failed_trial_opens_it_for_longer)
{
	open_it();
	now = own.breaker.until_ms;
	step(&fleet_closed, true);
	observe(OUTCOME_TROUBLE, 1);
	ck_assert_int_eq(step(&fleet_closed, true), BREAKER_OPEN);
	ck_assert_uint_eq(own.breaker.trips, 2);
}
END_TEST

static bool
holds(const struct breaker *b)
{
	return b->state == BREAKER_OPEN || b->state == BREAKER_HALF_OPEN;
}

/* Of three hosts; ill: perhaps more than one is in trouble. */
static struct evidence
any_evidence(bool ill)
{
	const uint32_t bad = ill ? chance_below(40) : 0;
	const uint32_t good = 1 + chance_below(40);

	return (struct evidence){
		.good = good, .bad = bad, .outcomes = (good + bad) / 2,
		.hosts = 3, .senders = 3, .bad_hosts = chance_below(ill ? 4 : 2),
		.streak = chance_below(4) == 0 ? chance_below(20) : 0,
		.total_good = good, .total_bad = bad,
	};
}

/* One round of a history: the fleet's breaker first, as its record is what
 * this host's own looks at. */
static void
both_step(struct breaker *fleet, const struct evidence *seen)
{
	*fleet = breaker_step(&rules, *fleet, seen, chance_below(1000), now);
	alone_step(&own, &rules, fleet, breaker_is_alone(&rules, seen),
	    chance_below(1000), now);
}

/* Whatever all see and whatever this host sees: never do both hold mail, and
 * its own leaves closed only in trouble that is not shared. */
START_TEST(never_both_hold_mail)
{
	static const uint32_t pauses[] = { 100, 2000, 30000 };
	struct breaker fleet = { 0 };
	unsigned own_held = 0, fleet_held = 0;

	chance_seed((uint64_t)_i + 1);
	for (int n = 0; n < 20000; n++) {
		const enum breaker_state before = own.breaker.state;
		const struct evidence seen = any_evidence(n / 2000 % 3 == 2);
		const bool ill = n / 700 % 3 != 0;

		observe(ill ? OUTCOME_TROUBLE : OUTCOME_OK,
		    (int)chance_below(4));
		both_step(&fleet, &seen);
		ck_assert(breaker_sane(&own.breaker));
		ck_assert(!(holds(&own.breaker) && holds(&fleet)));
		if (before == BREAKER_CLOSED &&
		    own.breaker.state != BREAKER_CLOSED)
			ck_assert(breaker_is_alone(&rules, &seen));
		own_held += holds(&own.breaker);
		fleet_held += holds(&fleet);
		now += chance_below(pauses[_i % 3]);
	}
	ck_assert_uint_gt(own_held, 0);
	ck_assert_uint_gt(fleet_held, 0);
}
END_TEST

/* From wherever the two are, good mail leads home in the time that one of them
 * needs: a wait, the trials, and each step of the ramp (a step a second). */
START_TEST(both_are_home_in_the_time_of_one)
{
	const int64_t bound = rules.open_max_ms + rules.window_ms +
	    (int64_t)rules.n_ramp * rules.ramp_step_ms + 10000;
	static const struct evidence fine = {
		.good = 40, .outcomes = 20, .hosts = 3, .senders = 3,
		.total_good = 40,
	};

	chance_seed((uint64_t)_i + 1);
	for (int n = 0; n < 20; n++) {
		struct breaker fleet = { 0 };
		int64_t began;

		setup();
		for (int k = (int)chance_below(2000); k > 0; k--) {
			const struct evidence seen = any_evidence(k % 700 > 500);

			observe(OUTCOME_TROUBLE, 1);
			both_step(&fleet, &seen);
			now += chance_below(20000);
		}
		for (began = now; now <= began + bound && (fleet.state !=
		    BREAKER_CLOSED || own.breaker.state != BREAKER_CLOSED);
		    now += 1000) {
			if (own.breaker.state != BREAKER_OPEN &&
			    fleet.state != BREAKER_OPEN)
				observe(OUTCOME_OK, 1);
			both_step(&fleet, &fine);
		}
		ck_assert_int_eq(fleet.state, BREAKER_CLOSED);
		ck_assert_int_eq(own.breaker.state, BREAKER_CLOSED);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("alone");
	TCase *tc = tcase_create("alone");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, it_opens_for_what_it_alone_sees, 0,
	    MW_N_OF(rows));
	tcase_add_test(tc, a_share_sheds_until_others_see_it_too);
	tcase_add_test(tc, what_is_open_stays_so_until_the_fleets_is);
	tcase_add_test(tc, it_recovers_by_its_own_trials_and_ramp);
	tcase_add_test(tc, a_failed_trial_opens_it_for_longer);
	tcase_add_loop_test(tc, never_both_hold_mail, 0, 6);
	tcase_add_loop_test(tc, both_are_home_in_the_time_of_one, 0, 4);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
