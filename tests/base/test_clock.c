#include "suite.h"

#include "base/clock.h"
#include "base/mem.h"

static const struct {
	int64_t ms;
	const char *text;
} rows[] = {
	{ 0, "1970-01-01T00:00:00.000Z" },
	{ 1, "1970-01-01T00:00:00.001Z" },
	{ 1795262400000, "2026-11-21T12:00:00.000Z" },
	{ 951782399999, "2000-02-28T23:59:59.999Z" },
	{ 253402300799999, "9999-12-31T23:59:59.999Z" },
	{ -1, "-" },
	{ INT64_MAX, "-" },
	{ INT64_MIN, "-" },
};

START_TEST(a_time_is_written_in_utc)
{
	char dst[32];

	ck_assert_ptr_eq(clock_format(rows[_i].ms, dst), dst);
	ck_assert_str_eq(dst, rows[_i].text);
}
END_TEST

START_TEST(the_clocks_go_on_and_agree)
{
	const int64_t us = clock_mono_us(), ms = clock_mono_ms();

	ck_assert_int_ge(ms, us / 1000);
	ck_assert_int_le(us, clock_mono_us());
	/* 2020 or later, in milliseconds. */
	ck_assert_int_gt(clock_wall_ms(), 1577836800000);
	ck_assert_int_lt(clock_wall_ms(), 253402300800000);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("clock");
	TCase *t = tcase_create("clock");

	tcase_add_loop_test(t, a_time_is_written_in_utc, 0, MW_N_OF(rows));
	tcase_add_test(t, the_clocks_go_on_and_agree);
	suite_add_tcase(s, t);
	return suite_main(s);
}
