#include "core/mx_cache.h"

#include "base/chance.h"
#include "base/mem.h"
#include "suite.h"

#include <stdio.h>

#define STALE_MS (3600 * 1000LL)
#define TTL_MS 300000

static struct mx_cache *cache;
static int64_t now;

static void
set_up(void)
{
	chance_seed(11);
	cache = mx_cache_new(100, STALE_MS);
	now = 1000000;
}

static void
tear_down(void)
{
	mx_cache_free(&cache);
}

static struct domain
domain(const char *name)
{
	struct domain d;

	ck_assert(domain_parse(span_of(name), &d));
	return d;
}

static struct mx_look
look(const char *name)
{
	const struct domain d = domain(name);

	return mx_cache_look(cache, &d, now);
}

static struct mx_look
peek(const char *name)
{
	const struct domain d = domain(name);

	return mx_cache_peek(cache, &d, now);
}

static void
ask(const char *name)
{
	const struct domain d = domain(name);

	mx_cache_ask(cache, &d, now);
}

static void
answer(const char *name, const char *mx, int64_t ttl_ms)
{
	const struct domain d = domain(name);
	struct mx_answer a = { .ttl_ms = ttl_ms };

	if (mx[0] != '\0')
		a.mx = domain(mx);
	mx_cache_answer(cache, &d, &a, now);
}

static void
failed(const char *name)
{
	const struct domain d = domain(name);

	mx_cache_failed(cache, &d, now);
}

START_TEST(an_answer_is_remembered)
{
	ck_assert(look("a.test").due);
	ck_assert(!look("a.test").known);
	ask("a.test");
	ck_assert(look("a.test").under_way);
	ck_assert(!look("a.test").due);
	answer("a.test", "mx.p.test", TTL_MS);
	ck_assert(look("a.test").known);
	ck_assert(!look("a.test").under_way);
	ck_assert(!look("a.test").due);
	ck_assert_str_eq(look("a.test").mx.name, "mx.p.test");
	ck_assert_uint_eq(look("a.test").mx.len, 9);
	ck_assert(!look("b.test").known);
	ck_assert_uint_eq(mx_cache_count(cache), 1);
}
END_TEST

START_TEST(a_look_takes_no_place)
{
	for (int i = 0; i < 10; i++)
		look("a.test");
	ck_assert_uint_eq(mx_cache_count(cache), 0);
}
END_TEST

static const struct {
	const char *says;
	const char *mx;
	int64_t ttl_ms, fresh_ms;
} ttls[] = {
	{ "as DNS says", "mx.p.test", 300000, 300000 },
	{ "none is not at once", "mx.p.test", 0, MX_TTL_MIN_MS },
	{ "for ever is a day", "mx.p.test", INT64_MAX / 2, MX_TTL_MAX_MS },
	{ "that there is none is soon asked again", "", 86400000,
	    MX_TTL_NONE_MS },
	{ "a domain without MX, too", "a.test", -1, MX_TTL_NONE_MS },
};

START_TEST(a_ttl_has_limits)
{
	ask("a.test");
	answer("a.test", ttls[_i].mx, ttls[_i].ttl_ms);
	now += ttls[_i].fresh_ms - 1;
	ck_assert_msg(!look("a.test").due, "%s", ttls[_i].says);
	now++;
	ck_assert_msg(look("a.test").due, "%s", ttls[_i].says);
	ck_assert(look("a.test").known);
}
END_TEST

START_TEST(an_old_answer_serves_while_dns_is_away)
{
	ask("a.test");
	answer("a.test", "mx.p.test", TTL_MS);
	now += TTL_MS;
	for (int64_t end = now + STALE_MS; now < end; now += MX_RETRY_MS) {
		ck_assert(look("a.test").due);
		ask("a.test");
		ck_assert(look("a.test").known);
		failed("a.test");
		ck_assert_str_eq(look("a.test").mx.name, "mx.p.test");
		ck_assert(!look("a.test").due);
	}
	ck_assert(!look("a.test").known);
	ck_assert(look("a.test").due);
	ask("a.test");
	answer("a.test", "mx.q.test", TTL_MS);
	ck_assert_str_eq(look("a.test").mx.name, "mx.q.test");
}
END_TEST

START_TEST(a_failure_is_no_answer)
{
	ask("a.test");
	failed("a.test");
	ck_assert(!look("a.test").known);
	ck_assert(!look("a.test").under_way);
	ck_assert(!look("a.test").due);
	now += MX_RETRY_MS;
	ck_assert(look("a.test").due);
	failed("never.asked.test");
	ck_assert_uint_eq(mx_cache_count(cache), 1);
}
END_TEST

START_TEST(a_lost_question_is_asked_again)
{
	ask("a.test");
	now += MX_LOST_MS;
	ck_assert(look("a.test").due);
	ck_assert(!look("a.test").under_way);
}
END_TEST

/* A name that nobody mentions again, or (twice) once more. */
static void
stranger(uint32_t i, bool twice)
{
	static const struct mx_answer evil = {
		.mx = { "mx.evil.test", 12 }, .ttl_ms = TTL_MS,
	};
	struct domain d;

	d.len = (uint8_t)snprintf(d.name, sizeof(d.name), "r%u.test", i);
	if (!mx_cache_look(cache, &d, now).due)
		ck_abort_msg("%s is not new", d.name);
	mx_cache_ask(cache, &d, now);
	mx_cache_answer(cache, &d, &evil, now);
	if (!mx_cache_peek(cache, &d, now).known)
		ck_abort_msg("%s is not known", d.name);
	if (twice)
		(void)mx_cache_look(cache, &d, now);
}

static void
use_some(uint32_t n)
{
	char name[32];

	for (uint32_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "used%u.test", i);
		if (!look(name).known) {
			ask(name);
			answer(name, "mx.p.test", TTL_MS);
			look(name);
		}
	}
}

static uint32_t
known_of(uint32_t n)
{
	char name[32];
	uint32_t known = 0;

	for (uint32_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "used%u.test", i);
		known += peek(name).known;
	}
	return known;
}

START_TEST(a_flood_of_names_leaves_what_is_in_use)
{
	use_some(80);
	for (uint32_t i = 0; i < 1000000; i++)
		stranger(i, false);
	ck_assert_uint_eq(known_of(80), 80);
	ck_assert_uint_eq(mx_cache_count(cache), 100);
}
END_TEST

/* Each twice: then it is who comes more often that stays. */
START_TEST(a_flood_of_pairs_leaves_what_is_used_more)
{
	use_some(40);
	for (uint32_t i = 0; i < 100000; i++) {
		stranger(i, true);
		if (i % 20 != 0)
			continue;
		ck_assert_uint_eq(known_of(40), 40);
		use_some(40);
	}
}
END_TEST

START_TEST(what_is_no_longer_used_makes_room)
{
	use_some(80);
	for (uint32_t i = 0; i < 400; i++)
		stranger(i, true);
	ck_assert_uint_eq(known_of(80), 0);
}
END_TEST

/* A model without bounds: what the cache knows is what was last answered, and
 * it never holds more than it may. */
START_TEST(random_histories)
{
	static char last[64][32];
	const uint32_t room = 1 + chance_below(40);

	mx_cache_free(&cache);
	cache = mx_cache_new(room, STALE_MS);
	memset(last, 0, sizeof(last));
	for (int i = 0; i < 200000; i++) {
		const uint32_t n = chance_below(64);
		char name[32];
		struct mx_look l;

		snprintf(name, sizeof(name), "n%u.test", n);
		l = chance_below(2) == 0 ? look(name) : peek(name);
		if (l.known)
			ck_assert_str_eq(l.mx.name, last[n]);
		if (l.due)
			ask(name);
		else if (l.under_way && chance_below(2) == 0) {
			snprintf(last[n], sizeof(last[n]), "mx%u.test",
			    chance_below(1000));
			answer(name, last[n], chance_below(2 * TTL_MS));
		} else if (l.under_way)
			failed(name);
		if (l.known && !l.due)	/* it was answered, and not since */
			ck_assert(peek(name).known);
		now += chance_below(20000);
		ck_assert_uint_le(mx_cache_count(cache), room);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("mx_cache");
	TCase *t = tcase_create("mx_cache");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, an_answer_is_remembered);
	tcase_add_test(t, a_look_takes_no_place);
	tcase_add_loop_test(t, a_ttl_has_limits, 0, MW_N_OF(ttls));
	tcase_add_test(t, an_old_answer_serves_while_dns_is_away);
	tcase_add_test(t, a_failure_is_no_answer);
	tcase_add_test(t, a_lost_question_is_asked_again);
	tcase_add_test(t, a_flood_of_names_leaves_what_is_in_use);
	tcase_add_test(t, a_flood_of_pairs_leaves_what_is_used_more);
	tcase_add_test(t, what_is_no_longer_used_makes_room);
	tcase_add_test(t, random_histories);
	suite_add_tcase(s, t);
	return suite_main(s);
}
