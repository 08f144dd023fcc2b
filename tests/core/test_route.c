#include "core/route.h"

#include "suite.h"

#include "base/mem.h"

#define NOW 1000000

enum { FILTER, FILTER_EU, EXCHANGE, OUTLOOK, ODD, UPSTREAMS };

static const struct upstream upstreams[] = {
	[FILTER] = {
		.name = "filter", .n_nexthops = 2,
		.nexthops = {
			"[filter.example.net]:25", "filter.example.net:25",
		},
		.tls = TLS_ENCRYPT,
	},
	[FILTER_EU] = {
		.name = "filter-eu", .n_nexthops = 1,
		.nexthops = { "[eu.filter.example.net]:587" },
	},
	[EXCHANGE] = {
		.name = "exchange", .n_nexthops = 1,
		.nexthops = { "[contoso-com.mail.example.com]:25" },
		.tls = TLS_ENCRYPT,
	},
	[OUTLOOK] = {
		.name = "outlook", .n_nexthops = 1, .mx = true,
		.nexthops = { "[.mail.example.com]:25" },
	},
	[ODD] = {
		.name = "odd", .n_nexthops = 1,
		.nexthops = { "odd.example.org:25" },
	},
};

static const struct {
	const char *says;
	const char *text;
	const char *then;	/* NULL: no next hop */
} nexthops[] = {
	{ "a host in brackets", "[filter.example.net]",
	    "[filter.example.net]:25" },
	{ "with its port", "[filter.example.net]:2525",
	    "[filter.example.net]:2525" },
	{ "a port by name, and case", "[Filter.Example.NET]:SMTP",
	    "[filter.example.net]:25" },
	{ "submission", "[f.example]:submission", "[f.example]:587" },
	{ "smtps", "[f.example]:smtps", "[f.example]:465" },
	{ "a bare domain gets a port, and stays bare", "Contoso.com",
	    "contoso.com:25" },
	{ "with its port", "contoso.com:smtp", "contoso.com:25" },
	{ "a suffix keeps its dot", "[.Example.net]", "[.example.net]:25" },
	{ "an IPv4 address", "[192.0.2.1]:25", "[192.0.2.1]:25" },
	{ "an IPv6 address", "[2001:DB8::1]:25", "[2001:db8::1]:25" },
	{ "a final dot is none", "[f.example.]", "[f.example]:25" },
	{ "nothing", "", NULL },
	{ "empty brackets", "[]", NULL },
	{ "a dot alone", "[.]", NULL },
	{ "two dots", "[..example]", NULL },
	{ "a parent domain that Postfix asks for", ".example.com", NULL },
	{ "brackets left open", "[f.example", NULL },
	{ "words behind them", "[f.example]x:25", NULL },
	{ "a port missing", "[f.example]:", NULL },
	{ "port 0", "[f.example]:0", NULL },
	{ "port 65536", "[f.example]:65536", NULL },
	{ "a service that is none", "[f.example]:pop3", NULL },
	{ "a port too many", "f.example:25:25", NULL },
	{ "an address without brackets", "2001:db8::1", NULL },
	{ "a suffix of an address", "[.2001:db8::1]", NULL },
	{ "a network", "[2001:db8::/32]", NULL },
	{ "blanks", "[f .example]", NULL },
};

START_TEST(a_next_hop_has_one_spelling)
{
	char text[NEXTHOP_MAX + 1], again[NEXTHOP_MAX + 1];
	const bool good = route_nexthop(span_of(nexthops[_i].text), text);

	ck_assert_msg(good == (nexthops[_i].then != NULL), "%s",
	    nexthops[_i].says);
	if (!good)
		return;
	ck_assert_str_eq(text, nexthops[_i].then);
	ck_assert(route_nexthop(span_of(text), again));
	ck_assert_str_eq(again, text);
}
END_TEST

static const struct plan plan = {
	.mode = PLAN_ENFORCE,
	.upstreams = upstreams,
	.n_upstreams = UPSTREAMS,
};

/* The forest stands first, so that what is closer has to win over it. */
static const struct destination all = {
	.name = "all",
	.n_routes = 5,
	.routes = {
		{ .upstream = OUTLOOK }, { .upstream = FILTER },
		{ .upstream = FILTER_EU }, { .upstream = EXCHANGE },
		{ .upstream = ODD },
	},
};

static const struct {
	const char *says;
	const char *nexthop;
	int upstream;		/* -1: none */
} found[] = {
	{ "its name", "[filter.example.net]:25", FILTER },
	{ "without a port", "[filter.example.net]", FILTER },
	{ "in any case", "[FILTER.example.net]:smtp", FILTER },
	{ "its second name", "filter.example.net", FILTER },
	{ "another port is another system", "[eu.filter.example.net]:25", -1 },
	{ "that port", "[eu.filter.example.net]:submission", FILTER_EU },
	{ "a host below the suffix", "[fabrikam.mail.example.com]:25",
	    OUTLOOK },
	{ "far below it", "[a.b.mail.example.com]:25", OUTLOOK },
	{ "not the suffix itself", "[mail.example.com]:25", -1 },
	{ "nor what only ends like it", "[xmail.example.com]:25", -1 },
	{ "nor on another port", "[a.mail.example.com]:26", -1 },
	{ "a name before a suffix", "[contoso-com.mail.example.com]:25",
	    EXCHANGE },
	{ "a bare domain is its MX", "contoso.com", OUTLOOK },
	{ "even where it looks like the suffix", "a.mail.example.com",
	    OUTLOOK },
	{ "a bare name before any MX", "odd.example.org", ODD },
	{ "a stranger", "[relay.example.org]:25", -1 },
	{ "no next hop", "[", -1 },
	{ "nothing", "", -1 },
};

START_TEST(the_closest_upstream_has_a_next_hop)
{
	const int place = route_find(&plan, &all, span_of(found[_i].nexthop));
	const int upstream =
	    place < 0 ? -1 : (int)all.routes[place].upstream;

	ck_assert_msg(upstream == found[_i].upstream, "%s: got %d",
	    found[_i].says, upstream);
}
END_TEST

static const struct {
	const char *says;
	const char *host, *address;
	uint16_t port;
	int upstream;		/* -1: none */
} hosts[] = {
	{ "a name and a port", "filter.example.net", "192.0.2.1", 25, FILTER },
	{ "another port", "filter.example.net", "192.0.2.1", 26, -1 },
	{ "no port", "filter.example.net", "192.0.2.1", 0, FILTER },
	{ "no port, where 25 is not meant", "eu.filter.example.net",
	    "192.0.2.1", 0, FILTER_EU },
	{ "a host of a forest", "a.mail.example.com", "192.0.2.1", 0,
	    OUTLOOK },
	{ "the address alone is known", "unknown", "192.0.2.1", 0, -1 },
	{ "a stranger", "mx.example.org", "192.0.2.1", 0, -1 },
	{ "no name at all", "", "", 0, -1 },
	{ "one that says more", "filter.example.net]:25, [x", "192.0.2.1", 0,
	    -1 },
};

START_TEST(a_host_of_the_log_has_an_upstream)
{
	const int place = route_find_host(&plan, &all, span_of(hosts[_i].host),
	    span_of(hosts[_i].address), hosts[_i].port);

	ck_assert_msg((place < 0 ? -1 : (int)all.routes[place].upstream) ==
	    hosts[_i].upstream, "%s: %d", hosts[_i].says, place);
}
END_TEST

START_TEST(an_mx_is_below_its_domain)
{
	static const struct destination d = {
		.name = "two", .n_routes = 2,
		.routes = { { .upstream = FILTER }, { .upstream = ODD } },
	};

	ck_assert_int_eq(route_find_mx(&plan, &d,
	    SPAN("mx1.odd.example.org")), 1);
	ck_assert_int_eq(route_find_mx(&plan, &d, SPAN("mx1.example.org")),
	    -1);
	ck_assert_int_eq(route_find_mx(&plan, &d, SPAN("")), -1);
	ck_assert_int_ge(route_find_mx(&plan, &all,
	    SPAN("mx1.example.org")), 0);
}
END_TEST

START_TEST(a_bare_domain_is_no_mx_without_mx)
{
	static const struct destination d = {
		.n_routes = 1, .routes = { { .upstream = FILTER } },
	};

	ck_assert_int_eq(route_find(&plan, &d, SPAN("contoso.com")), -1);
}
END_TEST

/* The catch-all's lane goes to any MX; a forest known by its MX has a cap of
 * its own, and a relay that is no MX as its second route. */
enum { LANE, FOREST, RELAYED, NAMES };
enum { ANY = UPSTREAMS, ALL_UPSTREAMS };

static const struct upstream with_any[] = {
	[FILTER] = {
		.n_nexthops = 1, .nexthops = { "[filter.example.net]:25" },
	},
	[OUTLOOK] = {
		.n_nexthops = 1, .nexthops = { "[.mail.example.com]:25" },
		.mx = true,
	},
	[EXCHANGE] = {
		.n_nexthops = 1, .nexthops = { "[.other.example]:25" },
	},
	[ANY] = { .mx = true },
};
static const struct destination by_mx[] = {
	[LANE] = { .n_routes = 2,
	    .routes = { { .upstream = ANY }, { .upstream = EXCHANGE } } },
	[FOREST] = { .n_routes = 2,
	    .routes = { { .upstream = FILTER }, { .upstream = OUTLOOK } } },
	[RELAYED] = { .n_routes = 1, .routes = { { .upstream = FILTER } } },
	[NAMES] = { .n_routes = 1, .routes = { { .upstream = OUTLOOK } } },
};

static const struct {
	const char *says;
	uint32_t lane;
	const char *nexthop;
	bool asks;
	const char *mx;		/* "": not known */
	uint32_t destination;
	int upstream;
} lanes[] = {
	{ "a domain of the forest leaves the catch-all", LANE,
	    "fabrikam.test", true, "fabrikam-test.mail.example.com", FOREST,
	    OUTLOOK },
	{ "a stranger goes to its own MX", LANE, "stranger.test", true,
	    "mx.stranger.test", LANE, ANY },
	{ "so does one that DNS has not told of", LANE, "fabrikam.test", true,
	    "", LANE, ANY },
	{ "a system known by a suffix, within the lane", LANE, "o.test", true,
	    "mx.other.example", LANE, EXCHANGE },
	{ "a destination without a route to MX is left where it was", LANE,
	    "r.test", true, "mx.relayed.example", LANE, ANY },
	{ "a domain that has a name stays", LANE, "named.test", true,
	    "named-test.mail.example.com", LANE, ANY },
	{ "nor does a lane of one system", NAMES, "fabrikam.test", false,
	    "mx.stranger.test", NAMES, OUTLOOK },
	{ "nor a host in brackets", FOREST, "[filter.example.net]", false, "",
	    FOREST, FILTER },
	{ "a lane of its own stays its own", FOREST, "fabrikam.test", true,
	    "mx.stranger.test", FOREST, OUTLOOK },
	{ "no next hop", LANE, "[", false, "", LANE, -1 },
};

static void
add_suffix(struct destination_map *map, const char *name, bool suffix,
    uint32_t destination)
{
	struct destination_pattern pattern = {
		.suffix = suffix, .destination = destination,
	}, other;

	ck_assert(domain_parse(span_of(name), &pattern.domain));
	ck_assert(destination_map_add(map, &pattern, &other));
}

START_TEST(a_lane_is_left_by_mx)
{
	struct destination_map *mx = destination_map_new();
	struct destination_map *names = destination_map_new();
	const struct plan p = {
		.upstreams = with_any, .n_upstreams = ALL_UPSTREAMS,
		.destinations = by_mx, .n_destinations = MW_N_OF(by_mx),
		.domains = names, .mx = mx, .catch_all = LANE,
	};
	struct domain asked, host = { .len = 0 };
	uint32_t destination = lanes[_i].lane;
	int route;

	add_suffix(mx, "mail.example.com", true, FOREST);
	add_suffix(mx, "relayed.example", true, RELAYED);
	add_suffix(names, "named.test", false, NAMES);
	if (lanes[_i].mx[0] != '\0')
		ck_assert(domain_parse(span_of(lanes[_i].mx), &host));
	ck_assert_msg(route_asks_mx(&p, destination,
	    span_of(lanes[_i].nexthop), &asked) == lanes[_i].asks, "%s",
	    lanes[_i].says);
	route = route_find_by_mx(&p, &destination, span_of(lanes[_i].nexthop),
	    &host);
	ck_assert_msg(destination == lanes[_i].destination, "%s",
	    lanes[_i].says);
	ck_assert_msg((route < 0 ? -1 : (int)by_mx[destination].routes[route]
	    .upstream) == lanes[_i].upstream, "%s", lanes[_i].says);
	destination_map_free(&mx);
	destination_map_free(&names);
}
END_TEST

static struct upstream_view
view_in(enum breaker_state state)
{
	return (struct upstream_view){
		.known = true,
		.record.breaker = {
			.state = state,
			.allowance = state == BREAKER_SHEDDING ||
			    state == BREAKER_RAMP ? 100 : 0,
			.trips = state != BREAKER_CLOSED,
		},
	};
}

static const struct destination contoso = {
	.name = "contoso",
	.n_routes = 4,
	.routes = {
		{ .upstream = FILTER },
		{ .upstream = EXCHANGE, .unfiltered = true,
		    .after_ms = 600000 },
		{ .upstream = FILTER_EU },
		{ .upstream = ODD },
	},
};

static const struct {
	const char *says;
	int after;
	enum breaker_state eu, odd;
	int then;
} alternates[] = {
	{ "unfiltered is passed over", 0, BREAKER_CLOSED, BREAKER_CLOSED, 2 },
	{ "so is what is open", 0, BREAKER_OPEN, BREAKER_CLOSED, 3 },
	{ "half-open may take mail", 0, BREAKER_HALF_OPEN, BREAKER_CLOSED, 2 },
	{ "so may a ramp", 0, BREAKER_RAMP, BREAKER_CLOSED, 2 },
	{ "and what sheds", 0, BREAKER_SHEDDING, BREAKER_CLOSED, 2 },
	{ "nobody left", 0, BREAKER_OPEN, BREAKER_OPEN, -1 },
	{ "behind the last", 3, BREAKER_CLOSED, BREAKER_CLOSED, -1 },
	{ "behind the one before", 2, BREAKER_CLOSED, BREAKER_CLOSED, 3 },
	{ "from the start", -1, BREAKER_CLOSED, BREAKER_CLOSED, 0 },
};

START_TEST(an_alternate_filters_and_may_take_mail)
{
	struct upstream_view views[UPSTREAMS] = {
		[FILTER_EU] = view_in(alternates[_i].eu),
		[ODD] = view_in(alternates[_i].odd),
	};

	ck_assert_msg(route_alternate(&contoso, alternates[_i].after, views,
	    NOW) == alternates[_i].then, "%s", alternates[_i].says);
}
END_TEST

static struct upstream_view
long_down(void)
{
	struct upstream_view v = view_in(BREAKER_OPEN);

	v.seen_ms = NOW;
	v.record.breaker.down_ms = NOW - 600000;
	return v;
}

/* What stands between mail and the way past the filter, one by one. */
struct scene {
	struct plan plan;
	struct upstream_view filter, eu, odd, exchange;
};

static void as_it_is(struct scene *s) { (void)s; }
static void observing(struct scene *s) { s->plan.mode = PLAN_OBSERVE; }
static void stranger(struct scene *s) { s->filter.known = false; }
static void strange_eu(struct scene *s) { s->eu.known = false; }
static void strange_way(struct scene *s) { s->exchange.known = false; }

static void
be(struct upstream_view *v, enum breaker_state state)
{
	const int64_t seen_ms = v->seen_ms;

	*v = view_in(state);
	v->seen_ms = seen_ms;
}

static void up(struct scene *s) { be(&s->filter, BREAKER_CLOSED); }
static void shed(struct scene *s) { be(&s->filter, BREAKER_SHEDDING); }
static void tried(struct scene *s) { s->filter.record.breaker.state = BREAKER_HALF_OPEN; }
static void back(struct scene *s) { be(&s->filter, BREAKER_RAMP); }
static void eu_up(struct scene *s) { be(&s->eu, BREAKER_CLOSED); }
static void eu_down_here(struct scene *s) { eu_up(s); s->eu.own = long_down().record; }
static void eu_shed(struct scene *s) { be(&s->eu, BREAKER_SHEDDING); }
static void eu_tried(struct scene *s) { be(&s->eu, BREAKER_HALF_OPEN); }
static void last_up(struct scene *s) { be(&s->odd, BREAKER_CLOSED); }

static void
say(struct upstream_view *v, enum override_state state)
{
	v->override.state = state;
	v->override.until_ms = NOW + 1;
}

static void said_up(struct scene *s) { say(&s->filter, OVERRIDE_CLOSED); }
static void said_eu_down(struct scene *s) { eu_up(s); say(&s->eu, OVERRIDE_OPEN); }
static void said_down(struct scene *s) { up(s); say(&s->filter, OVERRIDE_OPEN); }
static void early(struct scene *s) { s->filter.record.breaker.down_ms++; }
static void trials(struct scene *s) { s->filter.record.breaker.since_ms = NOW; }
static void no_time(struct scene *s) { s->filter.record.breaker.down_ms = 0; }
static void silent(struct scene *s) { s->filter.seen_ms--; }
static void locked(struct scene *s) { s->exchange.preflight.locked_ms = NOW + 1; }
static void unlocked(struct scene *s) { s->exchange.preflight.locked_ms = NOW; }
static void never(struct scene *s) { s->exchange.preflight.good_ms = 0; }
static void minute(struct scene *s) { s->exchange.preflight.good_ms = NOW - 60000; }
static void stale(struct scene *s) { s->exchange.preflight.good_ms = NOW - 60001; }
static void ahead(struct scene *s) { s->exchange.preflight.good_ms = INT64_MAX / 2; }

static const struct {
	const char *says;
	void (*but)(struct scene *s);
	enum bypass then;
} bypasses[] = {
	{ "all filters down for long, asked a moment ago", as_it_is, BYPASS_OK },
	{ "asked a minute ago", minute, BYPASS_OK },
	{ "with trials that failed in between", trials, BYPASS_OK },
	{ "the primary is being tried", tried, BYPASS_OK },
	{ "an alternate is being tried", eu_tried, BYPASS_OK },
	{ "an operator took an alternate down", said_eu_down, BYPASS_OK },
	{ "a lock that is over", unlocked, BYPASS_OK },
	{ "never in observe mode", observing, BYPASS_OBSERVE },
	{ "nothing known of the primary", stranger, BYPASS_UNKNOWN },
	{ "nothing known of an alternate", strange_eu, BYPASS_UNKNOWN },
	{ "nothing known of itself", strange_way, BYPASS_UNKNOWN },
	{ "the primary is up", up, BYPASS_PRIMARY_UP },
	{ "it sheds only", shed, BYPASS_PRIMARY_UP },
	{ "it comes back", back, BYPASS_PRIMARY_UP },
	{ "an operator says it is up", said_up, BYPASS_PRIMARY_UP },
	{ "an alternate that filters is up", eu_up, BYPASS_ALTERNATE_UP },
	{ "one is up, but for this host alone", eu_down_here,
	    BYPASS_ALTERNATE_UP },
	{ "one sheds only", eu_shed, BYPASS_ALTERNATE_UP },
	{ "one behind it is up", last_up, BYPASS_ALTERNATE_UP },
	{ "a moment too early", early, BYPASS_TOO_EARLY },
	{ "an operator took it down, nobody knows when", said_down,
	    BYPASS_TOO_EARLY },
	{ "down, nobody knows since when", no_time, BYPASS_TOO_EARLY },
	{ "long enough by now, but not when the store was heard of", silent,
	    BYPASS_TOO_EARLY },
	{ "locked", locked, BYPASS_LOCKED },
	{ "no preflight", never, BYPASS_NO_PREFLIGHT },
	{ "an old one", stale, BYPASS_NO_PREFLIGHT },
	{ "one from the future", ahead, BYPASS_NO_PREFLIGHT },
};

static enum bypass
judge(const struct scene *s)
{
	const struct upstream_view views[UPSTREAMS] = {
		[FILTER] = s->filter, [FILTER_EU] = s->eu, [ODD] = s->odd,
		[EXCHANGE] = s->exchange,
	};

	return route_bypass(&s->plan, &contoso, 1, views, NOW);
}

static struct scene
an_open_bypass(void)
{
	struct scene s = {
		.plan = plan, .filter = long_down(), .eu = long_down(),
		.odd = long_down(), .exchange = view_in(BREAKER_CLOSED),
	};

	s.exchange.preflight.good_ms = NOW - 1000;
	return s;
}

START_TEST(a_bypass_needs_all_its_conditions)
{
	struct scene s = an_open_bypass();
	enum bypass got;

	bypasses[_i].but(&s);
	got = judge(&s);
	ck_assert_msg(got == bypasses[_i].then, "%s: got '%s'",
	    bypasses[_i].says, bypass_name(got));
}
END_TEST

static const struct {
	const char *says;
	enum tls_level primary, alternate;
	bool then;
} levels[] = {
	{ "the same", TLS_ENCRYPT, TLS_ENCRYPT, true },
	{ "more", TLS_MAY, TLS_SECURE, true },
	{ "less", TLS_VERIFY, TLS_ENCRYPT, false },
	{ "main.cf's for both", TLS_UNSET, TLS_UNSET, true },
	{ "main.cf's beside a named one", TLS_ENCRYPT, TLS_UNSET, false },
	{ "mandatory beside main.cf's", TLS_UNSET, TLS_ENCRYPT, true },
	{ "may be weaker than main.cf's", TLS_UNSET, TLS_MAY, false },
};

START_TEST(a_bypass_keeps_its_tls)
{
	struct upstream with[UPSTREAMS];
	struct scene s = an_open_bypass();

	memcpy(with, upstreams, sizeof(with));
	with[FILTER].tls = levels[_i].primary;
	with[EXCHANGE].tls = levels[_i].alternate;
	s.plan.upstreams = with;
	ck_assert_msg(judge(&s) ==
	    (levels[_i].then ? BYPASS_OK : BYPASS_WEAKER_TLS), "%s",
	    levels[_i].says);
}
END_TEST

/* Of two filters before it, the stricter one counts. */
START_TEST(a_bypass_keeps_the_tls_of_all_before_it)
{
	static const struct destination d = {
		.n_routes = 3,
		.routes = {
			{ .upstream = FILTER }, { .upstream = FILTER_EU },
			{ .upstream = EXCHANGE, .unfiltered = true },
		},
	};
	const struct scene s = an_open_bypass();
	const struct upstream_view views[UPSTREAMS] = {
		[FILTER] = s.filter, [FILTER_EU] = s.eu,
		[EXCHANGE] = s.exchange,
	};
	struct upstream with[UPSTREAMS];
	struct plan p = plan;

	memcpy(with, upstreams, sizeof(with));
	p.upstreams = with;
	ck_assert_int_eq(route_bypass(&p, &d, 2, views, NOW), BYPASS_OK);
	with[FILTER_EU].tls = TLS_VERIFY;
	ck_assert_int_eq(route_bypass(&p, &d, 2, views, NOW),
	    BYPASS_WEAKER_TLS);
}
END_TEST

START_TEST(a_bypass_that_may_be_used_has_no_name)
{
	ck_assert_str_eq(bypass_name(BYPASS_OK), "");
	ck_assert_str_eq(bypass_name(BYPASS_OBSERVE), "observe");
	ck_assert_str_eq(bypass_name(BYPASS_WEAKER_TLS), "weaker-tls");
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("route");
	Suite *s = suite_create("core");

	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, a_next_hop_has_one_spelling, 0,
	    MW_N_OF(nexthops));
	tcase_add_loop_test(tc, the_closest_upstream_has_a_next_hop, 0,
	    MW_N_OF(found));
	tcase_add_loop_test(tc, a_host_of_the_log_has_an_upstream, 0,
	    MW_N_OF(hosts));
	tcase_add_test(tc, an_mx_is_below_its_domain);
	tcase_add_test(tc, a_bare_domain_is_no_mx_without_mx);
	tcase_add_loop_test(tc, a_lane_is_left_by_mx, 0, MW_N_OF(lanes));
	tcase_add_loop_test(tc, an_alternate_filters_and_may_take_mail, 0,
	    MW_N_OF(alternates));
	tcase_add_loop_test(tc, a_bypass_needs_all_its_conditions, 0,
	    MW_N_OF(bypasses));
	tcase_add_loop_test(tc, a_bypass_keeps_its_tls, 0, MW_N_OF(levels));
	tcase_add_test(tc, a_bypass_keeps_the_tls_of_all_before_it);
	tcase_add_test(tc, a_bypass_that_may_be_used_has_no_name);
	return suite_main(s);
}
