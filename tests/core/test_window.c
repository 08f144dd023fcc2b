#include "core/window.h"

#include "base/chance.h"
#include "base/mem.h"

#include "suite.h"

#define WINDOW_MS 120000
#define BUCKET_MS (WINDOW_MS / WINDOW_BUCKETS)

static struct window w;		/* too large for every test's stack */

static void
setup(void)
{
	w = (struct window){ 0 };
}

static void
add(int64_t at_ms, enum outcome_class class, uint8_t host, uint32_t count)
{
	window_add(&w, WINDOW_MS, at_ms, class, host, count);
}

static struct evidence
judge(uint32_t min_outcomes, int64_t now_ms)
{
	return window_evidence(&w, WINDOW_MS, min_outcomes, now_ms);
}

static const struct {
	const char *says;
	enum outcome_class class;
	struct evidence then;
} ones[] = {
	{ "delivered is good", OUTCOME_OK,
	    { .good = 2, .outcomes = 1, .hosts = 1, .senders = 1,
	    .total_good = 2 } },
	{ "so is a refusal of one message", OUTCOME_REFUSED,
	    { .good = 2, .outcomes = 1, .hosts = 1, .senders = 1,
	    .total_good = 2 } },
	{ "trouble is bad", OUTCOME_TROUBLE,
	    { .bad = 2, .outcomes = 1, .hosts = 1, .bad_hosts = 1,
	    .senders = 1, .total_bad = 2 } },
	{ "half as bad where a duplicate may result", OUTCOME_TROUBLE_HALF,
	    { .bad = 1, .outcomes = 1, .hosts = 1, .bad_hosts = 1,
	    .senders = 1, .total_bad = 1 } },
	{ "moving on is bad", OUTCOME_MOVED_ON,
	    { .bad = 2, .outcomes = 1, .hosts = 1, .bad_hosts = 1,
	    .senders = 1, .total_bad = 2 } },
	{ "slow is counted apart", OUTCOME_SLOW, { .slow = 1 } },
	{ "so is DNS", OUTCOME_DNS, { .dns = 1, .new_dns = 1, .senders = 1,
	    .dns_hosts = 1 } },
	{ "policy says nothing", OUTCOME_POLICY, { 0 } },
	{ "nor does our own text", OUTCOME_IGNORE, { 0 } },
	{ "nor our own fault", OUTCOME_LOCAL, { 0 } },
	{ "nor what no rule knows", OUTCOME_UNKNOWN, { 0 } },
};

static void
same(const char *says, const struct evidence *a, const struct evidence *b)
{
	ck_assert_msg(a->good == b->good && a->bad == b->bad &&
	    a->outcomes == b->outcomes && a->slow == b->slow &&
	    a->dns == b->dns && a->new_dns == b->new_dns &&
	    a->hosts == b->hosts && a->senders == b->senders &&
	    a->dns_hosts == b->dns_hosts &&
	    a->bad_hosts == b->bad_hosts && a->streak == b->streak &&
	    a->total_good == b->total_good && a->total_bad == b->total_bad,
	    "%s: good %u/%u bad %u/%u outcomes %u/%u slow %u/%u dns %u/%u "
	    "hosts %u/%u bad_hosts %u/%u total %u/%u %u/%u "
	    "new_dns %u/%u senders %u/%u dns_hosts %u/%u", says,
	    a->good, b->good, a->bad, b->bad, a->outcomes, b->outcomes,
	    a->slow, b->slow, a->dns, b->dns, a->hosts, b->hosts,
	    a->bad_hosts, b->bad_hosts, a->total_good, b->total_good,
	    a->total_bad, b->total_bad, a->new_dns, b->new_dns,
	    a->senders, b->senders, a->dns_hosts, b->dns_hosts);
}

START_TEST(each_class_counts_as_it_should)
{
	struct evidence seen;

	add(1000, ones[_i].class, 3, 1);
	seen = judge(20, 1000);
	same(ones[_i].says, &seen, &ones[_i].then);
}
END_TEST

START_TEST(much_traffic_is_judged_by_the_newest)
{
	add(0, OUTCOME_OK, 0, 500);
	add(BUCKET_MS, OUTCOME_TROUBLE, 0, 15);
	add(2 * BUCKET_MS, OUTCOME_TROUBLE, 0, 10);
	ck_assert_uint_eq(judge(20, 2 * BUCKET_MS).good, 0);
	ck_assert_uint_eq(judge(20, 2 * BUCKET_MS).outcomes, 25);
	ck_assert_uint_eq(judge(26, 2 * BUCKET_MS).outcomes, 525);
	ck_assert_uint_eq(judge(1, 2 * BUCKET_MS).outcomes, 10);
	ck_assert_uint_eq(judge(1, 2 * BUCKET_MS).total_good, 1000);
}
END_TEST

START_TEST(what_is_old_falls_out)
{
	add(0, OUTCOME_TROUBLE, 0, 1);
	ck_assert_uint_eq(judge(20, WINDOW_MS - 1).bad, 2);
	ck_assert_uint_eq(judge(20, WINDOW_MS).bad, 0);
	ck_assert_uint_eq(judge(20, WINDOW_MS).hosts, 0);
}
END_TEST

START_TEST(what_lies_ahead_is_no_news)
{
	add(WINDOW_MS, OUTCOME_TROUBLE, 0, 1);
	ck_assert_uint_eq(judge(20, 0).total_bad, 0);
}
END_TEST

static const struct {
	const char *says;
	uint32_t good[2], bad[2];
	uint32_t hosts, bad_hosts;
} pairs[] = {
	{ "all is well", { 10, 10 }, { 0, 0 }, 2, 0 },
	{ "only one of them sends", { 10, 0 }, { 10, 0 }, 1, 1 },
	{ "both in the same trouble", { 1, 2 }, { 30, 3 }, 2, 2 },
	{ "both at 40 %, fewer bad than good", { 6, 60 }, { 4, 40 }, 2, 2 },
	{ "one of them alone", { 0, 19 }, { 20, 1 }, 2, 1 },
	{ "one of them alone, and it sends the most", { 0, 1 }, { 99, 0 },
	    2, 1 },
};

START_TEST(hosts_that_share_in_the_trouble)
{
	struct evidence seen;

	for (uint8_t host = 0; host < 2; host++) {
		add(0, OUTCOME_OK, host, pairs[_i].good[host]);
		add(0, OUTCOME_TROUBLE, host, pairs[_i].bad[host]);
	}
	seen = judge(20, 0);
	ck_assert_msg(seen.hosts == pairs[_i].hosts &&
	    seen.bad_hosts == pairs[_i].bad_hosts, "%s: %u of %u",
	    pairs[_i].says, seen.bad_hosts, seen.hosts);
}
END_TEST

static const struct {
	const char *says;
	uint32_t good[3], dns[3];
	uint32_t senders, dns_hosts;
} resolvers[] = {
	{ "a stray one is nobody's trouble", { 9, 9, 9 }, { 1, 1, 0 }, 3, 0 },
	{ "one cannot resolve", { 9, 9, 0 }, { 0, 0, 1 }, 3, 1 },
	{ "half of it is not most", { 9, 9, 5 }, { 0, 0, 5 }, 3, 0 },
	{ "none can any more", { 9, 9, 9 }, { 10, 10, 10 }, 3, 3 },
	{ "who sends nothing is not counted", { 0, 0, 9 }, { 0, 4, 0 }, 2, 1 },
};

START_TEST(hosts_that_cannot_resolve)
{
	struct evidence seen;

	for (uint8_t host = 0; host < 3; host++) {
		add(0, OUTCOME_OK, host, resolvers[_i].good[host]);
		add(0, OUTCOME_DNS, host, resolvers[_i].dns[host]);
	}
	seen = judge(20, 0);
	ck_assert_msg(seen.senders == resolvers[_i].senders &&
	    seen.dns_hosts == resolvers[_i].dns_hosts, "%s: %u of %u",
	    resolvers[_i].says, seen.dns_hosts, seen.senders);
}
END_TEST

START_TEST(new_dns_is_of_the_buckets_that_are_judged)
{
	add(0, OUTCOME_OK, 0, 20);
	add(0, OUTCOME_DNS, 0, 5);
	add(BUCKET_MS, OUTCOME_OK, 0, 20);
	add(BUCKET_MS, OUTCOME_DNS, 0, 3);
	ck_assert_uint_eq(judge(20, BUCKET_MS).new_dns, 3);
	ck_assert_uint_eq(judge(20, BUCKET_MS).dns, 8);
	ck_assert_uint_eq(judge(21, BUCKET_MS).new_dns, 8);
}
END_TEST

START_TEST(many_hosts_share_the_last_number)
{
	add(0, OUTCOME_OK, WINDOW_HOSTS - 1, 1);
	add(0, OUTCOME_OK, WINDOW_HOSTS, 1);
	add(0, OUTCOME_OK, 255, 1);
	ck_assert_uint_eq(judge(20, 0).hosts, 1);
	ck_assert_uint_eq(judge(20, 0).outcomes, 3);
}
END_TEST

static const struct window_row nonsense[] = {
	{ .bucket = -1, .count = 1 },
	{ .bucket = INT64_MIN, .count = 1 },
	{ .class = OUTCOME_CLASSES, .count = 1 },
	{ .class = 255, .count = 1 },
	{ .count = 0 },
};

START_TEST(senseless_rows_are_left_out)
{
	window_add_row(&w, &nonsense[_i]);
	ck_assert_uint_eq(w.n, 0);
}
END_TEST

START_TEST(extremes_do_no_harm)
{
	for (int i = 0; i < 3; i++) {
		add(INT64_MAX, OUTCOME_OK, 0, UINT32_MAX);
		add(INT64_MAX - BUCKET_MS, OUTCOME_TROUBLE, 0, UINT32_MAX);
		add(INT64_MAX, OUTCOME_SLOW, 1, UINT32_MAX);
	}
	window_add_row(&w, &(struct window_row){ .bucket = INT64_MAX,
	    .class = OUTCOME_OK, .count = UINT32_MAX });
	ck_assert_uint_eq(judge(UINT32_MAX, INT64_MAX).good, UINT32_MAX);
	ck_assert_uint_eq(judge(UINT32_MAX, INT64_MAX).total_bad, UINT32_MAX);
	ck_assert_uint_eq(judge(20, INT64_MAX).outcomes, UINT32_MAX);
	ck_assert_uint_eq(judge(20, 0).outcomes, 0);
	ck_assert_int_eq(window_bucket_ms(5), 1);
	ck_assert_int_eq(window_bucket(0, 7), 7);
}
END_TEST

START_TEST(clear_forgets_all)
{
	add(0, OUTCOME_TROUBLE, 0, 7);
	window_clear(&w);
	ck_assert_uint_eq(judge(20, 0).total_bad, 0);
	add(0, OUTCOME_OK, 0, 1);
	ck_assert_uint_eq(judge(20, 0).total_good, 2);
}
END_TEST

/* The largest fleet, one class in every row, and then two hosts see another. */
START_TEST(a_full_window_still_sees_the_news)
{
	const enum outcome_class usual = _i == 0 ? OUTCOME_OK : OUTCOME_TROUBLE;
	const enum outcome_class news = _i == 0 ? OUTCOME_TROUBLE : OUTCOME_OK;
	const int64_t now = WINDOW_MS - 1;
	struct evidence seen;
	uint32_t sent = 0;

	for (int64_t at = 0; at < WINDOW_MS; at += BUCKET_MS)
		for (uint8_t host = 0; host < WINDOW_HOSTS; host++, sent += 3)
			add(at, usual, host, 3);
	ck_assert_uint_eq(w.n, WINDOW_ROWS);
	add(now, news, 7, 100);
	add(now, news, 9, 100);
	seen = judge(20, now);
	ck_assert_uint_eq(seen.total_good, _i == 0 ? 2 * sent : 400);
	ck_assert_uint_eq(seen.total_bad, _i == 0 ? 400 : 2 * sent);
	ck_assert_uint_eq(_i == 0 ? seen.bad : seen.good, 400);
	ck_assert_uint_eq(seen.hosts, WINDOW_HOSTS);
	ck_assert_uint_eq(seen.bad_hosts, _i == 0 ? 2 : WINDOW_HOSTS - 2);
}
END_TEST

/* As Redis gives them: in any order. */
START_TEST(a_large_fleet_with_news_of_all_kinds)
{
	static const enum outcome_class kinds[] = {
		OUTCOME_OK, OUTCOME_REFUSED, OUTCOME_TROUBLE,
	};
	const uint32_t all = WINDOW_BUCKETS * WINDOW_HOSTS *
	    (uint32_t)MW_N_OF(kinds);
	struct evidence seen;

	for (uint32_t i = 0, at = 0; i < all; i++) {
		at = (at + 2801) % all;	/* a prime: each once */
		window_add_row(&w, &(struct window_row){
			.bucket = at / WINDOW_HOSTS / MW_N_OF(kinds),
			.class = (uint8_t)kinds[at % MW_N_OF(kinds)],
			.host = (uint8_t)(at / MW_N_OF(kinds) % WINDOW_HOSTS),
			.count = 1,
		    });
	}
	ck_assert_uint_le(w.n, WINDOW_ROWS);
	ck_assert_uint_gt(w.n, WINDOW_ROWS - 2 * WINDOW_HOSTS);
	seen = judge(all, WINDOW_MS - 1);
	ck_assert_uint_eq(seen.total_good, 2 * all / 3 * 2);
	ck_assert_uint_eq(seen.total_bad, 2 * all / 3);
	ck_assert_uint_eq(seen.hosts, WINDOW_HOSTS);
	ck_assert_uint_eq(seen.bad_hosts, WINDOW_HOSTS);
}
END_TEST

/* A window as one would write it without a thought for memory or time. */
#define PAST 6000
static struct naive {
	int64_t at_ms;
	enum outcome_class class;
	uint8_t host;
	uint32_t count;
} past[PAST];

static void
naive_add(struct evidence *to, const struct naive *one)
{
	const struct outcome_weight each = outcome_weight(one->class);

	to->good += each.good * one->count;
	to->bad += each.bad * one->count;
	to->outcomes += each.good + each.bad > 0 ? one->count : 0;
	to->slow += one->class == OUTCOME_SLOW ? one->count : 0;
	to->dns += one->class == OUTCOME_DNS ? one->count : 0;
}

/* Everything of the last n buckets; of one host, or of all (-1). */
static struct evidence
naive_last(size_t n_past, int buckets, int host, int64_t now_ms)
{
	const int64_t first = now_ms / BUCKET_MS - buckets + 1;
	struct evidence sum = { 0 };

	for (size_t i = 0; i < n_past; i++)
		if (past[i].at_ms / BUCKET_MS >= first &&
		    (host < 0 || past[i].host == host))
			naive_add(&sum, &past[i]);
	return sum;
}

static struct evidence
naive_judge(size_t n_past, uint32_t min_outcomes, int64_t now_ms)
{
	const struct evidence all = naive_last(n_past, WINDOW_BUCKETS, -1,
	    now_ms);
	struct evidence seen = { 0 };

	for (int n = 1; n <= WINDOW_BUCKETS; n++) {
		seen = naive_last(n_past, n, -1, now_ms);
		if (seen.outcomes >= min_outcomes)
			break;
	}
	seen.new_dns = seen.dns;
	seen.slow = all.slow;
	seen.dns = all.dns;
	seen.total_good = all.good;
	seen.total_bad = all.bad;
	for (int host = 0; host < 4; host++) {
		const struct evidence one = naive_last(n_past, WINDOW_BUCKETS,
		    host, now_ms);

		seen.hosts += one.outcomes > 0;
		seen.senders += one.outcomes > 0 || one.dns > 0;
		seen.dns_hosts += one.dns > one.outcomes;
		seen.bad_hosts += one.bad > 0 &&
		    2 * (1000 * one.bad / (one.good + one.bad)) >=
		    1000 * all.bad / (all.good + all.bad);
	}
	return seen;
}

START_TEST(a_window_equals_a_naive_one)
{
	static const uint32_t pauses[] = { 50, 300, 1000, 20000 };
	int64_t now = 0;

	chance_seed((uint64_t)_i + 1);
	for (size_t n = 0; n < PAST; n++) {
		past[n] = (struct naive){
			.at_ms = now,
			.class = chance_below(OUTCOME_CLASSES),
			.host = (uint8_t)chance_below(4),
			.count = 1 + chance_below(3),
		};
		add(now, past[n].class, past[n].host, past[n].count);
		if (n % 50 == 0) {
			const uint32_t min = 1 + chance_below(60);
			const struct evidence seen = judge(min, now);
			const struct evidence naive = naive_judge(n + 1, min,
			    now);

			same("as the naive one", &seen, &naive);
		}
		now += chance_below(pauses[_i % 4]);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("window");
	TCase *tc = tcase_create("window");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, each_class_counts_as_it_should, 0,
	    MW_N_OF(ones));
	tcase_add_test(tc, much_traffic_is_judged_by_the_newest);
	tcase_add_test(tc, what_is_old_falls_out);
	tcase_add_test(tc, what_lies_ahead_is_no_news);
	tcase_add_loop_test(tc, hosts_that_share_in_the_trouble, 0,
	    MW_N_OF(pairs));
	tcase_add_loop_test(tc, hosts_that_cannot_resolve, 0,
	    MW_N_OF(resolvers));
	tcase_add_test(tc, new_dns_is_of_the_buckets_that_are_judged);
	tcase_add_test(tc, many_hosts_share_the_last_number);
	tcase_add_loop_test(tc, senseless_rows_are_left_out, 0,
	    MW_N_OF(nonsense));
	tcase_add_test(tc, extremes_do_no_harm);
	tcase_add_test(tc, clear_forgets_all);
	tcase_add_test(tc, a_large_fleet_with_news_of_all_kinds);
	tcase_add_loop_test(tc, a_full_window_still_sees_the_news, 0, 2);
	tcase_add_loop_test(tc, a_window_equals_a_naive_one, 0, 4);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
