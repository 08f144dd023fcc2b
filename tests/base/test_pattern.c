#include "suite.h"

#include "base/mem.h"
#include "base/pattern.h"

static const struct {
	const char *regex;
	struct span text;
	bool matches;
} rows[] = {
	{ "connection limit", { "Too many: CONNECTION Limit", 26 }, true },
	{ "^4\\.3\\.2 ", { "4.3.2 busy", 10 }, true },
	{ "^4\\.3\\.2 ", { "x 4.3.2 busy", 12 }, false },
	{ "b$", { "ab", 2 }, true },
	{ "", { "", 0 }, true },
	{ "", { NULL, 0 }, true },
	{ "a", { NULL, 0 }, false },
	{ "(a)(b)(c)", { "xabc", 4 }, true },
	{ "a.b", { "a\0b", 3 }, true },	/* NUL ends nothing */
	{ "end", { "the end", 4 }, false },	/* a length does */
	{ "\xfc", { "gr\xfc\xdf", 4 }, true },	/* not UTF-8: bytes */
};

START_TEST(it_matches_anywhere_and_ignores_case)
{
	struct err err;
	struct pattern *p = pattern_new(rows[_i].regex, &err);

	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(pattern_match(p, rows[_i].text), rows[_i].matches);
	pattern_free(&p);
	ck_assert_ptr_null(p);
	pattern_free(&p);
}
END_TEST

static const struct {
	const char *regex, *where;
} broken[] = {
	{ "a(b", "at offset 3" },
	{ "[z", "at offset 2" },
	{ "*", "at offset 0" },
	{ "\\C", "at offset 2" },
};

START_TEST(a_broken_one_says_where)
{
	struct err err = { 0 };

	ck_assert_ptr_null(pattern_new(broken[_i].regex, &err));
	ck_assert_int_eq(err.kind, ERR_SYNTAX);
	ck_assert_ptr_nonnull(strstr(err.text, broken[_i].where));
}
END_TEST

/* Without a limit each of these takes longer than the sun has left. */
static const char *const runaways[] = {
	"^(a+)+$", "^(a|aa)+$", "^(.*)*x$", "(a*)*b", "^((a|b)*)*c",
};

START_TEST(a_runaway_is_no_match)
{
	char text[4096];
	struct err err;
	struct pattern *p = pattern_new(runaways[_i], &err);

	ck_assert_ptr_nonnull(p);
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '!';
	for (int i = 0; i < 20; i++)
		ck_assert(!pattern_match(p,
		    (struct span){ text, sizeof(text) }));
	ck_assert_int_eq(pattern_match(p, SPAN("aaaa")), _i < 2);
	pattern_free(&p);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pattern");
	TCase *t = tcase_create("pattern");

	tcase_add_loop_test(t, it_matches_anywhere_and_ignores_case, 0,
	    MW_N_OF(rows));
	tcase_add_loop_test(t, a_broken_one_says_where, 0, MW_N_OF(broken));
	tcase_add_loop_test(t, a_runaway_is_no_match, 0, MW_N_OF(runaways));
	suite_add_tcase(s, t);
	return suite_main(s);
}
