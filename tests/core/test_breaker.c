/* What trouble sheds and what opens, and what a breaker lets through. */
#include "core/breaker.h"

#include "base/mem.h"

#include "breaker_sample.h"
#include "suite.h"

static const struct {
	const char *says;
	struct evidence seen;
	enum breaker_state then;
	enum breaker_reason reason;
	uint32_t allowance;
} from_closed[] = {
	{ "nothing was sent", { 0 }, BREAKER_CLOSED, BREAKER_NO_REASON, 0 },
	{ "nineteen are too few to say",
	    { .bad = 38, .outcomes = 19, .hosts = 2, .bad_hosts = 2 },
	    BREAKER_CLOSED, BREAKER_NO_REASON, 0 },
	{ "just under half: holds",
	    { .good = 51, .bad = 49, .outcomes = 50,
	    .hosts = 2, .bad_hosts = 2 },
	    BREAKER_CLOSED, BREAKER_NO_REASON, 0 },
	{ "half: sheds next to nothing",
	    { .good = 20, .bad = 20, .outcomes = 20,
	    .hosts = 2, .bad_hosts = 2 },
	    BREAKER_SHEDDING, BREAKER_SHARE, 999 },
	{ "three quarters: lets half through",
	    { .good = 10, .bad = 30, .outcomes = 20,
	    .hosts = 2, .bad_hosts = 2 },
	    BREAKER_SHEDDING, BREAKER_SHARE, 500 },
	{ "just under nine tenths: still sheds",
	    { .good = 101, .bad = 899, .outcomes = 500, .hosts = 2,
	    .bad_hosts = 2 }, BREAKER_SHEDDING, BREAKER_SHARE, 202 },
	{ "nine tenths: opens",
	    { .good = 4, .bad = 36, .outcomes = 20,
	    .hosts = 2, .bad_hosts = 2 },
	    BREAKER_OPEN, BREAKER_SHARE, 0 },
	{ "as much as can be counted",
	    { .good = UINT32_MAX, .bad = UINT32_MAX, .outcomes = UINT32_MAX,
	    .hosts = 2, .bad_hosts = 2 },
	    BREAKER_SHEDDING, BREAKER_SHARE, 999 },
	{ "one host of two alone: it speaks of itself",
	    { .bad = 100, .outcomes = 50, .hosts = 2, .bad_hosts = 1 },
	    BREAKER_CLOSED, BREAKER_NO_REASON, 0 },
	{ "the only host there is",
	    { .bad = 100, .outcomes = 50, .hosts = 1, .bad_hosts = 1 },
	    BREAKER_OPEN, BREAKER_SHARE, 0 },
	{ "two hosts of many are enough",
	    { .bad = 100, .outcomes = 50, .hosts = 9, .bad_hosts = 2 },
	    BREAKER_OPEN, BREAKER_SHARE, 0 },
	{ "nine in a row: holds",
	    { .bad = 18, .outcomes = 9, .hosts = 1, .bad_hosts = 1,
	    .streak = 9 }, BREAKER_CLOSED, BREAKER_NO_REASON, 0 },
	{ "ten in a row: opens, however few",
	    { .bad = 20, .outcomes = 10, .hosts = 2, .bad_hosts = 2,
	    .streak = 10 }, BREAKER_OPEN, BREAKER_STREAK, 0 },
	{ "ten in a row, at the only host there is",
	    { .bad = 20, .outcomes = 10, .hosts = 1, .bad_hosts = 1,
	    .streak = 10 }, BREAKER_OPEN, BREAKER_STREAK, 0 },
	{ "a hundred in a row at one of two: they are its own",
	    { .bad = 200, .outcomes = 100, .hosts = 2, .bad_hosts = 1,
	    .streak = 100 }, BREAKER_CLOSED, BREAKER_NO_REASON, 0 },
	{ "nobody finds it: opens",
	    { .good = 4, .outcomes = 2, .dns = 100, .new_dns = 18, .hosts = 2,
	    .senders = 3, .dns_hosts = 3 }, BREAKER_OPEN, BREAKER_DNS, 0 },
	{ "two of three do not find it: sheds",
	    { .good = 20, .outcomes = 10, .dns = 10, .new_dns = 10, .hosts = 1,
	    .senders = 3, .dns_hosts = 2 },
	    BREAKER_SHEDDING, BREAKER_SHARE, 999 },
	{ "half of them do not: no more than their trouble",
	    { .dns = 100, .new_dns = 100, .good = 2, .outcomes = 1,
	    .hosts = 2, .senders = 4, .dns_hosts = 2 },
	    BREAKER_CLOSED, BREAKER_NO_REASON, 0 },
	{ "the only host there is does not find it",
	    { .dns = 20, .new_dns = 20, .senders = 1, .dns_hosts = 1 },
	    BREAKER_OPEN, BREAKER_DNS, 0 },
	{ "most do not find it, and the others are refused",
	    { .bad = 20, .outcomes = 10, .dns = 90, .new_dns = 90, .hosts = 1,
	    .bad_hosts = 1, .senders = 3, .dns_hosts = 2 },
	    BREAKER_OPEN, BREAKER_SHARE, 0 },
	{ "nineteen times not found are too few to say",
	    { .dns = 19, .new_dns = 19, .senders = 2, .dns_hosts = 2 },
	    BREAKER_CLOSED, BREAKER_NO_REASON, 0 },
};

START_TEST(closed_judges_by_share_and_streak)
{
	const struct breaker next = stepped((struct breaker){ 0 },
	    from_closed[_i].seen, NOW);

	ck_assert_msg(next.state == from_closed[_i].then &&
	    next.reason == from_closed[_i].reason &&
	    next.allowance == from_closed[_i].allowance, "%s: %s, %s, %u",
	    from_closed[_i].says, breaker_state_name(next.state),
	    breaker_reason_name(next.reason), next.allowance);
	ck_assert_uint_eq(next.trips, next.state == BREAKER_OPEN);
}
END_TEST

static const struct {
	const char *says;
	struct evidence seen;
	bool alone;
} lone[] = {
	{ "nobody sends", { 0 }, false },
	{ "the only one that sends",
	    { .hosts = 1, .bad_hosts = 1, .senders = 1 }, false },
	{ "one of two", { .hosts = 2, .bad_hosts = 1, .senders = 2 }, true },
	{ "both", { .hosts = 2, .bad_hosts = 2, .senders = 2 }, false },
	{ "two of many", { .hosts = 9, .bad_hosts = 2, .senders = 9 }, false },
	{ "one that does not find it, beside one that does",
	    { .hosts = 1, .senders = 2, .dns_hosts = 1 }, true },
	{ "one that does not find it, beside one that fails",
	    { .hosts = 1, .bad_hosts = 1, .senders = 2, .dns_hosts = 1 },
	    false },
	{ "nobody finds it any more",
	    { .hosts = 2, .senders = 2, .dns_hosts = 2 }, false },
};

START_TEST(who_is_alone_in_trouble)
{
	ck_assert_msg(breaker_is_alone(&rules, &lone[_i].seen) ==
	    lone[_i].alone, "%s", lone[_i].says);
}
END_TEST

START_TEST(no_streak_where_it_is_switched_off)
{
	struct breaker_rules patient = rules;
	const struct evidence e = { .streak = UINT32_MAX };
	struct breaker b = { 0 };

	patient.consecutive = 0;
	b = breaker_step(&patient, b, &e, 0, NOW);
	ck_assert_int_eq(b.state, BREAKER_CLOSED);
}
END_TEST

static const struct {
	const char *says;
	uint32_t allowance;
	struct evidence seen;
	enum breaker_state then;
	uint32_t next;
} from_shedding[] = {
	{ "follows a change that is worth a commit", 500,
	    { .good = 8, .bad = 32, .outcomes = 20,
	    .hosts = 2, .bad_hosts = 2 },
	    BREAKER_SHEDDING, 400 },
	{ "upwards too", 500,
	    { .good = 16, .bad = 24, .outcomes = 20,
	    .hosts = 2, .bad_hosts = 2 },
	    BREAKER_SHEDDING, 800 },
	{ "but not a small one", 480,
	    { .good = 10, .bad = 30, .outcomes = 20,
	    .hosts = 2, .bad_hosts = 2 },
	    BREAKER_SHEDDING, 480 },
	{ "stays just under the limit that began it", 999,
	    { .good = 54, .bad = 46, .outcomes = 50,
	    .hosts = 2, .bad_hosts = 2 },
	    BREAKER_SHEDDING, 999 },
	{ "ends well under it", 999,
	    { .good = 56, .bad = 44, .outcomes = 50,
	    .hosts = 2, .bad_hosts = 2 },
	    BREAKER_CLOSED, 0 },
	{ "ends on a single good one when all else is forgotten", 300,
	    { .good = 2, .outcomes = 1, .hosts = 1 }, BREAKER_CLOSED, 0 },
	{ "ends when nothing is left to hold against it", 300,
	    { 0 }, BREAKER_CLOSED, 0 },
	{ "stays as it is on a little trouble", 300,
	    { .bad = 6, .outcomes = 3, .hosts = 1, .bad_hosts = 1 },
	    BREAKER_SHEDDING, 300 },
	{ "opens when it gets worse", 300,
	    { .bad = 40, .outcomes = 20, .hosts = 2, .bad_hosts = 2 },
	    BREAKER_OPEN, 0 },
	{ "opens on a streak", 300,
	    { .good = 20, .bad = 20, .outcomes = 20, .hosts = 2, .bad_hosts = 2,
	    .streak = 10 }, BREAKER_OPEN, 0 },
};

START_TEST(shedding_follows_the_evidence)
{
	const struct breaker next = stepped(
	    shedding(from_shedding[_i].allowance), from_shedding[_i].seen, NOW);

	ck_assert_msg(next.state == from_shedding[_i].then &&
	    next.allowance == from_shedding[_i].next, "%s: %s, %u",
	    from_shedding[_i].says, breaker_state_name(next.state),
	    next.allowance);
}
END_TEST

/* It opened at 45 % bad, stepped back, and goes on like that. */
START_TEST(what_was_taken_back_is_not_done_again)
{
	const struct breaker_rules strict = {
		.window_ms = 120000, .min_outcomes = 20, .min_hosts = 2,
		.consecutive = 10, .shed_at = 300, .open_at = 400,
		.open_for_ms = 30000, .open_max_ms = 900000, .trials = 3,
		.n_ramp = 1, .ramp = { 1000 }, .ramp_step_ms = 5000,
	};
	const struct breaker open = {
		.state = BREAKER_OPEN, .trips = 1, .since_ms = NOW,
		.until_ms = NOW + 30000,
	};
	struct evidence as_before = seen(55, 45), worse = seen(44, 56);
	struct evidence none = seen(0, 0), streak = seen(0, 10);
	struct evidence few = seen(8, 12);
	const struct breaker b = breaker_step_back(&strict, &open, 550,
	    NOW + 1000);
	struct breaker next;

	streak.streak = 10;
	ck_assert(breaker_sane(&b));
	ck_assert_int_eq(b.state, BREAKER_SHEDDING);
	ck_assert_int_eq(b.reason, BREAKER_STEP_BACK);
	ck_assert_uint_eq(b.allowance, 785);
	ck_assert(breaker_starts_afresh(&open, &b));
	next = breaker_step(&strict, b, &none, 999, NOW + 30000);
	ck_assert_msg(breaker_same(&next, &b), "nothing acquits it so soon");
	next = breaker_step(&strict, b, &as_before, 999, NOW + 30000);
	ck_assert_msg(breaker_same(&next, &b), "it is no worse");
	next = breaker_step(&strict, b, &as_before, 999, NOW + 31000);
	ck_assert_int_eq(next.state, BREAKER_SHEDDING);
	ck_assert_int_eq(next.until_ms, 0);
	next = breaker_step(&strict, b, &worse, 999, NOW + 30000);
	ck_assert_int_eq(next.state, BREAKER_SHEDDING);
	next = breaker_step(&strict, b, &worse, 999, NOW + 31000);
	ck_assert_int_eq(next.state, BREAKER_OPEN);
	ck_assert_uint_eq(next.backed, 550);
	next = breaker_step(&strict, b, &streak, 999, NOW + 2000);
	ck_assert_int_eq(next.state, BREAKER_OPEN);
	next = breaker_step(&strict, b, &few, 999, NOW + 31000);
	ck_assert_msg(next.state == BREAKER_SHEDDING, "it may be chance");
	next = breaker_step(&strict, b, &none, 999, NOW + 31000);
	ck_assert_int_eq(next.state, BREAKER_CLOSED);
	ck_assert_msg(next.backed == 0, "the incident is over");
}
END_TEST

START_TEST(shedding_steps_back_to_closed)
{
	const struct breaker was = shedding(800);
	const struct breaker b = breaker_step_back(&rules, &was, 400, NOW);
	struct breaker next;

	ck_assert(breaker_sane(&b));
	ck_assert_int_eq(b.state, BREAKER_CLOSED);
	next = stepped(b, seen(40, 60), NOW + 31000);
	ck_assert_int_eq(next.state, BREAKER_CLOSED);
	ck_assert_uint_eq(next.backed, 400);
	next = stepped(b, seen(29, 71), NOW + 31000);
	ck_assert_int_eq(next.state, BREAKER_SHEDDING);
	next = stepped(b, seen(60, 40), NOW + 31000);
	ck_assert_int_eq(next.reason, BREAKER_RECOVERED);
	ck_assert_uint_eq(next.backed, 0);
}
END_TEST

/* Wherever it begins to shed: next to nothing there, and ever more. */
START_TEST(the_allowance_falls_smoothly)
{
	static const uint32_t limits[] = { 1, 10, 200, 500, 800, 999 };
	struct breaker_rules r = rules;

	r.shed_at = limits[_i];
	r.open_at = 1000;
	for (uint32_t bad = limits[_i], last = 999; bad < 1000; bad++) {
		const struct evidence e = seen(1000 - bad, bad);
		const struct breaker b = breaker_step(&r,
		    (struct breaker){ 0 }, &e, 0, NOW);

		ck_assert_int_eq(b.state, BREAKER_SHEDDING);
		ck_assert_uint_le(b.allowance, last);
		if (bad == limits[_i])
			ck_assert_uint_eq(b.allowance, 999);
		last = b.allowance;
	}
}
END_TEST

START_TEST(evidence_is_of_one_state)
{
	const struct breaker new = { 0 }, shed = shedding(500),
	    half = half_open(1), low = ramp(0), high = ramp(1);

	ck_assert(!breaker_starts_afresh(&new, &shed));
	ck_assert(!breaker_starts_afresh(&shed, &new));
	ck_assert(!breaker_starts_afresh(&half, &half));
	ck_assert(!breaker_starts_afresh(&low, &low));
	ck_assert(breaker_starts_afresh(&shed, &half));
	ck_assert(breaker_starts_afresh(&half, &low));
	ck_assert(breaker_starts_afresh(&low, &high));
	ck_assert(breaker_starts_afresh(&high, &low));
	ck_assert(breaker_starts_afresh(&high, &new));
}
END_TEST

START_TEST(what_it_lets_through)
{
	const struct breaker new = { 0 }, shed = shedding(500),
	    half = half_open(1), low = ramp(0), open = {
		.state = BREAKER_OPEN, .trips = 1, .until_ms = 1,
	};

	ck_assert_uint_eq(breaker_allowance(&new), 1000);
	ck_assert_uint_eq(breaker_allowance(&shed), 500);
	ck_assert_uint_eq(breaker_allowance(&open), 0);
	ck_assert_uint_eq(breaker_allowance(&half), 1000);
	ck_assert_uint_eq(breaker_allowance(&low), 50);
	ck_assert_uint_eq(breaker_connections(&new, 20), 20);
	ck_assert_uint_eq(breaker_connections(&shed, 20), 20);
	ck_assert_uint_eq(breaker_connections(&open, 20), 0);
	ck_assert_uint_eq(breaker_connections(&half, 20), 1);
	ck_assert_uint_eq(breaker_connections(&low, 20), 20);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("breaker");
	TCase *tc = tcase_create("breaker");

	tcase_add_loop_test(tc, closed_judges_by_share_and_streak, 0,
	    MW_N_OF(from_closed));
	tcase_add_loop_test(tc, who_is_alone_in_trouble, 0, MW_N_OF(lone));
	tcase_add_test(tc, no_streak_where_it_is_switched_off);
	tcase_add_loop_test(tc, shedding_follows_the_evidence, 0,
	    MW_N_OF(from_shedding));
	tcase_add_test(tc, what_was_taken_back_is_not_done_again);
	tcase_add_test(tc, shedding_steps_back_to_closed);
	tcase_add_loop_test(tc, the_allowance_falls_smoothly, 0, 6);
	tcase_add_test(tc, evidence_is_of_one_state);
	tcase_add_test(tc, what_it_lets_through);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
