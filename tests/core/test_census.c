#include "core/census.h"

#include "suite.h"

/* The store hears somebody every five seconds. */
static uint32_t
take(struct census *c, uint32_t listed, uint32_t live, int64_t now_ms)
{
	return census_take(c, listed, live, c->heard_ms + 5000, now_ms);
}

START_TEST(hosts_that_come_and_go_count_at_once)
{
	struct census c = { 0 };

	ck_assert_uint_eq(take(&c, 0, 0, 1000), 1);
	ck_assert_uint_eq(take(&c, 1, 1, 2000), 1);
	ck_assert_uint_eq(take(&c, 3, 3, 3000), 3);
	/* listed, and silent for long */
	ck_assert_uint_eq(take(&c, 3, 2, 4000), 2);
}
END_TEST

START_TEST(hosts_that_were_forgotten_count_on_for_a_while)
{
	struct census c = { 0 };
	const int64_t lost = 50000;

	ck_assert_uint_eq(take(&c, 3, 3, lost - 1000), 3);
	ck_assert_uint_eq(take(&c, 1, 1, lost), 3);
	ck_assert_uint_eq(take(&c, 2, 2, lost + 5000), 3);
	ck_assert_uint_eq(take(&c, 4, 4, lost + 6000), 4);
	ck_assert_uint_eq(take(&c, 4, 2,
	    lost + CENSUS_LOST_MS), 2);
}
END_TEST

START_TEST(one_that_does_not_come_back_is_let_go)
{
	struct census c = { 0 };

	take(&c, 2, 2, 1000);
	ck_assert_uint_eq(take(&c, 1, 1, 2000), 2);
	ck_assert_uint_eq(take(&c, 1, 1, 2000 + CENSUS_LOST_MS), 1);
}
END_TEST

/* Of hosts that were seen at these times, how many are there now? */
static uint32_t
there(int64_t a_ms, int64_t b_ms, int64_t now_ms)
{
	const int64_t heard_ms = census_heard(census_heard(0, a_ms, now_ms),
	    b_ms, now_ms);

	return (uint32_t)census_lives(a_ms, heard_ms) +
	    (uint32_t)census_lives(b_ms, heard_ms);
}

START_TEST(hosts_are_held_against_the_one_heard_last)
{
	const int64_t t = 1000000;

	ck_assert_uint_eq(there(t, t - 5000, t), 2);
	ck_assert_uint_eq(there(t - CENSUS_LOST_MS, t, t), 1);
	/* the store takes no words */
	ck_assert_uint_eq(there(t, t - 5000, t + 10 * CENSUS_LOST_MS), 2);
	/* nonsense, or its clock was set back: nobody leaves by that */
	ck_assert_uint_eq(there(t, INT64_MAX, t), 2);
	ck_assert_uint_eq(there(t, t - 5000, t - 3600000), 2);
}
END_TEST

START_TEST(hosts_count_on_when_the_store_hears_again)
{
	struct census c = { 0 };
	const int64_t away = 1000000, back = away + 30000;

	ck_assert_uint_eq(census_take(&c, 2, 2, away, away), 2);
	ck_assert_uint_eq(census_take(&c, 2, 2, away, back - 1000), 2);
	/* the first to speak is the only one that lives */
	ck_assert_uint_eq(census_take(&c, 2, 1, back, back), 2);
	ck_assert_uint_eq(census_take(&c, 2, 2, back + 5000, back + 5000), 2);
	ck_assert_uint_eq(census_take(&c, 2, 1, back + 10000,
	    back + CENSUS_LOST_MS), 1);
	ck_assert(!census_resumes(0, back));
	ck_assert(!census_resumes(away, away + 5000));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("core/census");
	TCase *tc = tcase_create("census");

	tcase_add_test(tc, hosts_that_come_and_go_count_at_once);
	tcase_add_test(tc, hosts_that_were_forgotten_count_on_for_a_while);
	tcase_add_test(tc, hosts_are_held_against_the_one_heard_last);
	tcase_add_test(tc, hosts_count_on_when_the_store_hears_again);
	tcase_add_test(tc, one_that_does_not_come_back_is_let_go);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
