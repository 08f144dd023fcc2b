#include "core/silence.h"

#include "suite.h"

#define SLOW_AFTER 5000

static bool
lasts(const struct silence *s, int64_t now_ms)
{
	return silence_lasts(s, SLOW_AFTER, now_ms);
}

START_TEST(who_was_asked_and_says_nothing_is_silent)
{
	struct silence s = { 0 };

	for (int64_t ms = 1000; ms <= 3000; ms += 1000) {
		ck_assert(!lasts(&s, ms));
		silence_asked(&s, ms);
	}
	ck_assert_msg(!lasts(&s, 3499), "it may be at work");
	ck_assert(lasts(&s, 3500));
	silence_asked(&s, 4000);
	ck_assert(lasts(&s, 4000));
}
END_TEST

START_TEST(a_word_ends_it)
{
	struct silence s = { 0 };

	for (int i = 0; i < 5; i++)
		silence_asked(&s, 0);
	silence_ends(&s);
	ck_assert(!lasts(&s, 9000));
	for (int i = 0; i < 3; i++)
		silence_asked(&s, 9000);
	ck_assert_msg(!lasts(&s, 9001), "it begins anew");
	ck_assert(lasts(&s, 11500));
}
END_TEST

START_TEST(one_large_message_is_no_silence)
{
	struct silence s = { 0 };

	silence_asked(&s, 0);
	silence_asked(&s, 0);
	ck_assert(!lasts(&s, 60000));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("silence");
	TCase *tc = tcase_create("silence");

	tcase_add_test(tc, who_was_asked_and_says_nothing_is_silent);
	tcase_add_test(tc, a_word_ends_it);
	tcase_add_test(tc, one_large_message_is_no_silence);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
