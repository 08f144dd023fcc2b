#include "suite.h"

#include "base/idna.h"
#include "base/mem.h"

static const struct {
	const char *utf8, *ascii;	/* NULL: not a name */
} rows[] = {
	{ "münchen.example", "xn--mnchen-3ya.example" },
	{ "MÜNCHEN.Example", "xn--mnchen-3ya.example" },
	{ "straße.example", "xn--strae-oqa.example" },	/* not "ss" */
	{ "例え.テスト", "xn--r8jz45g.xn--zckzah" },
	{ "例え。テスト", "xn--r8jz45g.xn--zckzah" },
	{ "mu\xcc\x88nchen.example", "xn--mnchen-3ya.example" },
	{ "", NULL },
	{ "m\xfcnchen.example", NULL },		/* Latin-1 */
	{ "\xf0\x9f.example", NULL },		/* cut short */
	{ "a\xe2\x80\x8b.ü\xed\xa0\x80", NULL },	/* a surrogate */
};

START_TEST(a_name_becomes_a_labels)
{
	char dst[254] = "";
	const bool good = idna_to_ascii(span_of(rows[_i].utf8), dst,
	    sizeof(dst));

	ck_assert_int_eq(good, rows[_i].ascii != NULL);
	if (good)
		ck_assert_str_eq(dst, rows[_i].ascii);
}
END_TEST

START_TEST(what_does_not_fit_is_no_name)
{
	char dst[8], name[2000];

	ck_assert(!idna_to_ascii(SPAN("münchen.example"), dst, sizeof(dst)));
	ck_assert(!idna_to_ascii((struct span){ "m\xc3\xbc\0x", 5 }, name,
	    sizeof(name)));
	memset(name, 'a', sizeof(name));
	ck_assert(!idna_to_ascii((struct span){ name, sizeof(name) }, dst,
	    sizeof(dst)));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("idna");
	TCase *t = tcase_create("idna");

	tcase_add_loop_test(t, a_name_becomes_a_labels, 0, MW_N_OF(rows));
	tcase_add_test(t, what_does_not_fit_is_no_name);
	suite_add_tcase(s, t);
	return suite_main(s);
}
