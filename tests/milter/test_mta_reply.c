/* Its own smfi_setreply stands in for libmilter's. */
#include "milter/mta_reply.h"

#include "base/mem.h"
#include "suite.h"

#include <stdio.h>

static char said[600];
static int answer = MI_SUCCESS;

int
smfi_setreply(SMFICTX *ctx, char *code, char *dsn, char *text)
{
	(void)ctx;
	snprintf(said, sizeof(said), "%s %s %s", code, dsn, text);
	return answer;
}

#define LATER "451 4.3.2 Please try again later"

static const struct {
	struct reply reply;
	const char *said;
	sfsistat returned;
} rows[] = {
	{ { 451, { 4, 3, 2 }, "contoso is at capacity" },
	    "451 4.3.2 contoso is at capacity", SMFIS_TEMPFAIL },
	{ { 421, { 4, 3, 2 }, "closing" }, "421 4.3.2 closing",
	    SMFIS_TEMPFAIL },
	{ { 550, { 5, 7, 1 }, "no" }, "550 5.7.1 no", SMFIS_REJECT },
	{ { 451, { 4, 4, 3 }, "50% of %s" }, "451 4.4.3 50%% of %%s",
	    SMFIS_TEMPFAIL },
	/* what would make Postfix drop the milter, or mean something else */
	{ { 451, { 5, 3, 2 }, "mixed" }, LATER, SMFIS_TEMPFAIL },
	{ { 550, { 4, 3, 2 }, "mixed" }, LATER, SMFIS_TEMPFAIL },
	{ { 250, { 2, 0, 0 }, "fine" }, LATER, SMFIS_TEMPFAIL },
	{ { 451, { 4, 3, 2 }, "two\r\nlines" }, LATER, SMFIS_TEMPFAIL },
	{ { 451, { 4, 3, 2 }, "" }, LATER, SMFIS_TEMPFAIL },
	{ { 0, { 0, 0, 0 }, "" }, LATER, SMFIS_TEMPFAIL },
};

START_TEST(only_a_good_reply_is_given_with_its_class)
{
	said[0] = '\0';
	ck_assert_int_eq(mta_reply(NULL, &rows[_i].reply), rows[_i].returned);
	ck_assert_str_eq(said, rows[_i].said);
}
END_TEST

START_TEST(the_longest_text_of_percents_fits)
{
	struct reply r = { 451, { 4, 3, 2 }, "" };

	memset(r.text, '%', REPLY_TEXT_MAX);
	mta_reply(NULL, &r);
	ck_assert_uint_eq(strlen(said), strlen("451 4.3.2 ") +
	    2 * REPLY_TEXT_MAX);
}
END_TEST

START_TEST(when_libmilter_refuses_it_is_still_for_later)
{
	answer = MI_FAILURE;
	ck_assert_int_eq(mta_reply(NULL, &rows[0].reply), SMFIS_TEMPFAIL);
	answer = MI_SUCCESS;
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("mta_reply");
	TCase *t = tcase_create("mta_reply");

	tcase_add_loop_test(t, only_a_good_reply_is_given_with_its_class, 0,
	    MW_N_OF(rows));
	tcase_add_test(t, the_longest_text_of_percents_fits);
	tcase_add_test(t, when_libmilter_refuses_it_is_still_for_later);
	suite_add_tcase(s, t);
	return suite_main(s);
}
