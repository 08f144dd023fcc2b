#include "suite.h"

#include "base/chance.h"
#include "base/mem.h"
#include "base/number.h"

static const struct {
	const char *text;
	int64_t min, max;
	bool good;
	int64_t value;
} numbers[] = {
	{ "0", 0, 9, true, 0 },
	{ "-0", 0, 9, true, 0 },
	{ "007", 0, 9, true, 7 },
	{ "9", 0, 9, true, 9 },
	{ "10", 0, 9, false, 0 },
	{ "-1", 0, 9, false, 0 },
	{ "-1", -1, 9, true, -1 },
	{ "9223372036854775807", 0, INT64_MAX, true, INT64_MAX },
	{ "9223372036854775808", 0, INT64_MAX, false, 0 },
	{ "-9223372036854775807", INT64_MIN, 0, true, -INT64_MAX },
	{ "99999999999999999999", 0, INT64_MAX, false, 0 },
	{ "", 0, 9, false, 0 },
	{ "-", -9, 9, false, 0 },
	{ "--1", -9, 9, false, 0 },
	{ "+1", 0, 9, false, 0 },
	{ " 1", 0, 9, false, 0 },
	{ "1 ", 0, 9, false, 0 },
	{ "1\n", 0, 9, false, 0 },
	{ "0x1", 0, 9, false, 0 },
	{ "1.0", 0, 9, false, 0 },
	{ "1e1", 0, 99, false, 0 },
};

START_TEST(a_number_is_all_or_nothing)
{
	int64_t n = 4711;

	ck_assert_int_eq(number_parse(span_of(numbers[_i].text),
	    numbers[_i].min, numbers[_i].max, &n), numbers[_i].good);
	ck_assert_int_eq(n, numbers[_i].good ? numbers[_i].value : 4711);
}
END_TEST

START_TEST(what_is_written_reads_back)
{
	const int64_t n[] = { 0, 7, 10, -1, -4711, INT64_MAX, INT64_MIN + 1 };
	int64_t back;
	char text[24];

	for (size_t i = 0; i < MW_N_OF(n); i++) {
		ck_assert(number_parse(number_text(n[i], text), INT64_MIN,
		    INT64_MAX, &back));
		ck_assert_int_eq(back, n[i]);
	}
	ck_assert(span_eq(number_text(INT64_MIN, text),
	    SPAN("-9223372036854775808")));
}
END_TEST

static const struct {
	const char *text;
	bool good;
	int64_t ms;
} durations[] = {
	{ "0s", true, 0 },
	{ "500ms", true, 500 },
	{ "90s", true, 90000 },
	{ "10m", true, 600000 },
	{ "2h", true, 7200000 },
	{ "5d", true, 432000000 },
	{ "9223372036854775807ms", true, INT64_MAX },
	{ "9223372036854775808ms", false, 0 },
	{ "9223372036854775807s", false, 0 },
	{ "106751991168d", false, 0 },
	{ "10", false, 0 },
	{ "s", false, 0 },
	{ "", false, 0 },
	{ "1.5s", false, 0 },
	{ "-1s", false, 0 },
	{ "1 s", false, 0 },
	{ "1S", false, 0 },
	{ "1sec", false, 0 },
	{ "1m30s", false, 0 },
};

START_TEST(a_duration_has_a_unit)
{
	int64_t ms;

	ck_assert_int_eq(duration_parse(span_of(durations[_i].text), &ms),
	    durations[_i].good);
	if (durations[_i].good)
		ck_assert_int_eq(ms, durations[_i].ms);
}
END_TEST

static const struct {
	int64_t ms;
	const char *text;
} formats[] = {
	{ 0, "0ms" }, { 1, "1ms" }, { 1500, "1500ms" }, { 1000, "1s" },
	{ 90000, "90s" }, { 600000, "10m" }, { 3600000, "1h" },
	{ 5400000, "90m" }, { 86400000, "1d" }, { 172800000, "2d" },
	{ INT64_MAX, "9223372036854775807ms" },
};

START_TEST(the_shortest_exact_form)
{
	char text[24];

	ck_assert_str_eq(duration_format(formats[_i].ms, text),
	    formats[_i].text);
}
END_TEST

START_TEST(what_was_formatted_is_read_back)
{
	static const int64_t units[] = { 1, 1000, 60000, 3600000, 86400000 };

	chance_seed(1);
	for (int i = 0; i < 10000; i++) {
		const int64_t ms = units[chance_below(MW_N_OF(units))] *
		    chance_below(1000000);
		int64_t again;
		char text[24];

		ck_assert(duration_parse(span_of(duration_format(ms, text)),
		    &again));
		ck_assert_int_eq(again, ms);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("number");
	TCase *t = tcase_create("number");

	tcase_add_loop_test(t, a_number_is_all_or_nothing, 0,
	    MW_N_OF(numbers));
	tcase_add_test(t, what_is_written_reads_back);
	tcase_add_loop_test(t, a_duration_has_a_unit, 0, MW_N_OF(durations));
	tcase_add_loop_test(t, the_shortest_exact_form, 0, MW_N_OF(formats));
	tcase_add_test(t, what_was_formatted_is_read_back);
	suite_add_tcase(s, t);
	return suite_main(s);
}
