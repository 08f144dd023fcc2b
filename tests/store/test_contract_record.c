/* The record of an upstream, and who may write it. */
#include "base/mem.h"
#include "contract.h"

static void
check_record(const struct upstream_record *is,
    const struct upstream_record *want)
{
	ck_assert_int_eq(is->breaker.state, want->breaker.state);
	ck_assert_int_eq(is->breaker.reason, want->breaker.reason);
	ck_assert_uint_eq(is->breaker.allowance, want->breaker.allowance);
	ck_assert_uint_eq(is->breaker.trips, want->breaker.trips);
	ck_assert_uint_eq(is->breaker.step, want->breaker.step);
	ck_assert_int_eq(is->breaker.since_ms, want->breaker.since_ms);
	ck_assert_int_eq(is->breaker.until_ms, want->breaker.until_ms);
	ck_assert_int_eq(is->breaker.down_ms, want->breaker.down_ms);
	ck_assert(throttle_same(&is->throttle, &want->throttle));
	ck_assert_str_eq(is->incident, want->incident);
	ck_assert_str_eq(is->rule, want->rule);
	ck_assert_str_eq(is->sample, want->sample);
}

START_TEST(a_record_comes_back_as_it_was)
{
	const struct upstream_record want = an_open_record();

	open_store(_i);
	struct store_reply r = commit(want, 0, true);
	ck_assert(!r.u.commit.stale);
	ck_assert_int_eq(r.u.commit.record.version, 1);
	check_record(&r.u.commit.record, &want);

	r = observe((struct seen){ .host = "a", .version = 1 });
	ck_assert_int_eq(r.u.upstream.record.version, 1);
	check_record(&r.u.upstream.record, &want);
}
END_TEST

START_TEST(every_state_comes_back_as_it_was)
{
	static const struct breaker states[] = {
		{ .state = BREAKER_CLOSED, .reason = BREAKER_RECOVERED,
		    .since_ms = 1 },
		{ .state = BREAKER_SHEDDING, .reason = BREAKER_SHARE,
		    .allowance = 440, .since_ms = 2 },
		{ .state = BREAKER_OPEN, .reason = BREAKER_TRIAL_FAILED,
		    .trips = 1, .since_ms = 3, .until_ms = 4, .down_ms = 2 },
		{ .state = BREAKER_OPEN, .reason = BREAKER_TRIAL_FAILED,
		    .trips = 1, .since_ms = 3, .until_ms = 4 },
		{ .state = BREAKER_HALF_OPEN, .reason = BREAKER_WAIT_OVER,
		    .trips = 2, .since_ms = 5, .down_ms = 2 },
		{ .state = BREAKER_RAMP, .reason = BREAKER_RAMP_STEP,
		    .allowance = 250, .trips = 2, .step = 2, .since_ms = 6,
		    .until_ms = 7 },
	};

	open_store(_i);
	for (size_t i = 0; i < MW_N_OF(states); i++) {
		const struct upstream_record want = { .breaker = states[i] };
		const struct store_reply r = commit(want, (int64_t)i, true);

		ck_assert(!r.u.commit.stale);
		check_record(&r.u.commit.record, &want);
	}
}
END_TEST

START_TEST(a_stale_commit_changes_nothing)
{
	struct upstream_record other = an_open_record();

	open_store(_i);
	ck_assert(!commit(an_open_record(), 0, false).u.commit.stale);
	other.throttle.cap = 1;
	struct store_reply r = commit(other, 0, false);
	ck_assert(r.u.commit.stale);
	ck_assert_int_eq(r.u.commit.record.version, 1);
	ck_assert_uint_eq(r.u.commit.record.throttle.cap, 14);
	ck_assert(!commit(other, 1, false).u.commit.stale);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_record_comes_back_as_it_was, every_state_comes_back_as_it_was,
		a_stale_commit_changes_nothing,
	};
	TCase *tc = contract_case("record");

	contract_every_store(tc, tests, MW_N_OF(tests));
	return contract_main(tc);
}
