#include "sha1.h"

#include "base/mem.h"
#include "suite.h"

START_TEST(known_answers)
{
	static const struct {
		const char *text, *name;
	} rows[] = {
		{ "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
		{ "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		    "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		    "c1c8bbdc22796e28c0e15163d20899b65621d65a" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		    "0098ba824b5c16427bd7a1122a5a442a25ec644d" },
	};
	char name[41];

	for (size_t i = 0; i < MW_N_OF(rows); i++) {
		sha1_hex(span_of(rows[i].text), name);
		ck_assert_str_eq(name, rows[i].name);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store/sha1");
	TCase *tc = tcase_create("sha1");

	tcase_add_test(tc, known_answers);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
