#include "engine/pace.h"

#include "suite.h"

#include "base/mem.h"
#include "engine/fleet.h"

static const struct {
	const char *says;
	enum pace kind;
	uint32_t hosts, things;
	int64_t ms;
} rows[] = {
	{ "one host tells at once", PACE_OUTCOMES, 1, 1, 20 },
	{ "but what is as usual, five times a second", PACE_OUTCOMES_USUAL, 1,
	    1, 200 },
	{ "so do three, of a few upstreams", PACE_OUTCOMES, 3, 1, 20 },
	{ "twenty tell ten times a second", PACE_OUTCOMES, 20, 1, 100 },
	{ "fifty twice, for each hears of all", PACE_OUTCOMES, 50, 1, 500 },
	{ "a hundred every two seconds", PACE_OUTCOMES, 100, 1, 2000 },
	{ "and no later than that", PACE_OUTCOMES, 1000, 256, 3000 },
	{ "what is answered to a hundred is short", PACE_SLOTS, 100, 1, 500 },
	{ "nothing to ask about is no matter", PACE_HOLDS, 100, 0, 5000 },
	{ "the largest numbers there may be", PACE_HOLDS, UINT32_MAX, 1024,
	    60000 },
};

START_TEST(the_pause_grows_with_the_fleet)
{
	ck_assert_msg(pace_ms(rows[_i].kind, rows[_i].hosts, rows[_i].things)
	    == rows[_i].ms, "%s", rows[_i].says);
}
END_TEST

/* Until the longest pause is reached all hosts together ask no more often. */
START_TEST(a_fleet_asks_no_more_than_a_host_may)
{
	const enum pace kind = (enum pace)_i;
	const int64_t longest = pace_ms(kind, UINT32_MAX, 1024);
	const int64_t usual = pace_ms(kind, 1, 1);
	int64_t most = 0;

	ck_assert_int_lt(usual, longest);
	for (uint32_t hosts = 1; hosts <= 200; hosts++) {
		const int64_t ms = pace_ms(kind, hosts, 1);
		const int64_t a_second = hosts * 1000 / ms;

		if (ms < longest && a_second > most)
			most = a_second;
		ck_assert_int_ge(ms, pace_ms(kind, hosts - 1, 1));
	}
	ck_assert_int_le(most, 1000);
}
END_TEST

START_TEST(what_ends_by_itself_is_told_before)
{
	ck_assert_int_gt(FLEET_SLOTS_TTL_MS,
	    2 * pace_ms(PACE_SLOTS_IDLE, UINT32_MAX, 1024));
	ck_assert_int_gt(FLEET_SLOTS_TTL_MS,
	    2 * pace_ms(PACE_SLOTS, UINT32_MAX, 1024));
	ck_assert_int_gt(FLEET_ALONE_TTL_MS,
	    pace_ms(PACE_RECORD, UINT32_MAX, 1024) + 1000);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pace");
	TCase *tc = tcase_create("pace");

	tcase_add_loop_test(tc, the_pause_grows_with_the_fleet, 0,
	    MW_N_OF(rows));
	tcase_add_loop_test(tc, a_fleet_asks_no_more_than_a_host_may, 0,
	    PACE_KINDS);
	tcase_add_test(tc, what_ends_by_itself_is_told_before);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
