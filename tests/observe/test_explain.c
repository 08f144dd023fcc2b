#include "suite.h"

#include "base/mem.h"
#include "observe/explain.h"

#include <string.h>

#define NOW 1000000

static const struct upstream upstreams[] = {
	{ .name = "filter", .nexthops = { "[f.example]:25" },
	    .n_nexthops = 1, .connections = 10 },
	{ .name = "backup", .nexthops = { "[b.example]:25" },
	    .n_nexthops = 1, .connections = 10 },
};
static const struct destination destinations[] = {
	{ .name = "contoso", .cap = 5, .n_routes = 2,
	    .routes = { { .upstream = 0 }, { .upstream = 1 } } },
	{ .name = "everything", .n_routes = 1, .routes = { { .upstream = 0 } } },
};

/* Nobody has said anything of them. */
static const struct override words[MW_N_OF(destinations)];

static struct destination_map *
map(void)
{
	static const char *const names[] = { "contoso.com", "b.contoso.com",
		"c.b.contoso.com" };
	struct destination_map *m = destination_map_new();

	for (size_t i = 0; i < MW_N_OF(names); i++) {
		struct destination_pattern p = { .suffix = i > 0 }, other;

		ck_assert(domain_parse(span_of(names[i]), &p.domain));
		ck_assert(destination_map_add(m, &p, &other));
	}
	return m;
}

static struct plan
plan_with(const struct destination_map *domains, int catch_all)
{
	return (struct plan){
		.mode = PLAN_ENFORCE,
		.upstreams = upstreams, .n_upstreams = MW_N_OF(upstreams),
		.destinations = destinations,
		.n_destinations = MW_N_OF(destinations),
		.domains = domains, .catch_all = catch_all,
		.hold_incoming = true, .submission_authenticated = true,
		.replies = { "DESTINATION is at capacity",
		    "DESTINATION is temporarily unavailable", "late" },
	};
}

static const struct {
	const char *says, *address;
	int catch_all;
	enum explain_match match;
	const char *pattern, *destination;
} finds[] = {
	{ "a domain by its name", "a@Contoso.com", 1, EXPLAIN_DOMAIN,
	    "contoso.com", "contoso" },
	{ "a subdomain by its suffix", "a@x.b.contoso.com", 1, EXPLAIN_SUFFIX,
	    ".b.contoso.com", "contoso" },
	{ "by the longest suffix", "a@x.c.b.contoso.com", 1, EXPLAIN_SUFFIX,
	    ".c.b.contoso.com", "contoso" },
	{ "a suffix does not hold its own name", "a@b.contoso.com", 1,
	    EXPLAIN_CATCH_ALL, "", "everything" },
	{ "nor names that only end alike", "a@xcontoso.com", 1,
	    EXPLAIN_CATCH_ALL, "", "everything" },
	{ "without a catch-all nothing matches", "a@other.example", -1,
	    EXPLAIN_NO_MATCH, "", NULL },
};

START_TEST(it_finds_what_matched)
{
	struct destination_map *m = map();
	const struct plan p = plan_with(m, finds[_i].catch_all);
	struct explanation e;

	ck_assert(explain_find(&p, span_of(finds[_i].address), &e));
	ck_assert_msg(e.match == finds[_i].match, "%s: got %s",
	    finds[_i].says, explain_match_name(e.match));
	ck_assert_str_eq(e.pattern, finds[_i].pattern);
	if (finds[_i].destination == NULL)
		ck_assert_ptr_null(e.destination);
	else
		ck_assert_str_eq(e.destination->name, finds[_i].destination);
	destination_map_free(&m);
}
END_TEST

START_TEST(what_is_no_address_is_refused)
{
	struct destination_map *m = map();
	const struct plan p = plan_with(m, 1);
	struct explanation e;

	ck_assert(!explain_find(&p, SPAN("alice"), &e));
	ck_assert(!explain_find(&p, SPAN("alice@"), &e));
	ck_assert(!explain_find(&p, SPAN(""), &e));
	destination_map_free(&m);
}
END_TEST

START_TEST(it_finds_by_mx)
{
	struct destination_map *m = map(), *mx = map();
	struct plan p = plan_with(m, 1);
	struct domain host = { .len = 0 };
	struct explanation e;

	p.mx = mx;
	ck_assert(explain_find(&p, SPAN("a@contoso.com"), &e));
	ck_assert(!e.asks_mx);
	ck_assert(explain_find(&p, SPAN("a@other.example"), &e));
	ck_assert(e.asks_mx);
	explain_by_mx(&p, false, &host, &e);
	ck_assert_int_eq(e.match, EXPLAIN_CATCH_ALL);
	ck_assert(!e.mx_known);
	ck_assert(domain_parse(SPAN("other-example.c.b.contoso.com"), &host));
	explain_by_mx(&p, true, &host, &e);
	ck_assert_int_eq(e.match, EXPLAIN_MX);
	ck_assert_str_eq(e.pattern, ".c.b.contoso.com");
	ck_assert_str_eq(e.destination->name, "contoso");
	ck_assert_str_eq(explain_match_name(e.match), "mx");
	destination_map_free(&m);
	destination_map_free(&mx);
}
END_TEST

static const struct breaker closed, open = { .state = BREAKER_OPEN,
	.reason = BREAKER_STREAK, .trips = 1, .since_ms = NOW - 1000,
	.until_ms = NOW + 28000 };

static const struct {
	const char *says;
	const struct breaker *first, *second;
	uint32_t leases;
	int now;
	enum decide_reason incoming, submission;
} decisions[] = {
	{ "all is well: the first route", &closed, &closed, 0, 0,
	    DECIDE_FINE, DECIDE_FINE },
	{ "the first is open: the second", &open, &closed, 0, 1,
	    DECIDE_FINE, DECIDE_FINE },
	{ "both are open: held, and submission waits in the queue",
	    &open, &open, 0, -1, DECIDE_ON_HOLD, DECIDE_FINE },
	{ "one place is left", &closed, &closed, 4, 0,
	    DECIDE_FINE, DECIDE_FINE },
	{ "all places are taken", &closed, &closed, 5, 0,
	    DECIDE_AT_CAP, DECIDE_AT_CAP },
};

START_TEST(it_decides_as_the_daemons_do)
{
	struct destination_map *m = map();
	const struct plan p = plan_with(m, 1);
	const struct upstream_view views[] = {
		{ .known = true, .record.breaker = *decisions[_i].first },
		{ .known = true, .record.breaker = *decisions[_i].second },
	};
	struct explanation e;

	ck_assert(explain_find(&p, SPAN("a@contoso.com"), &e));
	explain_decide(&p, &(struct snapshot){ views, words, NULL },
	    decisions[_i].leases, NOW, &e);
	ck_assert_msg(e.now == decisions[_i].now, "%s: got %d",
	    decisions[_i].says, e.now);
	ck_assert_int_eq(e.incoming.reason, decisions[_i].incoming);
	ck_assert_int_eq(e.submission.reason, decisions[_i].submission);
	ck_assert_uint_eq(e.n_routes, 2);
	destination_map_free(&m);
}
END_TEST

START_TEST(an_override_is_shown_until_it_ends)
{
	struct destination_map *m = map();
	const struct plan p = plan_with(m, 1);
	struct upstream_view views[2] = {
		{ .known = true, .override = { .state = OVERRIDE_OPEN,
		    .until_ms = NOW + 1, .by = "alice" } },
		{ .known = true },
	};
	struct explanation e;

	ck_assert(explain_find(&p, SPAN("a@contoso.com"), &e));
	explain_decide(&p, &(struct snapshot){ views, words, NULL }, 0, NOW, &e);
	ck_assert_ptr_nonnull(e.routes[0].override);
	ck_assert_int_eq(e.now, 1);
	explain_decide(&p, &(struct snapshot){ views, words, NULL }, 0, NOW + 1, &e);
	ck_assert_ptr_null(e.routes[0].override);
	ck_assert_int_eq(e.now, 0);
	destination_map_free(&m);
}
END_TEST

START_TEST(a_hold_is_told)
{
	struct destination_map *m = map();
	const struct plan p = plan_with(m, 1);
	const struct upstream_view views[MW_N_OF(upstreams)] = { 0 };
	struct override held[MW_N_OF(destinations)] = { {
		.state = OVERRIDE_HOLD, .until_ms = NOW + 1,
	} };
	struct explanation e;

	ck_assert(explain_find(&p, SPAN("a@contoso.com"), &e));
	explain_decide(&p, &(struct snapshot){ views, held, NULL }, 0, NOW, &e);
	ck_assert_ptr_eq(e.hold, &held[0]);
	ck_assert_int_eq(e.now, -1);
	ck_assert_int_eq(e.incoming.reason, DECIDE_ON_HOLD);
	explain_decide(&p, &(struct snapshot){ views, held, NULL }, 0, NOW + 1, &e);
	ck_assert_ptr_null(e.hold);
	ck_assert_int_eq(e.now, 0);
	destination_map_free(&m);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("explain");
	Suite *s = suite_create("observe");

	suite_add_tcase(s, tc);
	tcase_add_test(tc, it_finds_by_mx);
	tcase_add_loop_test(tc, it_finds_what_matched, 0, MW_N_OF(finds));
	tcase_add_test(tc, what_is_no_address_is_refused);
	tcase_add_test(tc, a_hold_is_told);
	tcase_add_loop_test(tc, it_decides_as_the_daemons_do, 0,
	    MW_N_OF(decisions));
	tcase_add_test(tc, an_override_is_shown_until_it_ends);
	return suite_main(s);
}
