#include "core/census.h"

#include "suite.h"

START_TEST(hosts_that_come_and_go_count_at_once)
{
	struct census c = { 0 };

	ck_assert_uint_eq(census_take(&c, 0, 0, 1000), 1);
	ck_assert_uint_eq(census_take(&c, 1, 1, 2000), 1);
	ck_assert_uint_eq(census_take(&c, 3, 3, 3000), 3);
	/* listed, and silent for long */
	ck_assert_uint_eq(census_take(&c, 3, 2, 4000), 2);
}
END_TEST

START_TEST(hosts_that_were_forgotten_count_on_for_a_while)
{
	struct census c = { 0 };
	const int64_t lost = 50000;

	ck_assert_uint_eq(census_take(&c, 3, 3, lost - 1000), 3);
	ck_assert_uint_eq(census_take(&c, 1, 1, lost), 3);
	ck_assert_uint_eq(census_take(&c, 2, 2, lost + 5000), 3);
	ck_assert_uint_eq(census_take(&c, 4, 4, lost + 6000), 4);
	ck_assert_uint_eq(census_take(&c, 4, 2,
	    lost + CENSUS_LOST_MS), 2);
}
END_TEST

START_TEST(one_that_does_not_come_back_is_let_go)
{
	struct census c = { 0 };

	census_take(&c, 2, 2, 1000);
	ck_assert_uint_eq(census_take(&c, 1, 1, 2000), 2);
	ck_assert_uint_eq(census_take(&c, 1, 1, 2000 + CENSUS_LOST_MS), 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("core/census");
	TCase *tc = tcase_create("census");

	tcase_add_test(tc, hosts_that_come_and_go_count_at_once);
	tcase_add_test(tc, hosts_that_were_forgotten_count_on_for_a_while);
	tcase_add_test(tc, one_that_does_not_come_back_is_let_go);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
