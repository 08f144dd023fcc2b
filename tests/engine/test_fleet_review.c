/* An opening that made it worse for the mail is taken back. */
#include "engine/fleet.h"

#include "base/chance.h"

#include "fleet_sample.h"
#include "suite.h"

/*
 * A destination with a primary and an alternate, by shares of good answers.
 * What the primary fails moves on to the alternate within the same delivery.
 */
struct pair {
	uint32_t primary;
	uint32_t light, heavy;	/* the alternate, below and above half the load */
	uint32_t to_alternate;	/* of the last second, per mille */
};

static bool
ends_well(struct pair *p, int i, uint32_t *moved)
{
	const uint32_t allowance = view_allowance(&fleet_views(host[i])[0],
	    fleet_time(host[i], now));

	if (chance_below(1000) < allowance) {
		const bool good = chance_below(1000) < p->primary;

		observe(i, good ? OUTCOME_OK : OUTCOME_MOVED_ON, now);
		if (good)
			return true;
	}
	++*moved;
	return chance_below(1000) <
	    (p->to_alternate < 600 ? p->light : p->heavy);
}

/* Ten deliveries a second from each host. */
static void
live_through(struct pair *p, int seconds)
{
	for (int s = 0; s < seconds; s++) {
		uint32_t moved = 0;

		for (int n = 0; n < 20; n++) {
			const bool good = ends_well(p, n % 2, &moved);

			fleet_fared(fleet_upstream(host[n % 2], 0), good);
			pass(n % 2 == 1 ? 100 : 0);
		}
		p->to_alternate = 50 * moved;
	}
}

static struct upstream touchy[1];
static struct plan touchy_plan;

/* Opens at 40 % bad already. */
static void
be_touchy(void)
{
	touchy[0] = upstreams[0];
	touchy[0].breaker.shed_at = 300;
	touchy[0].breaker.open_at = 400;
	touchy[0].breaker.consecutive = 20;
	touchy_plan = plan;
	touchy_plan.upstreams = touchy;
	reload(&touchy_plan);
}

START_TEST(a_cure_that_makes_it_worse_is_taken_back_once)
{
	struct pair p = { .primary = 450, .light = 950, .heavy = 100 };
	uint32_t opened;

	be_touchy();
	pass(3000);
	live_through(&p, 30);
	ck_assert_int_eq(told("reason=step-back"), 1);
	opened = told("to=open");
	ck_assert_int_eq(state_at(0), BREAKER_SHEDDING);
	ck_assert_int_eq(state_at(1), BREAKER_SHEDDING);
	/* For long, and no other change. */
	live_through(&p, 120);
	ck_assert_uint_eq(told("to=open"), opened);
	ck_assert_uint_eq(told("reason=step-back"), 1);
	ck_assert_int_eq(state_at(0), BREAKER_SHEDDING);
	/* When it gets worse itself, it does open, and stays so. */
	p.primary = 0;
	live_through(&p, 20);
	ck_assert_uint_gt(told("to=open"), opened);
	ck_assert_uint_eq(told("reason=step-back"), 1);
	/* When it is well, that was the incident. */
	p.primary = 1000;
	live_through(&p, 240);
	ck_assert_int_eq(state_at(0), BREAKER_CLOSED);
	ck_assert_uint_eq(fleet_views(host[0])[0].record.breaker.backed, 0);
	ck_assert_str_eq(fleet_views(host[0])[0].record.incident, "");
}
END_TEST

START_TEST(a_cure_that_helps_is_left_alone)
{
	struct pair p = { .primary = 450, .light = 950, .heavy = 950 };

	be_touchy();
	pass(3000);
	live_through(&p, 120);
	ck_assert_uint_gt(told("to=open"), 0);
	ck_assert_uint_eq(told("reason=step-back"), 0);
}
END_TEST

START_TEST(nobody_goes_back_to_the_dead)
{
	struct pair p = { .light = 950, .heavy = 0 };

	be_touchy();
	pass(3000);
	live_through(&p, 120);
	ck_assert_uint_gt(told("to=open"), 0);
	ck_assert_uint_eq(told("reason=step-back"), 0);
}
END_TEST

START_TEST(who_only_observes_takes_nothing_back)
{
	struct pair p = { .primary = 450, .light = 100, .heavy = 100 };

	be_touchy();
	touchy_plan.mode = PLAN_OBSERVE;
	pass(3000);
	live_through(&p, 30);
	ck_assert_uint_gt(told("to=open"), 0);
	ck_assert_uint_eq(told("reason=step-back"), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fleet");
	TCase *tc = tcase_create("review");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_cure_that_makes_it_worse_is_taken_back_once);
	tcase_add_test(tc, a_cure_that_helps_is_left_alone);
	tcase_add_test(tc, nobody_goes_back_to_the_dead);
	tcase_add_test(tc, who_only_observes_takes_nothing_back);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
