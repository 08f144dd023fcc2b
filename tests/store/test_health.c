/*
 * Which trouble it is, by what the server says.
 */
#include "base/mem.h"
#include "suite.h"
#include "trouble.h"

#define SCRIPT "ERR Error running script (call to f_6b1b): "

static const struct {
	const char *text;
	enum store_trouble trouble;
} texts[] = {
	{ "LOADING Redis is loading the dataset in memory", STORE_LOADING },
	{ "MASTERDOWN Link with MASTER is down", STORE_LOADING },
	{ "BUSY Redis is busy running a script", STORE_SILENT },
	{ "READONLY You can't write against a read only replica.", STORE_READONLY },
	{ "NOREPLICAS Not enough good replicas to write.", STORE_FULL },
	{ "OOM command not allowed when used memory > 'maxmemory'.", STORE_FULL },
	{ "MISCONF Redis is configured to save RDB snapshots", STORE_FULL },
	{ "NOAUTH Authentication required.", STORE_DENIED },
	{ "WRONGPASS invalid username-password pair", STORE_DENIED },
	{ "NOPERM this user has no permissions", STORE_DENIED },
	{ "ERR max number of clients reached", STORE_DENIED },
	{ "WRONGTYPE Operation against a key", STORE_ODD },
	{ "ERR unknown command", STORE_ODD },
	{ "", STORE_ODD },
	/* as Redis 6 wraps what a script ran into */
	{ SCRIPT "@user_script:30: @user_script: 30: -OOM command not allowed", STORE_FULL },
	{ SCRIPT "@user_script:30: @user_script: 30: -READONLY You can't write", STORE_READONLY },
	{ SCRIPT "@user_script: 30: NOPERM this user has no permissions", STORE_DENIED },
	{ SCRIPT "The user executing the script can't run this command", STORE_DENIED },
	{ SCRIPT "@user_script:3: -WRONGTYPE Operation against a key", STORE_ODD },
	{ SCRIPT "@user_script:3: attempt to index a nil value", STORE_ODD },
	{ SCRIPT "- ", STORE_ODD },
	{ "ERR Error running script", STORE_ODD },
};

START_TEST(a_trouble_is_known_by_its_text)
{
	ck_assert_str_eq(store_trouble_name(trouble_of(span_of(
	    texts[_i].text))), store_trouble_name(texts[_i].trouble));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store/health");
	TCase *tc = tcase_create("troubles");

	tcase_add_loop_test(tc, a_trouble_is_known_by_its_text, 0,
	    (int)MW_N_OF(texts));
	suite_add_tcase(s, tc);
	return suite_main(s);
}
