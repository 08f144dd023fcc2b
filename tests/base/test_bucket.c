#include "base/bucket.h"

#include "suite.h"

#include "base/chance.h"
#include "base/mem.h"

#define A_SECOND BUCKET_ONE_A_SECOND
#define MOMENTS 3000

static const struct {
	const char *says;
	int64_t rate;
	int64_t then_ms;	/* after all that was there has been taken */
	uint32_t at_once, then;	/* how many can be taken */
} buckets[] = {
	{ "a second's worth at once", 5 * A_SECOND, 0, 5, 0 },
	{ "one more each fifth of a second", 5 * A_SECOND, 200, 5, 1 },
	{ "not a moment sooner", 5 * A_SECOND, 199, 5, 0 },
	{ "no more than fits", 5 * A_SECOND, 3600000, 5, 5 },
	{ "one at least, however slow", A_SECOND / 10, 0, 1, 0 },
	{ "a part of one is kept until it is whole", A_SECOND / 10, 9999, 1,
	    0 },
	{ "and then it is one", A_SECOND / 10, 10000, 1, 1 },
	{ "the fastest there is", BUCKET_RATE_MAX, 1, 1000000, 1000 },
	{ "the slowest there is", 1, INT64_C(1000000000), 1, 1 },
};

static uint32_t
take_all(struct bucket *b, int64_t rate, int64_t now_ms)
{
	uint32_t n = 0;

	while (bucket_take(b, rate, now_ms))
		n++;
	return n;
}

START_TEST(so_many_a_second)
{
	struct bucket b = { 0 };

	ck_assert_msg(take_all(&b, buckets[_i].rate, 1) ==
	    buckets[_i].at_once, "%s", buckets[_i].says);
	ck_assert_msg(take_all(&b, buckets[_i].rate, 1 + buckets[_i].then_ms)
	    == buckets[_i].then, "%s", buckets[_i].says);
}
END_TEST

START_TEST(a_clock_that_goes_back_gives_nothing)
{
	struct bucket b = { 0 };

	ck_assert_uint_eq(take_all(&b, A_SECOND, 5000), 1);
	ck_assert_uint_eq(take_all(&b, A_SECOND, 1000), 0);
	ck_assert_uint_eq(take_all(&b, A_SECOND, 5999), 0);
	ck_assert_uint_eq(take_all(&b, A_SECOND, 6000), 1);
}
END_TEST

START_TEST(a_lower_rate_counts_at_once)
{
	struct bucket b = { 0 };

	for (int n = 0; n < 5; n++)
		ck_assert(bucket_take(&b, 10 * A_SECOND, 1));
	ck_assert_uint_eq(take_all(&b, 5 * A_SECOND, 1), 0);
	ck_assert_uint_eq(take_all(&b, 10 * A_SECOND, 1), 5);
}
END_TEST

/* In no interval more than its length allows, and what fits at once. */
START_TEST(no_interval_has_too_many)
{
	static uint32_t taken[MOMENTS + 1];	/* until then */
	static int64_t at_ms[MOMENTS + 1];
	struct bucket b = { 0 };
	int64_t rate, size;

	chance_seed((uint64_t)_i);
	rate = 1 + chance_below(20000000);
	size = rate > A_SECOND ? rate : A_SECOND;
	for (int i = 1; i <= MOMENTS; i++) {
		uint32_t asked = chance_below(10);

		at_ms[i] = at_ms[i - 1] + chance_below(400);
		taken[i] = taken[i - 1];
		while (asked-- > 0 && bucket_take(&b, rate, at_ms[i]))
			taken[i]++;
	}
	for (int n = 0; n < 20 * MOMENTS; n++) {
		const int from = 1 + (int)chance_below(MOMENTS);
		const int to = from + (int)chance_below(
		    (uint32_t)(MOMENTS + 1 - from));
		const int64_t n_taken = taken[to] - taken[from - 1];

		ck_assert_int_le(n_taken * A_SECOND,
		    (at_ms[to] - at_ms[from]) * rate / 1000 + size);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("bucket");
	Suite *s = suite_create("base");

	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, so_many_a_second, 0, MW_N_OF(buckets));
	tcase_add_test(tc, a_clock_that_goes_back_gives_nothing);
	tcase_add_test(tc, a_lower_rate_counts_at_once);
	tcase_add_loop_test(tc, no_interval_has_too_many, 1, 11);
	return suite_main(s);
}
