/* The way back of what opened: a wait, trials, and a ramp. */
#include "core/breaker.h"

#include "base/mem.h"

#include "breaker_sample.h"
#include "suite.h"

#include <string.h>

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

	b = stepped(b, seen(100, 0), NOW + 29999);
	ck_assert_int_eq(b.state, BREAKER_OPEN);
	b = stepped(b, seen(0, 100), NOW + 30000);
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
	struct breaker b = stepped((struct breaker){ 0 }, streak, NOW);

	ck_assert_int_eq(b.down_ms, NOW);
	for (int n = 0; n < 5; n++) {
		b = stepped(b, seen(0, 0), b.until_ms);
		ck_assert_int_eq(b.state, BREAKER_HALF_OPEN);
		ck_assert_int_eq(b.down_ms, NOW);
		b = stepped(b, seen(0, 1), b.since_ms + 1000);
		ck_assert_int_eq(b.state, BREAKER_OPEN);
		ck_assert_int_gt(b.since_ms, NOW);
		ck_assert_int_eq(b.down_ms, NOW);
	}
	b = stepped(b, seen(0, 0), b.until_ms);
	b = stepped(b, seen(3, 0), b.since_ms + 1000);
	ck_assert_int_eq(b.state, BREAKER_RAMP);
	ck_assert_int_eq(b.down_ms, 0);
	b = stepped(b, streak, NOW + 10000000);
	ck_assert_int_eq(b.state, BREAKER_OPEN);
	ck_assert_int_eq(b.down_ms, NOW + 10000000);
}
END_TEST

START_TEST(clocks_a_little_apart_change_nothing)
{
	struct breaker b = ramp(1), next;

	b.since_ms = NOW + 50;
	b.until_ms = NOW + 50 + rules.ramp_step_ms;
	next = stepped(b, seen(1, 0), NOW);
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

	b = stepped(b, seen(0, 0), NOW);
	ck_assert_int_eq(b.until_ms, NOW + rules.open_max_ms);
	ck_assert_int_eq(b.since_ms, NOW);
	b = stepped(b, seen(0, 0), b.until_ms);
	ck_assert_int_eq(b.state, BREAKER_HALF_OPEN);

	b = ramp(1);
	b.until_ms = INT64_MAX;
	ck_assert_int_eq(stepped(b, seen(0, 0), NOW).until_ms,
	    NOW + rules.ramp_step_ms);
}
END_TEST

START_TEST(trips_do_not_wrap)
{
	const struct breaker b = stepped(half_open(UINT32_MAX), seen(0, 1),
	    NOW);

	ck_assert_uint_eq(b.trips, UINT32_MAX);
	ck_assert_int_gt(b.until_ms, NOW + rules.open_max_ms * 9 / 10);
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
	const struct breaker next = stepped(half_open(3),
	    from_half_open[_i].seen, from_half_open[_i].at_ms);

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
		b = stepped(b, away, now);
		ck_assert_int_eq(b.state, BREAKER_OPEN);
		ck_assert_int_eq(b.until_ms, now + BREAKER_DNS_MS);
		now = b.until_ms;
		b = stepped(b, seen(0, 0), now);
		ck_assert_int_eq(b.state, BREAKER_HALF_OPEN);
		ck_assert_int_eq(b.reason, BREAKER_DNS);
		away.dns = away.new_dns = 9;
		b = stepped(b, away, now);
		ck_assert_msg(b.state == BREAKER_HALF_OPEN, "a few failures");
		away.dns = away.new_dns = 10;
	}
	b = stepped(b, back, now);
	ck_assert_int_eq(b.state, BREAKER_CLOSED);
}
END_TEST

START_TEST(dns_back_and_a_relay_that_is_not)
{
	struct breaker b = half_open(1);

	b.reason = BREAKER_DNS;
	b = stepped(b, (struct evidence){ .total_bad = 2 }, NOW);
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
	const struct breaker next = stepped(b, from_ramp[_i].seen,
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

int
main(void)
{
	Suite *s = suite_create("breaker recovery");
	TCase *tc = tcase_create("breaker recovery");

	tcase_add_test(tc, waits_double_up_to_the_maximum);
	tcase_add_test(tc, open_waits_and_listens_to_nobody);
	tcase_add_test(tc, down_is_from_the_first_opening_to_the_ramp);
	tcase_add_test(tc, clocks_a_little_apart_change_nothing);
	tcase_add_test(tc, no_wait_outlasts_a_clock_or_a_reload);
	tcase_add_test(tc, trips_do_not_wrap);
	tcase_add_loop_test(tc, half_open_is_decided_by_its_trials, 0,
	    MW_N_OF(from_half_open));
	tcase_add_test(tc, dns_back_closes_at_once);
	tcase_add_test(tc, dns_back_and_a_relay_that_is_not);
	tcase_add_loop_test(tc, ramp_goes_by_time_and_trouble, 0,
	    MW_N_OF(from_ramp));
	tcase_add_loop_test(tc, a_reload_never_gives_more_at_once, 0,
	    MW_N_OF(reloads));
	suite_add_tcase(s, tc);
	return suite_main(s);
}
