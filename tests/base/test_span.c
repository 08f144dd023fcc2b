#include "suite.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/span.h"

#include <stdint.h>

static const struct {
	const char *a, *b;
	bool equal, folded;
} pairs[] = {
	{ "", "", true, true },
	{ "mail", "mail", true, true },
	{ "mail", "MaiL", false, true },
	{ "mail", "mail ", false, false },
	{ "@", "`", false, false },	/* 0x40 and 0x60: no letters */
	{ "\xc4", "\xe4", false, false },	/* ASCII only */
};

START_TEST(equality_is_of_bytes_or_of_ascii_letters)
{
	const struct span a = span_of(pairs[_i].a), b = span_of(pairs[_i].b);

	ck_assert_int_eq(span_eq(a, b), pairs[_i].equal);
	ck_assert_int_eq(span_eq_fold(a, b), pairs[_i].folded);
	ck_assert_int_eq(span_ends_fold(a, b), pairs[_i].folded);
}
END_TEST

START_TEST(an_empty_span_may_be_nowhere)
{
	const struct span none = span_of(NULL);
	char dst[4] = "old";

	ck_assert_uint_eq(none.len, 0);
	ck_assert(span_eq(none, SPAN("")));
	ck_assert(span_starts(none, SPAN("")));
	ck_assert(!span_starts(none, SPAN("a")));
	ck_assert(span_ends_fold(SPAN("a"), none));
	ck_assert_int_eq(span_find(none, 'a'), -1);
	ck_assert_int_eq(span_rfind(none, 'a'), -1);
	ck_assert_uint_eq(span_trim(none).len, 0);
	ck_assert(span_copy(dst, sizeof(dst), none));
	ck_assert_str_eq(dst, "");
}
END_TEST

START_TEST(starts_ends_and_positions)
{
	const struct span s = SPAN("gate.contoso.gate");

	ck_assert(span_starts(s, SPAN("gate.")));
	ck_assert(!span_starts(s, SPAN("Gate.")));
	ck_assert(!span_starts(SPAN("gat"), SPAN("gate")));
	ck_assert(span_ends_fold(s, SPAN(".GATE")));
	ck_assert(!span_ends_fold(s, SPAN("contoso")));
	ck_assert(!span_ends_fold(SPAN("ate"), SPAN("gate")));
	ck_assert_int_eq(span_find(s, '.'), 4);
	ck_assert_int_eq(span_rfind(s, '.'), 12);
	ck_assert_int_eq(span_rfind(s, 'g'), 13);
	ck_assert_int_eq(span_find(s, 'x'), -1);
}
END_TEST

static const struct {
	const char *text, *trimmed;
} trims[] = {
	{ "", "" }, { " \t\r\n", "" }, { "a", "a" }, { " a b\r\n", "a b" },
	{ "\v a", "\v a" },
};

START_TEST(trim_takes_blanks_off_both_ends)
{
	ck_assert(span_eq(span_trim(span_of(trims[_i].text)),
	    span_of(trims[_i].trimmed)));
}
END_TEST

static const struct {
	const char *text, *fields;	/* each field in brackets */
} cuts[] = {
	{ "", "[]" }, { "a", "[a]" }, { "a,b", "[a][b]" },
	{ ",", "[][]" }, { "a,", "[a][]" }, { ",,a", "[][][a]" },
};

START_TEST(cut_visits_every_field)
{
	struct span rest = span_of(cuts[_i].text);
	struct buf fields = buf_new(100);

	while (rest.at != NULL) {
		buf_add_text(&fields, "[");
		buf_add_span(&fields, span_cut(&rest, ','));
		buf_add_text(&fields, "]");
	}
	ck_assert_str_eq(buf_text(&fields), cuts[_i].fields);
	buf_free(&fields);
}
END_TEST

static const struct {
	struct span s;
	bool fits;
} copies[] = {
	{ { "", 0 }, true }, { { "abc", 3 }, true }, { { "abcd", 4 }, false },
	{ { "a\0b", 3 }, false },
};

START_TEST(copy_is_all_or_nothing)
{
	char dst[4] = "old";

	ck_assert_int_eq(span_copy(dst, sizeof(dst), copies[_i].s),
	    copies[_i].fits);
	ck_assert(span_eq(span_of(dst),
	    copies[_i].fits ? copies[_i].s : SPAN("")));
}
END_TEST

START_TEST(a_buf_grows_and_stays_a_string)
{
	struct buf b = buf_new(100000);

	ck_assert_str_eq(buf_text(&b), "");
	ck_assert_uint_eq(buf_span(&b).len, 0);
	for (int i = 0; i < 1000; i++)
		buf_addf(&b, "%03d,", i);
	buf_add_text(&b, "");
	ck_assert_uint_eq(b.len, 4000);
	ck_assert_uint_eq(strlen(buf_text(&b)), 4000);
	ck_assert(span_ends_fold(buf_span(&b), SPAN("998,999,")));
	ck_assert(!buf_overflowed(&b));
	buf_free(&b);
	ck_assert_str_eq(buf_text(&b), "");
}
END_TEST

START_TEST(a_full_buf_stays_as_it_was_and_remembers)
{
	struct buf b = buf_new(5);

	buf_add_text(&b, "12345");
	ck_assert(!buf_overflowed(&b));
	buf_add(&b, "6", 1);
	ck_assert(buf_overflowed(&b));
	buf_addf(&b, "%d", 7);
	ck_assert_str_eq(buf_text(&b), "12345");
	buf_consume(&b, 2);
	buf_addf(&b, "%s", "six");
	ck_assert_str_eq(buf_text(&b), "345");
	ck_assert(buf_overflowed(&b));
	buf_clear(&b);
	ck_assert(!buf_overflowed(&b));
	ck_assert_str_eq(buf_text(&b), "");
	buf_add(&b, "a\0b", 3);
	ck_assert(span_eq(buf_span(&b), (struct span){ "a\0b", 3 }));
	buf_add(&b, "x", SIZE_MAX);
	ck_assert(buf_overflowed(&b));
	ck_assert_uint_eq(b.len, 3);
	buf_free(&b);
}
END_TEST

START_TEST(consuming_leaves_the_rest)
{
	struct buf b = buf_new(10);

	buf_consume(&b, 0);
	buf_add_text(&b, "0123456789");
	buf_consume(&b, 4);
	ck_assert_str_eq(buf_text(&b), "456789");
	buf_consume(&b, 6);
	ck_assert_str_eq(buf_text(&b), "");
	buf_add_text(&b, "ab");
	ck_assert_str_eq(buf_text(&b), "ab");
	buf_free(&b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("span");
	TCase *span = tcase_create("span"), *buf = tcase_create("buf");

	tcase_add_loop_test(span, equality_is_of_bytes_or_of_ascii_letters, 0,
	    MW_N_OF(pairs));
	tcase_add_test(span, an_empty_span_may_be_nowhere);
	tcase_add_test(span, starts_ends_and_positions);
	tcase_add_loop_test(span, trim_takes_blanks_off_both_ends, 0,
	    MW_N_OF(trims));
	tcase_add_loop_test(span, cut_visits_every_field, 0, MW_N_OF(cuts));
	tcase_add_loop_test(span, copy_is_all_or_nothing, 0, MW_N_OF(copies));
	tcase_add_test(buf, a_buf_grows_and_stays_a_string);
	tcase_add_test(buf, a_full_buf_stays_as_it_was_and_remembers);
	tcase_add_test(buf, consuming_leaves_the_rest);
	suite_add_tcase(s, span);
	suite_add_tcase(s, buf);
	return suite_main(s);
}
