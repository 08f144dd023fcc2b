#include "suite.h"

#include "base/mem.h"
#include "base/printable.h"

static const struct {
	struct span s;
	size_t size;
	const char *shown;
	bool all;
} rows[] = {
	{ { "", 0 }, 16, "", true },
	{ { NULL, 0 }, 16, "", true },
	{ { "451 ~ok", 7 }, 16, "451 ~ok", true },
	{ { "a\r\nb\tc", 6 }, 16, "a??b?c", false },
	{ { "a\0b", 3 }, 16, "a?b", false },
	{ { "\x1b[2J\x7f", 5 }, 16, "?[2J?", false },
	{ { "gr\xc3\xbc\xc3\x9f", 6 }, 16, "gr????", false },
	{ { "123456789", 9 }, 10, "123456789", true },
	{ { "1234567890", 10 }, 10, "123456...", true },
	{ { "12345678", 8 }, 8, "1234567", true },
	{ { "12", 2 }, 1, "", true },
};

START_TEST(strangers_text_is_made_safe)
{
	char dst[16];

	memset(dst, 'x', sizeof(dst));
	ck_assert_ptr_eq(printable(dst, rows[_i].size, rows[_i].s), dst);
	ck_assert_str_eq(dst, rows[_i].shown);
	ck_assert_int_eq(printable_all(rows[_i].s), rows[_i].all);
}
END_TEST

START_TEST(every_byte_is_kept_or_replaced)
{
	for (int i = 0; i < 256; i++) {
		const char byte = (char)i;
		const struct span s = { &byte, 1 };
		const bool good = i >= 0x20 && i <= 0x7e;
		char dst[2];

		printable(dst, sizeof(dst), s);
		ck_assert_int_eq(dst[0], good ? byte : '?');
		ck_assert_int_eq(printable_all(s), good);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("printable");
	TCase *t = tcase_create("printable");

	tcase_add_loop_test(t, strangers_text_is_made_safe, 0, MW_N_OF(rows));
	tcase_add_test(t, every_byte_is_kept_or_replaced);
	suite_add_tcase(s, t);
	return suite_main(s);
}
