#include "core/reply.h"

#include "suite.h"

#include "base/mem.h"

static const struct {
	const char *says;
	const char *text;
	struct dsn dsn;
	const char *rest;	/* NULL: no code at its start */
} codes[] = {
	{ "a code and a text", "4.3.2 later", { 4, 3, 2 }, "later" },
	{ "a code alone", "4.3.2", { 4, 3, 2 }, "" },
	{ "Microsoft's long ones", "5.7.606 no", { 5, 7, 606 }, "no" },
	{ "the largest", "5.999.999 x", { 5, 999, 999 }, "x" },
	{ "the smallest", "2.0.0 ok", { 2, 0, 0 }, "ok" },
	{ "a blank more is the text's", "2.0.0  ok", { 2, 0, 0 }, " ok" },
	{ "a number too large", "4.1000.0 x", { 0 }, NULL },
	{ "class 3 is none", "3.0.0 x", { 0 }, NULL },
	{ "nor is 0", "0.0.0 x", { 0 }, NULL },
	{ "nor 44", "44.0.0 x", { 0 }, NULL },
	{ "two numbers", "4.3 x", { 0 }, NULL },
	{ "four numbers", "4.3.2.1 x", { 0 }, NULL },
	{ "a number missing", "4..2 x", { 0 }, NULL },
	{ "a leading zero", "4.03.2 x", { 0 }, NULL },
	{ "a sign", "4.-0.2 x", { 0 }, NULL },
	{ "a letter", "4.3.2x y", { 0 }, NULL },
	{ "a tab is no blank", "4.3.2\tx", { 0 }, NULL },
	{ "a blank before it", " 4.3.2 x", { 0 }, NULL },
	{ "nothing", "", { 0 }, NULL },
};

START_TEST(codes_stand_at_the_start)
{
	struct dsn dsn = { 9, 9, 9 };
	struct span rest = SPAN("untouched");
	const bool good = dsn_parse(span_of(codes[_i].text), &dsn, &rest);

	ck_assert_msg(good == (codes[_i].rest != NULL), "%s", codes[_i].says);
	if (!good) {
		ck_assert_uint_eq(dsn.class, 9);
		ck_assert(span_eq(rest, SPAN("untouched")));
		return;
	}
	ck_assert_uint_eq(dsn.class, codes[_i].dsn.class);
	ck_assert_uint_eq(dsn.subject, codes[_i].dsn.subject);
	ck_assert_uint_eq(dsn.detail, codes[_i].dsn.detail);
	ck_assert(span_eq(rest, span_of(codes[_i].rest)));
}
END_TEST

static const struct {
	const char *says;
	uint16_t code;
	struct dsn dsn;
	const char *text;
	const char *name;
	const char *then;	/* NULL: no good reply */
} made[] = {
	{ "a name takes its place", 451, { 4, 3, 2 },
	    "DESTINATION is busy", "contoso", "451 4.3.2 contoso is busy" },
	{ "wherever it stands", 421, { 4, 3, 2 }, "DESTINATION, DESTINATION",
	    "a", "421 4.3.2 a, a" },
	{ "a name is not looked into", 451, { 4, 3, 2 }, "DESTINATION!",
	    "DESTINATION", "451 4.3.2 DESTINATION!" },
	{ "without one it stays", 550, { 5, 7, 1 }, "DESTINATION", NULL,
	    "550 5.7.1 DESTINATION" },
	{ "the start of the word is no place", 451, { 4, 3, 2 }, "DESTINATIO",
	    "a", "451 4.3.2 DESTINATIO" },
	{ "a percent sign is a percent sign", 451, { 4, 3, 2 }, "100%s %n",
	    NULL, "451 4.3.2 100%s %n" },
	{ "code and class differ", 451, { 5, 3, 2 }, "x", NULL, NULL },
	{ "class 3 says nothing", 354, { 3, 0, 0 }, "x", NULL, NULL },
	{ "a subject too large", 451, { 4, 1000, 2 }, "x", NULL, NULL },
	{ "no text", 451, { 4, 3, 2 }, "", NULL, NULL },
	{ "no text once a name is there", 451, { 4, 3, 2 }, "DESTINATION", "",
	    NULL },
	{ "a second line", 451, { 4, 3, 2 }, "x\r\n250 ok", NULL, NULL },
	{ "a line feed in the name", 451, { 4, 3, 2 }, "DESTINATION", "a\nb",
	    NULL },
	{ "a tab", 451, { 4, 3, 2 }, "a\tb", NULL, NULL },
	{ "a letter that is not ASCII", 451, { 4, 3, 2 }, "\xc3\xa4", NULL,
	    NULL },
};

START_TEST(only_good_replies_are_made)
{
	const struct reply before = { .code = 250, .text = "untouched" };
	struct reply r = before;
	char text[REPLY_TEXT_MAX + 16];
	const bool good = reply_make(made[_i].code, made[_i].dsn,
	    made[_i].text, made[_i].name, &r);

	ck_assert_msg(good == (made[_i].then != NULL), "%s", made[_i].says);
	if (!good) {
		ck_assert_int_eq(memcmp(&r, &before, sizeof(r)), 0);
		return;
	}
	ck_assert(reply_sane(&r));
	ck_assert(reply_render(&r, REPLY_SMTP, text, sizeof(text)));
	ck_assert_str_eq(text, made[_i].then);
}
END_TEST

static const struct {
	const char *says;
	int length;		/* of the text around the name */
	const char *name;
	bool then;
} lengths[] = {
	{ "200 characters fit", 200, NULL, true },
	{ "201 do not", 201, NULL, false },
	{ "a name counts", 196, "a2345", false },
	{ "as what it is long", 195, "a2345", true },
};

START_TEST(a_text_has_a_limit)
{
	char text[256];
	struct reply r;

	memset(text, 'x', sizeof(text));
	text[lengths[_i].length] = '\0';
	if (lengths[_i].name != NULL)
		memcpy(text + lengths[_i].length, "DESTINATION", 12);
	ck_assert_msg(reply_make(451, REPLY_DSN_NOT_ACCEPTING, text,
	    lengths[_i].name, &r) == lengths[_i].then, "%s",
	    lengths[_i].says);
}
END_TEST

START_TEST(it_is_rendered_in_two_forms_or_not_at_all)
{
	struct reply r;
	char text[32] = "before";

	ck_assert(reply_make(451, REPLY_DSN_DIRECTORY, "no DNS", NULL, &r));
	ck_assert(reply_render(&r, REPLY_SMTP, text, sizeof(text)));
	ck_assert_str_eq(text, "451 4.4.3 no DNS");
	ck_assert(reply_render(&r, REPLY_STATUS, text, sizeof(text)));
	ck_assert_str_eq(text, "4.4.3 no DNS");
	ck_assert(reply_render(&r, REPLY_STATUS, text,
	    sizeof("4.4.3 no DNS")));
	ck_assert(!reply_render(&r, REPLY_STATUS, text,
	    sizeof("4.4.3 no DNS") - 1));
	ck_assert_str_eq(text, "");
	ck_assert(!reply_render(&r, REPLY_STATUS, text, 0));
}
END_TEST

static const struct {
	const char *says;
	struct reply reply;
} insane[] = {
	{ "all zeros", { 0 } },
	{ "classes that differ", { 451, { 5, 3, 2 }, "x" } },
	{ "no text", { 451, { 4, 3, 2 }, "" } },
	{ "two lines", { 451, { 4, 3, 2 }, "a\nb" } },
};

START_TEST(what_is_not_sane_is_not_rendered)
{
	char text[64] = "before";

	ck_assert_msg(!reply_sane(&insane[_i].reply), "%s", insane[_i].says);
	ck_assert(!reply_render(&insane[_i].reply, REPLY_SMTP, text,
	    sizeof(text)));
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(a_text_without_an_end_is_not_sane)
{
	struct reply r = { .code = 451, .dsn = REPLY_DSN_NOT_ACCEPTING };

	memset(r.text, 'x', sizeof(r.text));
	ck_assert(!reply_sane(&r));
}
END_TEST

START_TEST(class_4_is_temporary)
{
	struct reply r;

	ck_assert(reply_make(421, REPLY_DSN_NOT_ACCEPTING, "x", NULL, &r));
	ck_assert(reply_is_temporary(&r));
	ck_assert(reply_make(550, (struct dsn){ 5, 7, 1 }, "x", NULL, &r));
	ck_assert(!reply_is_temporary(&r));
	ck_assert(reply_make(250, (struct dsn){ 2, 0, 0 }, "x", NULL, &r));
	ck_assert(!reply_is_temporary(&r));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("reply");
	Suite *s = suite_create("core");

	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, codes_stand_at_the_start, 0, MW_N_OF(codes));
	tcase_add_loop_test(tc, only_good_replies_are_made, 0, MW_N_OF(made));
	tcase_add_loop_test(tc, a_text_has_a_limit, 0, MW_N_OF(lengths));
	tcase_add_test(tc, it_is_rendered_in_two_forms_or_not_at_all);
	tcase_add_loop_test(tc, what_is_not_sane_is_not_rendered, 0,
	    MW_N_OF(insane));
	tcase_add_test(tc, a_text_without_an_end_is_not_sane);
	tcase_add_test(tc, class_4_is_temporary);
	return suite_main(s);
}
