/* What held mail says of itself. */
#include "core/decide.h"

#include "base/mem.h"

#include "suite.h"

static const struct {
	enum decide_reason reason;
	int64_t wait_ms;
	const char *incident;
	const char *then;
} held[] = {
	{ DECIDE_OPEN, 28400, "6f3a",
	    "4.3.2 Mailweir: filter is not accepting mail, next try in 28s "
	    "(incident 6f3a)" },
	{ DECIDE_OPEN, -1, "6f3a",
	    "4.3.2 Mailweir: filter is not accepting mail (incident 6f3a)" },
	{ DECIDE_DNS, 1700, "6f3a",
	    "4.4.3 Mailweir: filter cannot be found in DNS, next try in 1s "
	    "(incident 6f3a)" },
	{ DECIDE_NO_SLOT, -1, "",
	    "4.3.2 Mailweir: filter is at its connection limit" },
	{ DECIDE_FORCED, 600000, "",
	    "4.3.2 Mailweir: filter was paused by an operator, next try in "
	    "10m" },
	{ DECIDE_TRIAL_TAKEN, 0, "",
	    "4.3.2 Mailweir: filter is being tried again, next try in 1s" },
	{ DECIDE_SILENT, -1, "",
	    "4.3.2 Mailweir: filter does not answer" },
	{ DECIDE_SHED, -1, "",
	    "4.3.2 Mailweir: filter takes a part of the mail only" },
	{ DECIDE_RATE, -1, "",
	    "4.3.2 Mailweir: filter takes no more connections for now" },
	{ DECIDE_SHARE, -1, "",
	    "4.3.2 Mailweir: filter takes no more than its share of the mail"
	},
};

START_TEST(held_mail_says_why)
{
	const struct reply r = decide_held_reply("filter", held[_i].reason,
	    held[_i].wait_ms, held[_i].incident);
	char text[REPLY_TEXT_MAX + 16];

	ck_assert(reply_render(&r, REPLY_STATUS, text, sizeof(text)));
	ck_assert_str_eq(text, held[_i].then);
}
END_TEST

START_TEST(held_mail_has_a_reply_whatever_the_names)
{
	char name[300];
	struct reply r;

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	r = decide_held_reply(name, DECIDE_OPEN, INT64_MAX, name);
	ck_assert(reply_sane(&r));
	r = decide_held_reply("a\nb", DECIDE_OPEN, INT64_MAX, "");
	ck_assert(reply_sane(&r));
}
END_TEST

START_TEST(each_reason_has_a_name)
{
	ck_assert_str_eq(decide_reason_name(DECIDE_FINE), "fine");
	ck_assert_str_eq(decide_reason_name(DECIDE_TRIAL_TAKEN),
	    "trial-taken");
	ck_assert_str_eq(decide_reason_name(DECIDE_SILENT), "silent");
	ck_assert_str_eq(decide_reason_name(DECIDE_FORCED), "forced");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("decide");
	TCase *tc = tcase_create("reply");

	tcase_add_loop_test(tc, held_mail_says_why, 0, MW_N_OF(held));
	tcase_add_test(tc, held_mail_has_a_reply_whatever_the_names);
	tcase_add_test(tc, each_reason_has_a_name);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
