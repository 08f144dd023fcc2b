#include "suite.h"

#include "base/mem.h"
#include "observe/history.h"

#define START (1000 * (int64_t)HISTORY_BAR_MS)

static struct history h;
static uint64_t totals[OUTCOME_CLASSES];

static void
note(enum outcome_class class, uint64_t n, int64_t bars)
{
	totals[class] += n;
	history_note(&h, totals, START + bars * HISTORY_BAR_MS);
}

static struct history_bar
bar(uint32_t back, int64_t bars)
{
	return history_bar(&h, back, START + bars * HISTORY_BAR_MS);
}

static void
set_up(void)
{
	h = (struct history){ 0 };
	for (int i = 0; i < OUTCOME_CLASSES; i++)
		totals[i] = 1000000;
	note(OUTCOME_OK, 0, 0);
}

START_TEST(it_begins_with_nothing)
{
	for (uint32_t i = 0; i < HISTORY_BARS; i++) {
		ck_assert_uint_eq(bar(i, 0).good, 0);
		ck_assert_uint_eq(bar(i, 0).bad, 0);
	}
}
END_TEST

START_TEST(outcomes_fall_into_the_bar_of_their_time)
{
	note(OUTCOME_OK, 3, 0);
	note(OUTCOME_OK, 4, 0);
	note(OUTCOME_OK, 5, 2);
	ck_assert_uint_eq(bar(2, 2).good, 7);
	ck_assert_uint_eq(bar(1, 2).good, 0);
	ck_assert_uint_eq(bar(0, 2).good, 5);
}
END_TEST

static const struct {
	enum outcome_class class;
	struct history_bar bar;
} classes[] = {
	{ OUTCOME_OK, { .good = 1 } }, { OUTCOME_REFUSED, { .good = 1 } },
	{ OUTCOME_TROUBLE, { .bad = 1 } },
	{ OUTCOME_TROUBLE_HALF, { .bad = 1 } },
	{ OUTCOME_MOVED_ON, { .bad = 1 } }, { OUTCOME_SLOW, { .other = 1 } },
	{ OUTCOME_POLICY, { .other = 1 } }, { OUTCOME_DNS, { .other = 1 } },
	{ OUTCOME_IGNORE, { .good = 0 } }, { OUTCOME_LOCAL, { .other = 1 } },
	{ OUTCOME_UNKNOWN, { .other = 1 } },
};

START_TEST(a_class_is_good_bad_or_other)
{
	note(classes[_i].class, 1, 0);
	ck_assert_uint_eq(bar(0, 0).good, classes[_i].bar.good);
	ck_assert_uint_eq(bar(0, 0).bad, classes[_i].bar.bad);
	ck_assert_uint_eq(bar(0, 0).other, classes[_i].bar.other);
}
END_TEST

START_TEST(what_is_old_is_forgotten)
{
	note(OUTCOME_TROUBLE, 1, 0);
	note(OUTCOME_TROUBLE, 1, HISTORY_BARS - 1);
	ck_assert_uint_eq(bar(HISTORY_BARS - 1, HISTORY_BARS - 1).bad, 1);
	note(OUTCOME_TROUBLE, 1, HISTORY_BARS);
	ck_assert_uint_eq(bar(HISTORY_BARS - 1, HISTORY_BARS).bad, 0);
	ck_assert_uint_eq(bar(1, HISTORY_BARS).bad, 1);
	note(OUTCOME_TROUBLE, 1, 5 * HISTORY_BARS);
	for (uint32_t i = 1; i < HISTORY_BARS; i++)
		ck_assert_uint_eq(bar(i, 5 * HISTORY_BARS).bad, 0);
}
END_TEST

START_TEST(time_passes_without_news_as_well)
{
	note(OUTCOME_OK, 9, 0);
	ck_assert_uint_eq(bar(7, 7).good, 9);
	ck_assert_uint_eq(bar(0, 7).good, 0);
	ck_assert_uint_eq(bar(0, 7 + HISTORY_BARS).good, 0);
}
END_TEST

START_TEST(an_emptied_store_is_no_burst)
{
	totals[OUTCOME_OK] = 0;
	note(OUTCOME_OK, 5, 1);
	ck_assert_uint_eq(bar(0, 1).good, 0);
	note(OUTCOME_OK, 5, 1);
	ck_assert_uint_eq(bar(0, 1).good, 5);
}
END_TEST

START_TEST(a_clock_that_is_set_back_does_no_harm)
{
	note(OUTCOME_OK, 5, 10);
	note(OUTCOME_OK, 5, 3);
	note(OUTCOME_OK, 5, -2 * HISTORY_BARS);
	note(OUTCOME_OK, 5, 11);
	ck_assert_uint_eq(bar(0, 11).good, 5);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("history");
	Suite *s = suite_create("observe");

	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, it_begins_with_nothing);
	tcase_add_test(tc, outcomes_fall_into_the_bar_of_their_time);
	tcase_add_loop_test(tc, a_class_is_good_bad_or_other, 0,
	    MW_N_OF(classes));
	tcase_add_test(tc, what_is_old_is_forgotten);
	tcase_add_test(tc, time_passes_without_news_as_well);
	tcase_add_test(tc, an_emptied_store_is_no_burst);
	tcase_add_test(tc, a_clock_that_is_set_back_does_no_harm);
	return suite_main(s);
}
