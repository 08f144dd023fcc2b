/* Outcomes of all hosts, as whoever judges an upstream sees them. */
#include "base/mem.h"
#include "contract.h"

static uint32_t
window_count(const struct store_reply *r, enum outcome_class class, bool mine)
{
	const struct window *w = &r->u.upstream.window;
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n; i++)
		if (w->rows[i].class == class &&
		    (w->rows[i].host == r->u.upstream.self) == mine)
			n += w->rows[i].count;
	return n;
}

START_TEST(nothing_is_known_of_a_new_upstream)
{
	open_store(_i);

	struct store_reply r = observe((struct seen){ .host = "a" });
	ck_assert_int_eq(r.u.upstream.record.version, 0);
	ck_assert_int_eq(r.u.upstream.record.breaker.state, BREAKER_CLOSED);
	ck_assert_int_eq(r.u.upstream.override.state, OVERRIDE_NONE);
	ck_assert_uint_eq(r.u.upstream.streak, 0);
	ck_assert_uint_eq(r.u.upstream.n_hosts, 0);
	ck_assert_uint_eq(r.u.upstream.window.n, 0);
}
END_TEST

START_TEST(a_plain_read_writes_nothing)
{
	open_store(_i);
	observe((struct seen){ .host = "a" });
	destination("contoso");
	ck_assert_str_eq(redis_say(&redis, "DBSIZE"), "0");
}
END_TEST

START_TEST(outcomes_of_all_hosts_are_seen)
{
	open_store(_i);
	observe((struct seen){ .host = "a", .ok = 5, .trouble = 2,
	    .had_good = true, .bad_tail = 1 });
	observe((struct seen){ .host = "b", .trouble = 3 });

	struct store_reply r = observe((struct seen){ .host = "a", .ok = 1,
	    .had_good = true });
	ck_assert_uint_eq(window_count(&r, OUTCOME_OK, true), 6);
	ck_assert_uint_eq(window_count(&r, OUTCOME_OK, false), 0);
	ck_assert_uint_eq(window_count(&r, OUTCOME_TROUBLE, true), 2);
	ck_assert_uint_eq(window_count(&r, OUTCOME_TROUBLE, false), 3);
	ck_assert_uint_eq(r.u.upstream.n_hosts, 2);
	ck_assert_uint_eq(r.u.upstream.totals[OUTCOME_OK], 6);
	ck_assert_uint_eq(r.u.upstream.totals[OUTCOME_TROUBLE], 5);

	r = observe((struct seen){ .host = "c" });
	ck_assert_uint_eq(window_count(&r, OUTCOME_TROUBLE, true), 0);
	ck_assert_uint_eq(window_count(&r, OUTCOME_TROUBLE, false), 5);
	ck_assert_uint_eq(r.u.upstream.n_hosts, 2);
}
END_TEST

START_TEST(the_window_is_for_who_asks)
{
	struct store_reply r;

	open_store(_i);
	observe((struct seen){ .host = "a", .trouble = 3 });
	r = ask(&(struct store_request){
		.verb = STORE_OBSERVE, .name = "filter",
		.u.observe.host = "a",
	    });
	ck_assert_uint_eq(r.u.upstream.totals[OUTCOME_TROUBLE], 3);
	ck_assert_uint_eq(r.u.upstream.streak, 3);
	ck_assert_uint_eq(r.u.upstream.window.n, 0);
}
END_TEST

START_TEST(a_streak_goes_on_until_a_good_one)
{
	open_store(_i);
	ck_assert_uint_eq(observe((struct seen){ .host = "a", .trouble = 2,
	    .half = 1 }).u.upstream.streak, 3);
	ck_assert_uint_eq(observe((struct seen){ .host = "b", .trouble = 4 })
	    .u.upstream.streak, 7);
	ck_assert_uint_eq(observe((struct seen){ .host = "a" })
	    .u.upstream.streak, 7);
	ck_assert_uint_eq(observe((struct seen){ .host = "a", .ok = 1,
	    .trouble = 9, .had_good = true, .bad_tail = 2 })
	    .u.upstream.streak, 2);
}
END_TEST

START_TEST(outcomes_of_another_version_count_in_the_totals_only)
{
	open_store(_i);

	struct store_reply r = observe((struct seen){ .host = "a",
	    .version = 7, .trouble = 4 });
	ck_assert_uint_eq(r.u.upstream.totals[OUTCOME_TROUBLE], 4);
	ck_assert_uint_eq(r.u.upstream.window.n, 0);
	ck_assert_uint_eq(r.u.upstream.streak, 0);
}
END_TEST

START_TEST(evidence_is_cleared_only_afresh)
{
	open_store(_i);
	observe((struct seen){ .host = "a", .trouble = 4 });
	commit(an_open_record(), 0, false);

	struct store_reply r = observe((struct seen){ .host = "a" });
	ck_assert_uint_eq(r.u.upstream.streak, 4);
	ck_assert_uint_eq(window_count(&r, OUTCOME_TROUBLE, true), 4);

	commit(an_open_record(), 1, true);
	r = observe((struct seen){ .host = "a" });
	ck_assert_uint_eq(r.u.upstream.streak, 0);
	ck_assert_uint_eq(r.u.upstream.window.n, 0);
	ck_assert_uint_eq(r.u.upstream.totals[OUTCOME_TROUBLE], 4);
}
END_TEST

START_TEST(what_is_older_than_the_window_leaves_no_row)
{
	static const char rows[] = "HLEN mailweir:upstream:{filter}:window";
	struct seen seen = { .host = "a", .ok = 1, .had_good = true };

	open_store(POOL);
	redis_say(&redis, "HSET mailweir:upstream:{filter}:window 1:ok:a 5 "
	    "1:ok:gone %s", "7");
	observe(seen);
	ck_assert_str_eq(redis_say(&redis, rows), "1");
	seen.host = "b";
	observe(seen);
	ck_assert_str_eq(redis_say(&redis, rows), "2");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		nothing_is_known_of_a_new_upstream, a_plain_read_writes_nothing,
		outcomes_of_all_hosts_are_seen, the_window_is_for_who_asks,
		a_streak_goes_on_until_a_good_one,
		outcomes_of_another_version_count_in_the_totals_only,
		evidence_is_cleared_only_afresh,
	};
	TCase *tc = contract_case("outcomes");

	contract_every_store(tc, tests, MW_N_OF(tests));
	tcase_add_test(tc, what_is_older_than_the_window_leaves_no_row);
	return contract_main(tc);
}
