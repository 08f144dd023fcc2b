#include "suite.h"

#include "base/mem.h"
#include "base/words.h"

#include <stdio.h>

#define MAX 3

static const struct {
	const char *says, *text;
	int n;
	const char *words[MAX];
} rows[] = {
	{ "nothing", "", 0, { 0 } },
	{ "blanks only", "   ", 0, { 0 } },
	{ "one", "a", 1, { "a" } },
	{ "blanks around", "  ab  c ", 2, { "ab", "c" } },
	{ "as many as there may be", "a b c", 3, { "a", "b", "c" } },
	{ "one more", "a b c d", -1, { 0 } },
};

START_TEST(a_command_is_cut)
{
	const char *words[MAX + 1];
	char text[16];
	int n;

	snprintf(text, sizeof(text), "%s", rows[_i].text);
	n = words_cut(text, words, MAX);
	ck_assert_msg(n == rows[_i].n, "%s", rows[_i].says);
	for (int i = 0; i < n; i++)
		ck_assert_str_eq(words[i], rows[_i].words[i]);
	if (n >= 0)
		ck_assert_ptr_null(words[n]);
}
END_TEST

START_TEST(more_words_follow)
{
	static const char *const more[] = { "x", "y", NULL };
	const char *words[MAX + 1] = { "a" };

	ck_assert_int_eq(words_add(words, 1, more, MAX), 3);
	ck_assert_str_eq(words[2], "y");
	ck_assert_ptr_null(words[3]);
	ck_assert_int_eq(words_add(words, 2, more, MAX), -1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("words");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, a_command_is_cut, 0, MW_N_OF(rows));
	tcase_add_test(tc, more_words_follow);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
