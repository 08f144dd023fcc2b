#include "core/breaker.h"

#include "base/chance.h"
#include "base/mem.h"

#include "breaker_sample.h"
#include "suite.h"

static struct breaker
step(struct breaker b, struct evidence e, int64_t now_ms)
{
	return breaker_step(&rules, b, &e, 999, now_ms);
}

static struct breaker
shedding(uint32_t allowance)
{
	return (struct breaker){
		.state = BREAKER_SHEDDING,
		.allowance = allowance,
		.since_ms = NOW - 1000,
	};
}

static struct breaker
half_open(uint32_t trips)
{
	return (struct breaker){
		.state = BREAKER_HALF_OPEN,
		.trips = trips,
		.since_ms = NOW - 1000,
	};
}

static struct breaker
ramp(uint32_t index)
{
	return (struct breaker){
		.state = BREAKER_RAMP,
		.allowance = rules.ramp[index],
		.trips = 2,
		.step = index,
		.since_ms = NOW - 1000,
		.until_ms = NOW + 4000,
	};
}

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
	const struct breaker next = step((struct breaker){ 0 },
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
	const struct breaker next = step(shedding(from_shedding[_i].allowance),
	    from_shedding[_i].seen, NOW);

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
	next = step(b, seen(40, 60), NOW + 31000);
	ck_assert_int_eq(next.state, BREAKER_CLOSED);
	ck_assert_uint_eq(next.backed, 400);
	next = step(b, seen(29, 71), NOW + 31000);
	ck_assert_int_eq(next.state, BREAKER_SHEDDING);
	next = step(b, seen(60, 40), NOW + 31000);
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

START_TEST(waits_double_up_to_the_maximum)
{
	static const int64_t waits[] = {
		30000, 60000, 120000, 240000, 480000, 900000, 900000,
	};

	for (uint32_t i = 0; i < MW_N_OF(waits); i++)
		for (uint32_t jitter = 0; jitter < 1000; jitter += 111) {
			const struct evidence e = seen(0, 1);
			const struct breaker b = i > 0 ? breaker_step(&rules,
			    half_open(i), &e, jitter, NOW) :
			    breaker_step(&rules, (struct breaker){ 0 },
			    &(struct evidence){ .streak = 10 }, jitter, NOW);

			ck_assert_int_eq(b.state, BREAKER_OPEN);
			ck_assert_uint_eq(b.trips, i + 1);
			ck_assert_int_eq(b.until_ms - NOW, waits[i] / 10 +
			    (waits[i] - waits[i] / 10) * jitter / 1000);
		}
}
END_TEST

START_TEST(open_waits_and_listens_to_nobody)
{
	struct breaker b = {
		.state = BREAKER_OPEN,
		.trips = 1,
		.since_ms = NOW,
		.until_ms = NOW + 30000,
	};

	b = step(b, seen(100, 0), NOW + 29999);
	ck_assert_int_eq(b.state, BREAKER_OPEN);
	b = step(b, seen(0, 100), NOW + 30000);
	ck_assert_int_eq(b.state, BREAKER_HALF_OPEN);
	ck_assert_int_eq(b.reason, BREAKER_WAIT_OVER);
	ck_assert_int_eq(b.since_ms, NOW + 30000);
	ck_assert_uint_eq(b.trips, 1);
}
END_TEST

/* Trials that fail do not end the time that it takes no mail; a ramp does. */
START_TEST(down_is_from_the_first_opening_to_the_ramp)
{
	const struct evidence streak = { .streak = 10 };
	struct breaker b = step((struct breaker){ 0 }, streak, NOW);

	ck_assert_int_eq(b.down_ms, NOW);
	for (int n = 0; n < 5; n++) {
		b = step(b, seen(0, 0), b.until_ms);
		ck_assert_int_eq(b.state, BREAKER_HALF_OPEN);
		ck_assert_int_eq(b.down_ms, NOW);
		b = step(b, seen(0, 1), b.since_ms + 1000);
		ck_assert_int_eq(b.state, BREAKER_OPEN);
		ck_assert_int_gt(b.since_ms, NOW);
		ck_assert_int_eq(b.down_ms, NOW);
	}
	b = step(b, seen(0, 0), b.until_ms);
	b = step(b, seen(3, 0), b.since_ms + 1000);
	ck_assert_int_eq(b.state, BREAKER_RAMP);
	ck_assert_int_eq(b.down_ms, 0);
	b = step(b, streak, NOW + 10000000);
	ck_assert_int_eq(b.state, BREAKER_OPEN);
	ck_assert_int_eq(b.down_ms, NOW + 10000000);
}
END_TEST

START_TEST(clocks_a_little_apart_change_nothing)
{
	struct breaker b = ramp(1), next;

	b.since_ms = NOW + 50;
	b.until_ms = NOW + 50 + rules.ramp_step_ms;
	next = step(b, seen(1, 0), NOW);
	ck_assert(breaker_same(&b, &next));
}
END_TEST

START_TEST(no_wait_outlasts_a_clock_or_a_reload)
{
	struct breaker b = {
		.state = BREAKER_OPEN,
		.trips = 1,
		.since_ms = INT64_MAX - 1,
		.until_ms = INT64_MAX,
	};

	b = step(b, seen(0, 0), NOW);
	ck_assert_int_eq(b.until_ms, NOW + rules.open_max_ms);
	ck_assert_int_eq(b.since_ms, NOW);
	b = step(b, seen(0, 0), b.until_ms);
	ck_assert_int_eq(b.state, BREAKER_HALF_OPEN);

	b = ramp(1);
	b.until_ms = INT64_MAX;
	ck_assert_int_eq(step(b, seen(0, 0), NOW).until_ms,
	    NOW + rules.ramp_step_ms);
}
END_TEST

static const struct {
	const char *says;
	struct evidence seen;
	int64_t at_ms;
	enum breaker_state then;
} from_half_open[] = {
	{ "nothing was tried", { 0 }, NOW, BREAKER_HALF_OPEN },
	{ "nothing was tried for long", { 0 }, 10 * NOW, BREAKER_HALF_OPEN },
	{ "two good ones of three", { .total_good = 4 }, NOW,
	    BREAKER_HALF_OPEN },
	{ "three good ones", { .total_good = 6 }, NOW, BREAKER_RAMP },
	{ "a good one after a window without a bad one", { .total_good = 2 },
	    NOW - 1000 + 120000, BREAKER_RAMP },
	{ "a bad one", { .total_bad = 2 }, NOW, BREAKER_OPEN },
	{ "one that was not found is none",
	    { .dns = 5, .new_dns = 5, .senders = 1, .dns_hosts = 1 }, NOW,
	    BREAKER_HALF_OPEN },
	{ "two that say nothing", { .ignored = 2 }, NOW, BREAKER_HALF_OPEN },
	{ "three that say nothing", { .ignored = 3 }, NOW, BREAKER_OPEN },
	{ "a good one among them", { .ignored = 30, .total_good = 2 }, NOW,
	    BREAKER_HALF_OPEN },
	{ "half a bad one beside many good ones",
	    { .total_good = 20, .total_bad = 1 }, NOW, BREAKER_OPEN },
};

START_TEST(half_open_is_decided_by_its_trials)
{
	const struct breaker next = step(half_open(3), from_half_open[_i].seen,
	    from_half_open[_i].at_ms);

	ck_assert_msg(next.state == from_half_open[_i].then, "%s: %s",
	    from_half_open[_i].says, breaker_state_name(next.state));
	ck_assert_uint_eq(next.trips, next.state == BREAKER_OPEN &&
	    from_half_open[_i].seen.total_bad > 0 ? 4 : 3);
	if (next.state == BREAKER_RAMP)
		ck_assert_uint_eq(next.allowance, 50);
}
END_TEST

START_TEST(dns_back_closes_at_once)
{
	struct evidence away = { .dns = 20, .new_dns = 20, .senders = 2,
		.dns_hosts = 2 };
	struct evidence back = { .dns = 3, .new_dns = 3, .total_good = 2,
		.senders = 2, .dns_hosts = 1 };
	struct breaker b = { 0 };
	int64_t now = NOW;

	for (int i = 0; i < 100; i++) {
		b = step(b, away, now);
		ck_assert_int_eq(b.state, BREAKER_OPEN);
		ck_assert_int_eq(b.until_ms, now + BREAKER_DNS_MS);
		now = b.until_ms;
		b = step(b, seen(0, 0), now);
		ck_assert_int_eq(b.state, BREAKER_HALF_OPEN);
		ck_assert_int_eq(b.reason, BREAKER_DNS);
		away.dns = away.new_dns = 9;
		b = step(b, away, now);
		ck_assert_msg(b.state == BREAKER_HALF_OPEN, "a few failures");
		away.dns = away.new_dns = 10;
	}
	b = step(b, back, now);
	ck_assert_int_eq(b.state, BREAKER_CLOSED);
}
END_TEST

START_TEST(dns_back_and_a_relay_that_is_not)
{
	struct breaker b = half_open(1);

	b.reason = BREAKER_DNS;
	b = step(b, (struct evidence){ .total_bad = 2 }, NOW);
	ck_assert_int_eq(b.state, BREAKER_OPEN);
	ck_assert_int_eq(b.reason, BREAKER_TRIAL_FAILED);
}
END_TEST

static const struct {
	const char *says;
	uint32_t step;
	struct evidence seen;
	int64_t after_ms;	/* since the step began */
	enum breaker_state then;
	enum breaker_reason reason;
	uint32_t next;
} from_ramp[] = {
	{ "not yet time", 1, { .total_good = 100 }, 4999,
	    BREAKER_RAMP, BREAKER_NO_REASON, 1 },
	{ "time for more", 1, { .total_good = 100 }, 5000,
	    BREAKER_RAMP, BREAKER_RAMP_STEP, 2 },
	{ "time for more, without traffic too", 1, { 0 }, 5000,
	    BREAKER_RAMP, BREAKER_RAMP_STEP, 2 },
	{ "one step at a time, however late", 0, { 0 }, 500000,
	    BREAKER_RAMP, BREAKER_RAMP_STEP, 1 },
	{ "all the traffic is not the end", 3, { .total_good = 100 }, 5000,
	    BREAKER_RAMP, BREAKER_RAMP_STEP, 4 },
	{ "the end, when that was borne for a step", 4,
	    { .total_good = 100 }, 5000, BREAKER_CLOSED, BREAKER_RECOVERED, 0 },
	{ "five per cent bad is no reason", 2,
	    { .total_good = 38, .total_bad = 2 }, 5000,
	    BREAKER_RAMP, BREAKER_RAMP_STEP, 3 },
	{ "six per cent is one to step back", 2,
	    { .total_good = 188, .total_bad = 12 }, 1,
	    BREAKER_RAMP, BREAKER_RAMP_BACK, 1 },
	{ "from the first step back means open", 0,
	    { .total_good = 188, .total_bad = 12 }, 1,
	    BREAKER_OPEN, BREAKER_RAMP_FAILED, 0 },
	{ "half of them bad", 3, { .total_good = 10, .total_bad = 10 }, 1,
	    BREAKER_OPEN, BREAKER_RAMP_FAILED, 0 },
	{ "nine outcomes are too few for that", 3, { .total_bad = 18 }, 1,
	    BREAKER_RAMP, BREAKER_NO_REASON, 3 },
	{ "a streak", 3, { .total_bad = 18, .streak = 10 }, 1,
	    BREAKER_OPEN, BREAKER_RAMP_FAILED, 0 },
	{ "a streak of one host among others is its own", 3,
	    { .total_good = 2, .total_bad = 38, .hosts = 2, .bad_hosts = 1,
	    .streak = 19 }, 1, BREAKER_RAMP, BREAKER_NO_REASON, 3 },
	{ "and does not keep the others from more", 3,
	    { .total_good = 2, .total_bad = 38, .hosts = 2, .bad_hosts = 1 },
	    5000, BREAKER_RAMP, BREAKER_RAMP_STEP, 4 },
	{ "most hosts do not find it", 3,
	    { .total_good = 10, .dns = 5, .new_dns = 5, .hosts = 1,
	    .senders = 2, .dns_hosts = 2 }, 1,
	    BREAKER_OPEN, BREAKER_RAMP_FAILED, 0 },
	{ "no step up on a little trouble", 2,
	    { .total_good = 2, .total_bad = 2 }, 5000,
	    BREAKER_RAMP, BREAKER_NO_REASON, 2 },
	{ "nor the end of it", 4, { .total_bad = 2 }, 5000,
	    BREAKER_RAMP, BREAKER_NO_REASON, 4 },
	{ "at the first step, the first mail of all fails", 0,
	    { .total_bad = 1 }, 1, BREAKER_OPEN, BREAKER_RAMP_FAILED, 0 },
	{ "one that fails behind a good one is one of two", 0,
	    { .total_good = 2, .total_bad = 2 }, 1,
	    BREAKER_RAMP, BREAKER_NO_REASON, 0 },
	{ "no step up on what says nothing", 2, { .ignored = 1 }, 5000,
	    BREAKER_RAMP, BREAKER_NO_REASON, 2 },
	{ "a good one among it will do", 2,
	    { .ignored = 30, .total_good = 2 }, 5000,
	    BREAKER_RAMP, BREAKER_RAMP_STEP, 3 },
};

START_TEST(ramp_goes_by_time_and_trouble)
{
	const struct breaker b = ramp(from_ramp[_i].step);
	const struct breaker next = step(b, from_ramp[_i].seen,
	    b.since_ms + from_ramp[_i].after_ms);

	ck_assert_msg(next.state == from_ramp[_i].then &&
	    next.reason == from_ramp[_i].reason &&
	    next.step == from_ramp[_i].next, "%s: %s, %s, %u",
	    from_ramp[_i].says, breaker_state_name(next.state),
	    breaker_reason_name(next.reason), next.step);
	if (next.state == BREAKER_RAMP)
		ck_assert_uint_eq(next.allowance, rules.ramp[next.step]);
	if (next.state == BREAKER_CLOSED)
		ck_assert_uint_eq(next.trips, 0);
	if (from_ramp[_i].after_ms <= 5000 && next.until_ms > 0)
		ck_assert_int_gt(next.until_ms,
		    b.since_ms + from_ramp[_i].after_ms);
}
END_TEST

static const struct {
	const char *says;
	uint32_t step;
	uint32_t n_ramp, ramp[3];
	uint32_t next, allowance;
} reloads[] = {
	{ "a shorter ramp: no more than now", 3, 2, { 100, 1000 }, 0, 100 },
	{ "from the end of it to the new end", 4, 2, { 100, 1000 }, 1, 1000 },
	{ "another first step", 0, 2, { 100, 1000 }, 0, 100 },
	{ "lower steps", 1, 3, { 10, 20, 1000 }, 1, 20 },
};

START_TEST(a_reload_never_gives_more_at_once)
{
	struct breaker_rules r = rules;
	struct breaker b;

	r.n_ramp = reloads[_i].n_ramp;
	memcpy(r.ramp, reloads[_i].ramp, sizeof(reloads[_i].ramp));
	b = breaker_step(&r, ramp(reloads[_i].step), &(struct evidence){ 0 },
	    0, NOW);
	ck_assert_msg(b.state == BREAKER_RAMP && b.step == reloads[_i].next &&
	    b.allowance == reloads[_i].allowance, "%s: step %u, %u",
	    reloads[_i].says, b.step, b.allowance);
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

START_TEST(trips_do_not_wrap)
{
	const struct breaker b = step(half_open(UINT32_MAX), seen(0, 1), NOW);

	ck_assert_uint_eq(b.trips, UINT32_MAX);
	ck_assert_int_gt(b.until_ms, NOW + rules.open_max_ms * 9 / 10);
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
	tcase_add_test(tc, waits_double_up_to_the_maximum);
	tcase_add_test(tc, open_waits_and_listens_to_nobody);
	tcase_add_test(tc, down_is_from_the_first_opening_to_the_ramp);
	tcase_add_test(tc, clocks_a_little_apart_change_nothing);
	tcase_add_test(tc, no_wait_outlasts_a_clock_or_a_reload);
	tcase_add_loop_test(tc, half_open_is_decided_by_its_trials, 0,
	    MW_N_OF(from_half_open));
	tcase_add_test(tc, dns_back_closes_at_once);
	tcase_add_test(tc, dns_back_and_a_relay_that_is_not);
	tcase_add_loop_test(tc, ramp_goes_by_time_and_trouble, 0,
	    MW_N_OF(from_ramp));
	tcase_add_loop_test(tc, a_reload_never_gives_more_at_once, 0,
	    MW_N_OF(reloads));
	tcase_add_test(tc, evidence_is_of_one_state);
	tcase_add_test(tc, what_it_lets_through);
	tcase_add_test(tc, trips_do_not_wrap);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
