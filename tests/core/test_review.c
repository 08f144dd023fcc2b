#include "core/review.h"

#include "suite.h"

#include "base/chance.h"

#define NOW INT64_C(1000000)

static const struct breaker_rules rules = {
	.window_ms = 120000, .min_outcomes = 20, .min_hosts = 1,
	.consecutive = 10, .shed_at = 500, .open_at = 900,
	.open_for_ms = 30000, .open_max_ms = 900000, .trials = 3,
	.n_ramp = 1, .ramp = { 1000 }, .ramp_step_ms = 5000,
};
static const struct breaker closed;
static const struct breaker open = {
	.state = BREAKER_OPEN, .reason = BREAKER_SHARE, .trips = 1,
	.since_ms = NOW, .until_ms = NOW + 30000,
};
static const struct breaker shedding = {
	.state = BREAKER_SHEDDING, .reason = BREAKER_SHARE, .allowance = 800,
	.since_ms = NOW,
};

static struct breaker
with_reason(struct breaker b, enum breaker_reason reason)
{
	b.reason = reason;
	return b;
}

static struct breaker
stepped_back(struct breaker b)
{
	b.backed = 500;
	return b;
}

/* A review of an opening at so many per mille good, and what came after. */
static struct review
after(uint32_t before, uint32_t good, uint32_t bad)
{
	const struct evidence seen = { .good = before, .bad = 1000 - before };
	struct review r = review_of(&closed, &open, &seen);

	for (uint32_t i = 0; i < good + bad; i++)
		review_saw(&r, i < good);
	return r;
}

START_TEST(what_took_mail_away_is_looked_at)
{
	const struct evidence seen = { .good = 11, .bad = 9 }, none = { 0 };
	const struct breaker streak = with_reason(open, BREAKER_STREAK);
	const struct breaker again = with_reason(open, BREAKER_TRIAL_FAILED);
	const struct breaker ramp = { .state = BREAKER_RAMP, .trips = 1 };
	const struct breaker back = stepped_back(closed);

	ck_assert_uint_eq(review_of(&closed, &open, &seen).before, 550);
	ck_assert_uint_eq(review_of(&closed, &shedding, &seen).before, 550);
	ck_assert_uint_eq(review_of(&shedding, &open, &seen).before, 550);
	ck_assert_uint_eq(review_of(&shedding, &closed, &seen).before, 0);
	ck_assert_uint_eq(review_of(&closed, &streak, &seen).before, 0);
	ck_assert_uint_eq(review_of(&ramp, &again, &seen).before, 0);
	ck_assert_uint_eq(review_of(&closed, &open, &none).before, 0);
	ck_assert_msg(review_of(&back, &open, &seen).before == 0,
	    "once an incident");
}
END_TEST

static const struct {
	const char *says;
	uint32_t before, good, bad;
	int64_t age_ms;
	enum review_verdict verdict;
} rows[] = {
	{ "a tenth where it was the half", 550, 2, 18, 1000,
	    REVIEW_STEP_BACK },
	{ "all is well", 550, 20, 0, 1000, REVIEW_GOES_ON },
	{ "and stays so", 550, 200, 0, 10000, REVIEW_NONE },
	{ "worse by nine per cent is no matter", 550, 460, 540, 10000,
	    REVIEW_NONE },
	{ "by eleven, of a thousand", 550, 440, 560, 10000, REVIEW_STEP_BACK },
	{ "by eleven, of a hundred: may be chance", 550, 4, 6, 10000,
	    REVIEW_GOES_ON },
	{ "three failed: too early to say", 550, 0, 3, 1000, REVIEW_GOES_ON },
	{ "four of four, and time has passed", 550, 0, 4, 10000,
	    REVIEW_STEP_BACK },
	{ "three of three may be chance", 550, 0, 3, 10000, REVIEW_GOES_ON },
	{ "nothing came for a window", 550, 0, 0, 120000, REVIEW_NONE },
	{ "a dead one was never better", 0, 0, 1000, 10000, REVIEW_NONE },
	{ "nor one that was nearly so", 50, 0, 1000, 10000, REVIEW_NONE },
};

START_TEST(it_steps_back_from_what_is_clearly_worse)
{
	const struct review r = after(rows[_i].before, rows[_i].good,
	    rows[_i].bad);

	ck_assert_msg(review_judge(&r, &rules, &open,
	    NOW + rows[_i].age_ms) == rows[_i].verdict, "%s", rows[_i].says);
}
END_TEST

START_TEST(it_ends_with_its_state)
{
	const struct review r = after(550, 0, 100);
	struct breaker later = open;

	later.since_ms++;
	ck_assert_int_eq(review_judge(&r, &rules, &open, NOW + 1000),
	    REVIEW_STEP_BACK);
	ck_assert_int_eq(review_judge(&r, &rules, &later, NOW + 1000),
	    REVIEW_NONE);
}
END_TEST

/* Where nothing has changed, chance alone makes it step back hardly ever. */
START_TEST(noise_is_no_reason)
{
	uint32_t back = 0;

	chance_seed(11);
	for (int n = 0; n < 1000; n++) {
		struct review r = after(500, 0, 0);

		for (int i = 0; i < 20; i++)
			review_saw(&r, chance_below(1000) < 500);
		back += review_judge(&r, &rules, &open, NOW + 1000) ==
		    REVIEW_STEP_BACK;
	}
	ck_assert_uint_le(back, 40);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("review");
	TCase *tc = tcase_create("review");

	tcase_add_test(tc, what_took_mail_away_is_looked_at);
	tcase_add_loop_test(tc, it_steps_back_from_what_is_clearly_worse, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tc, it_ends_with_its_state);
	tcase_add_test(tc, noise_is_no_reason);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
