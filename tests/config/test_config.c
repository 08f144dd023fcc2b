#include "config/config.h"

#include "place.h"
#include "suite.h"

#include "base/mem.h"

#include <time.h>

/* What makes a file complete, so that a row shows only what is wrong. */
#define UP "upstreams = { filter = { nexthop = \"[filter.example.net]\"; }; };\n"
#define UPS(more) "upstreams = { filter = { nexthop = \"[filter.example.net]\"; };\n" more " };\n"
#define TO "destinations = { all = { catch_all = true; routes = ( { upstream = \"filter\"; } ); }; };\n"
#define TOS(more) "destinations = { all = { catch_all = true; routes = ( { upstream = \"filter\"; } ); };\n" more " };\n"
#define VIA "routes = ( { upstream = \"filter\"; } );"
#define RULES "rules_file = \"test.rules\";\n"

static struct config_errors errors;
static struct config *config;

static void
set_up(void)
{
	place_make();
	place_write("test.rules", "fine\tok\t^2\\.\n");
}

static void
tear_down(void)
{
	config_free(&config);
	config_errors_free(&errors);
	place_remove();
}

static struct config *
load(const char *text)
{
	config_free(&config);
	config_errors_free(&errors);
	config = config_load(place_write("test.conf", text), &errors);
	return config;
}

static void
show(void)
{
	config_errors_print(&errors, stderr);
}

/* Is there this very error? file: its last part; NULL for the main one. */
static bool
complained(const char *file, unsigned line, const char *says, bool note)
{
	const char *want = place_path(file != NULL ? file : "test.conf");

	for (size_t i = 0; i < errors.n; i++) {
		const struct config_error *e = &errors.list[i];

		if (e->line == line && e->note == note &&
		    strcmp(e->file, want) == 0 &&
		    strstr(e->message, says) != NULL)
			return true;
	}
	show();
	return false;
}

static size_t
count(bool notes)
{
	size_t n = 0;

	for (size_t i = 0; i < errors.n; i++)
		n += errors.list[i].note == notes;
	return n;
}

static const struct {
	const char *text;
	unsigned line;
	const char *says;	/* the only error there is */
} broken[] = {
	/* names */
	{ "mod = \"observe\";\n" UP TO, 1, "unknown key \"mod\"; did you mean \"mode\"?" },
	{ "\nupsteams = { };\n" UP TO, 2, "did you mean \"upstreams\"?" },
	{ "store = {\n timeot = \"1s\"; };\n" UP TO, 2, "unknown key \"timeot\" in store; did you mean \"timeout\"?" },
	{ "quite_another_thing = 1;\n" UP TO, 1, "unknown key \"quite_another_thing\"" },
	{ UPS("b = { nexthop = \"[b]\";\n conections = 5; };") TO, 3, "in upstreams.b; did you mean \"connections\"?" },
	{ UP TOS("b = { domains = \"b.org\"; routes = ( { upstream = \"filter\";\n unfilterd = true; } ); };"), 4, "in destinations.b.routes[1]; did you mean \"unfiltered\"?" },
	{ UPS("b = { nexthop = \"[b]\"; breaker = {\n trails = 3; }; };") TO, 3, "in upstreams.b.breaker; did you mean \"trials\"?" },
	{ UPS("\na_name_that_is_longer_than_thirty2 = { nexthop = \"[b]\"; };") TO, 3, "a name is a letter, then" },
	{ UPS("\na*b = { nexthop = \"[b]\"; };") TO, 3, "upstreams.a*b: a name is a letter, then" },
	{ UP TOS("\nb_c_d_e_f_g_h_i_j_k_l_m_n_o_p_q_r_s = { domains = \"b.org\"; " VIA " };"), 4, "a name is a letter, then" },

	/* types */
	{ "mode = 1;\n" UP TO, 1, "mode: wants text in quotes, not an integer" },
	{ "mode = \"observ\";\n" UP TO, 1, "\"observ\" is none of: observe | enforce" },
	{ "store = { database = 1.5; };\n" UP TO, 1, "store.database: wants an integer, not a number with a fraction" },
	{ "store = { database = \"1\"; };\n" UP TO, 1, "wants an integer, not text in quotes" },
	{ "lease = { ttl = 60; };\n" UP TO, 1, "lease.ttl: wants a duration in quotes, such as \"90s\", not an integer" },
	{ "lease = { ttl = \"60\"; };\n" UP TO, 1, "\"60\" is no duration" },
	{ "lease = { ttl = \"1 m\"; };\n" UP TO, 1, "\"1 m\" is no duration" },
	{ "submission = { authenticated = \"true\"; };\n" UP TO, 1, "wants true or false, not text in quotes" },
	{ "submission = { authenticated = 1; };\n" UP TO, 1, "wants true or false, not an integer" },
	{ "breaker = { shed_at = 0.5; };\n" UP TO, 1, "wants a whole number of per cent, not a number with a fraction" },
	{ "breaker = { ramp = 100; };\n" UP TO, 1, "wants an array such as" },
	{ "store = \"unix:/r\";\n" UP TO, 1, "store: wants a group { }, not text in quotes" },
	{ UPS("\nb = \"[b]\";") TO, 3, "upstreams.b: wants a group { }, not text in quotes" },
	{ UPS("b = { nexthop =\n 25; };") TO, 2, "wants text in quotes or an array of it, not an integer" },
	{ UP TOS("b = { domains = [\n 1 ]; " VIA " };"), 4, "destinations.b.domains: wants text in quotes, not an integer" },
	{ UP TOS("b = { domains = \"b.org\"; routes = (\n \"filter\" ); };"), 4, "routes[1]: wants a group { }" },

	/* ranges */
	{ "store = { timeout = \"0ms\"; };\n" UP TO, 1, "store.timeout: out of range: 1ms..10s" },
	{ "store = { timeout = \"11s\"; };\n" UP TO, 1, "store.timeout: out of range: 1ms..10s" },
	{ "store = { database = -1; };\n" UP TO, 1, "store.database: out of range: 0..1023" },
	{ UPS("b = { nexthop = \"[b]\";\n connections = 0; };") TO, 3, "connections: out of range: 1..100000" },
	{ "breaker = { open_at = 101; };\n" UP TO, 1, "out of range: 1..100 per cent" },
	{ "breaker = { ramp = [ 0,\n 100 ]; };\n" UP TO, 1, "out of range: 1..100 per cent" },

	/* what libconfig would read wrongly */
	{ "store = {\n database = 5000000000; };\n" UP TO, 2, "5000000000 is too large a number" },
	{ "store = {\n database = 2147483648; };\n" UP TO, 2, "2147483648 is too large a number" },
	{ "store = {\n database = -4294967295; };\n" UP TO, 2, "-4294967295 is too large a number" },
	{ "store = {\n database = 5000000000L; };\n" UP TO, 2, "5000000000L is too large a number" },
	{ "store = {\n database = 0x100000000; };\n" UP TO, 2, "0x100000000 is too large a number" },
	{ "store = {\n database = 0xFFFFFFFF; };\n" UP TO, 2, "0xFFFFFFFF is too large a number" },
	{ "store = { database = 010; };\n" UP TO, 1, "010: a number does not begin with 0" },
	{ "store = { prefix = \"a\\x00b\"; };\n" UP TO, 1, "\\x00 in a string" },
	{ "store = { prefix = \"a\\x01b\"; };\n" UP TO, 1, "holds a control character" },
	{ "\nmode = \"observe;\nstore = { prefix = \"a\"; };\n" UP TO, 2, "this string is not closed on its line" },
	{ UP TO "# the end\nmode = \"observe", 4, "this string is not closed on its line" },
	{ UP TO "\n/* mode\n", 4, "this comment is never closed" },

	/* what libconfig would only call a syntax error */
	{ "mode = observe;\n" UP TO, 1, "observe: text stands in quotes" },
	{ "submission = { authenticated = yes; };\n" UP TO, 1, "yes: text stands in quotes, and a switch is true or false" },
	{ "lease = { ttl = 60s; };\n" UP TO, 1, "a duration stands in quotes: \"60s\"" },
	{ "breaker = { shed_at = 50%; };\n" UP TO, 1, "has no sign behind it: 50" },
	{ "breaker = { ramp = [ 5, 100, ]; };\n" UP TO, 1, "a comma before the closing bracket" },
	{ "mode = \"observe\";\nmode = \"enforce\";\n" UP TO, 2, "duplicate setting name" },
	{ UP TO "store = { ;\n", 3, "syntax error" },
	{ "@include \"../other.conf\"\n" UP TO, 1, "plain name of a file" },
	{ "mode = \"observe\"; @include \"a.conf\"\n" UP TO, 1, "on a line of its own" },
	{ "\n@include \"missing.conf\"\n" UP TO, 2, "missing.conf: No such file" },
	{ "@include \"test.conf\"\n" UP TO, 1, "too many files within files" },

	/* the store and the sockets */
	{ "store = { redis = \"redis.example.net:6379\"; };\n" UP TO, 1, "an address, no host name" },
	{ "store = { redis = \"sentinel:mw@10.0.0.1\"; };\n" UP TO, 1, "\"sentinel:NAME@ADDRESS:PORT,...\" (8 at most" },
	{ "store = { redis = \"sentinel:mw@127.0.0.1:1,10.0.0.1:2\"; };\n" UP TO, 1, "a password is a must" },
	{ "store = { redis = \"tcp:10.0.0.1:6379\"; };\n" UP TO, 1, "a password is a must" },
	{ "store = { username = \"mw\"; };\n" UP TO, 1, "needs store.password_file" },
	{ "store = { password_file =\n \"none\"; };\n" UP TO, 1, "No such file" },
	{ "store = { prefix = \"a{b}\"; };\n" UP TO, 1, "store.prefix: wants letters" },
	{ "host = \"mx_1\";\n" UP TO, 1, "host: wants letters, digits, dots and hyphens" },
	{ "listen = { map = \"unix:relative\"; };\n" UP TO, 1, "listen.map: wants \"unix:/PATH\"" },
	{ "listen = { map = \"tcp:127.0.0.1:9\"; };\n" UP TO, 1, "listen.map: wants \"unix:/PATH\"" },
	{ "listen = { map = \"inet:127.0.0.1:9\";\n milter = \"inet:127.0.0.1:9\"; };\n" UP TO, 2, "another one listens there already" },
	{ "submission = { networks = [ \"10.0.0.0/8\",\n \"10.1.0.0/8\" ]; };\n" UP TO, 2, "\"10.1.0.0/8\" is no network" },

	/* upstreams */
	{ "mode = \"observe\";\n" TO, 0, "no upstreams" },
	{ UPS("\nb = { };") TO, 3, "upstreams.b: needs a nexthop, or mx = true" },
	{ UPS("b = { nexthop = [ \"[b]\",\n \"[b\" ]; };") TO, 3, "\"[b\" is no next hop" },
	{ UPS("b = { nexthop = \"[b]\";\n tls = \"encryt\"; };") TO, 3, "\"encryt\" is none of: none, may" },
	{ UPS("b = { nexthop = \"[b]\";\n tls = \"secure nexthop\"; };") TO, 3, "\"nexthop\" is no attribute" },
	{ UPS("b = { nexthop = \"[b]\";\n shield = [ \"4.3.2\" ]; };") TO, 3, "\"4.3.2\" is no permanent code" },
	{ "breaker = { shed_at = 60;\n open_at = 50; };\n" UP TO, 2, "breaker.shed_at: greater than open_at" },
	{ "breaker = { open_for = \"1h\"; };\n" UP TO, 1, "breaker.open_for: greater than open_max" },
	{ UPS("b = { nexthop = \"[b]\"; breaker = {\n shed_at = 95; }; };") TO, 3, "upstreams.b.breaker.shed_at: greater than open_at" },
	{ "breaker = { ramp = [ 10, 10, 100 ]; };\n" UP TO, 1, "each step must be greater" },
	{ "breaker = { ramp = [ 10, 50 ]; };\n" UP TO, 1, "the last step must be 100" },
	{ "breaker = { ramp = [ 1, 2, 3, 4, 5, 6, 7, 8, 100 ]; };\n" UP TO, 1, "wants 1 to 8 steps" },
	{ "breaker = { ramp = [ ]; };\n" UP TO, 1, "wants 1 to 8 steps" },

	/* destinations */
	{ "mode = \"observe\";\n" UP, 0, "no destinations" },
	{ UP TOS("\nb = { " VIA " };"), 4, "destinations.b: needs domains, a domains_file, mx or" },
	{ UP TOS("\nb = { domains = \"b.org\"; };"), 4, "destinations.b: needs routes" },
	{ UP TOS("b = { domains = \"b.org\"; routes = ( { upstream = \"filtr\"; } ); };"), 3, "there is no upstream \"filtr\"; did you mean \"filter\"?" },
	{ UP TOS("b = { domains = \"b.org\"; routes = ( { } ); };"), 3, "routes[1]: needs an upstream" },
	{ UP TOS("b = { domains = \"b.org\"; routes = ( { upstream = 1; } ); };"), 3, "wants text in quotes" },
	{ UP TOS("b = { domains = \"b.org\"; routes = ( { upstream = \"filter\"; },\n { upstream = \"filter\"; } ); };"), 4, "routes[2].upstream: \"filter\" is a route of it already" },
	{ UPS("b = { nexthop = \"[FILTER.example.net]:25\"; };") TOS("b = { domains = \"b.org\"; routes = ( { upstream = \"filter\"; },\n { upstream = \"b\"; } ); };"), 5, "\"b\" has a next hop of \"filter\"" },
	{ UP TOS("b = { domains = \"b.org\"; routes = ( { upstream = \"filter\"; unfiltered = true; } ); };"), 3, "the first route must not bypass" },
	{ UP TOS("b = { domains = \"b.org\"; routes = ( { upstream = \"filter\"; after = \"1m\"; } ); };"), 3, "routes[1].after: is for routes with" },
	{ "upstreams = { filter = { nexthop = \"[f]\"; tls = \"encrypt\"; }; b = { nexthop = \"[b]\"; tls = \"may\"; }; };\n" TOS("b = { domains = \"b.org\"; routes = ( { upstream = \"filter\"; }, { upstream = \"b\"; unfiltered = true; } ); };"), 3, "the TLS of \"b\" (may) is weaker than that of \"filter\" (encrypt)" },
	{ "upstreams = { filter = { nexthop = \"[f]\"; tls = \"may\"; }; b = { nexthop = \"[b]\"; }; };\n" TOS("b = { domains = \"b.org\"; routes = ( { upstream = \"filter\"; }, { upstream = \"b\"; unfiltered = true; } ); };"), 3, "the TLS of \"b\" (not set) is weaker" },
	{ "upstreams = { filter = { nexthop = \"[f]\"; tls = \"may\"; }; eu = { nexthop = \"[e]\"; tls = \"verify\"; }; b = { nexthop = \"[b]\"; tls = \"encrypt\"; }; };\n" TOS("b = { domains = \"b.org\"; routes = ( { upstream = \"filter\"; }, { upstream = \"eu\"; }, { upstream = \"b\"; unfiltered = true; } ); };"), 3, "the TLS of \"b\" (encrypt) is weaker than that of \"eu\" (verify)" },
	{ "upstreams = { filter = { nexthop = \"[f]\"; }; b = { nexthop = \"[b]\"; tls = \"may\"; }; };\n" TOS("b = { domains = \"b.org\"; routes = ( { upstream = \"filter\"; }, { upstream = \"b\"; unfiltered = true; } ); };"), 3, "the TLS of \"b\" (may) is weaker than that of \"filter\" (not set)" },
	{ UP TOS("\nb = { catch_all = true; " VIA " };"), 4, "destination all is the catch-all already" },
	{ UP TOS("b = { domains = [ \"b.org\",\n \"b..org\" ]; " VIA " };"), 4, "\"b..org\" is no domain" },
	{ UP TOS("b = { domains = [ \"b.org\",\n \"B.org\" ]; " VIA " };"), 4, "\"b.org\" stands in destination b" },
	{ UP TOS("b = { domains = \".b.org\"; " VIA " };\nc = { domains = \"x.b.org\"; " VIA " };"), 4, "\"x.b.org\" overlaps \".b.org\" of destination b" },
	{ UP TOS("b = { domains = \"x.b.org\"; " VIA " };\nc = { domains = \".b.org\"; " VIA " };"), 4, "\".b.org\" overlaps \"x.b.org\" of destination b" },
	{ UP TOS("b = { domains_file = \"none\"; " VIA " };"), 3, "none: No such file" },
	{ UP TOS("b = { domains = \"b.org\"; mx = [ \"example.net\" ]; " VIA " };"), 3, "\"example.net\" is no suffix" },
	{ UP TOS("b = { mx = \".b.org\"; " VIA " };\nc = { mx = \".x.B.org\"; " VIA " };"), 4, "\".x.b.org\" overlaps \".b.org\" of destination b" },
	{ UP TOS("b = { mx = \".b.org\"; " VIA " };\nc = { mx = \".b.org\"; " VIA " };"), 4, "\".b.org\" stands in destination b" },

	/* probes */
	{ "\nprobe = { to = \"nobody\"; };\n" UP TO, 2, "probe.to: wants an address" },
	{ "probe = { from = \"<a@b.org>\"; };\n" UP TO, 1, "probe.from: wants an address" },

	/* replies */
	{ "replies = { cap = \"451 busy\"; };\n" UP TO, 1, "the codes are put in front by Mailweir" },
	{ "replies = { cap = \"4.3.2 busy\"; };\n" UP TO, 1, "the codes are put in front by Mailweir" },
	{ "replies = { hold = \"\xc3\xa9\"; };\n" UP TO, 1, "replies.hold: wants printable ASCII" },
	{ "replies = { late = \"\"; };\n" UP TO, 1, "replies.late: wants printable ASCII" },
	{ "replies = { late = \"01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678 DESTINATION DESTINATION\"; };\n" UP TOS("a_long_name_for_a_destination = { domains = \"b.org\"; " VIA " };"), 1, "200 characters at most" },
};

START_TEST(a_broken_file)
{
	char text[4096];

	snprintf(text, sizeof(text), "%s", broken[_i].text);
	if (strstr(broken[_i].says, "not closed") == NULL)
		snprintf(text, sizeof(text), "%s" RULES, broken[_i].text);
	ck_assert_ptr_null(load(text));
	ck_assert(complained(NULL, broken[_i].line, broken[_i].says, false));
	if (count(false) != 1)
		show();
	ck_assert_uint_eq(count(false), 1);
}
END_TEST

START_TEST(the_defaults)
{
	const struct plan *p;
	const struct upstream *u;

	ck_assert_ptr_nonnull(load(UP TO RULES));
	ck_assert_uint_eq(errors.n, 0);
	p = &config->plan;
	u = &p->upstreams[0];
	ck_assert_int_eq(p->mode, PLAN_OBSERVE);
	ck_assert_uint_gt(strlen(config->host), 0);
	ck_assert(config->store.address.is_unix);
	ck_assert_str_eq(config->store.address.path,
	    "/run/redis/redis-server.sock");
	ck_assert_str_eq(config->store.prefix, "mailweir");
	ck_assert_ptr_null(config->store.username);
	ck_assert_ptr_null(config->store.password);
	ck_assert_int_eq(config->store.timeout_ms, 50);
	ck_assert_str_eq(config->listen.milter,
	    "unix:/var/spool/postfix/mailweir/milter");
	ck_assert_str_eq(config->listen.status, "");
	ck_assert_int_eq(config->log.level, LOG_LEVEL_INFO);
	ck_assert_int_eq(config->log.target, LOG_TARGET_STDERR);
	ck_assert_int_eq(p->lease_ttl_ms, 60000);
	ck_assert_int_eq(p->gate_wait_ms, 20000);
	ck_assert_int_eq(p->gate_spill_ms, 250);
	ck_assert(p->hold_incoming && !p->hold_submission);
	ck_assert(p->submission_authenticated);
	ck_assert_uint_eq(p->n_submission_networks, 0);
	ck_assert_str_eq(p->replies.cap,
	    "DESTINATION is at capacity, please try again later");
	ck_assert_uint_eq(u->connections, 20);
	ck_assert_str_eq(u->tls_policy, "");
	ck_assert_int_eq(u->tls, TLS_UNSET);
	ck_assert_str_eq(u->nexthops[0], "[filter.example.net]:25");
	ck_assert_int_eq(u->breaker.window_ms, 120000);
	ck_assert_uint_eq(u->breaker.min_outcomes, 20);
	ck_assert_uint_eq(u->breaker.min_hosts, 2);
	ck_assert_uint_eq(u->breaker.consecutive, 10);
	ck_assert_uint_eq(u->breaker.shed_at, 500);
	ck_assert_uint_eq(u->breaker.open_at, 900);
	ck_assert_int_eq(u->breaker.open_for_ms, 30000);
	ck_assert_int_eq(u->breaker.open_max_ms, 300000);
	ck_assert_int_eq(u->breaker.slow_after_ms, 5000);
	ck_assert_uint_eq(u->breaker.trials, 3);
	ck_assert_uint_eq(u->breaker.n_ramp, 5);
	ck_assert_uint_eq(u->breaker.ramp[0], 50);
	ck_assert_uint_eq(u->breaker.ramp[4], 1000);
	ck_assert_int_eq(u->breaker.ramp_step_ms, 5000);
	ck_assert_uint_eq(p->destinations[0].cap, 0);
	ck_assert_int_eq(p->catch_all, 0);
	ck_assert_uint_eq(outcome_rules_count(config->rules), 1);
	ck_assert_uint_eq(strlen(config->digest), 16);
}
END_TEST

START_TEST(what_the_file_says)
{
	const struct plan *p;
	const struct upstream *u;
	const struct destination *d;

	ck_assert_ptr_nonnull(load("mode = \"enforce\"; host = \"mx-1\";\n"
	    "store = { redis = \"tcp:[::1]:6380\"; timeout = \"1s\";"
	    " prefix = \"w\"; database = 3; };\n"
	    "listen = { policy = \"\"; map = \"inet:127.0.0.1:9001\"; };\n"
	    "hold = { incoming = \"accept\"; submission = \"defer\"; };\n"
	    "submission = { authenticated = FALSE;"
	    " networks = [ \"10.0.0.0/8\", \"::1\" ]; };\n"
	    "log = { level = \"debug\"; target = \"syslog\"; };\n"
	    "breaker = { trials = 0x7; open_for = \"1s\"; };\n"
	    "upstreams = { a = { nexthop = \"[A.example.NET]\"; };\n"
	    " b = { nexthop = ( \"[.b.org]\", \"b.org:smtp\" ); mx = true,"
	    " connections = 5L; tls = \"secure match=nexthop ciphers=high\";"
	    " breaker = { trials = 1; ramp = [ 30, 100 ]; }; }; };\n"
	    "destinations = { c = { domains = [ \"c.org\", \".c.org\","
	    " \"sub.c.org\" ]; cap = 7; routes = ( { upstream = \"a\"; },"
	    " { upstream = \"b\"; unfiltered = true; } ); };\n"
	    " e = { domains = \"e.org\"; routes = ( { upstream = \"b\" } ) } }\n"
	    RULES));
	ck_assert_uint_eq(count(false), 0);
	p = &config->plan;
	ck_assert_int_eq(p->mode, PLAN_ENFORCE);
	ck_assert_str_eq(config->host, "mx-1");
	ck_assert_str_eq(config->store.address.host, "::1");
	ck_assert_uint_eq(config->store.address.port, 6380);
	ck_assert_int_eq(config->store.database, 3);
	ck_assert_int_eq(config->store.timeout_ms, 1000);
	ck_assert_str_eq(config->listen.policy, "");
	ck_assert(!p->hold_incoming && p->hold_submission);
	ck_assert(!p->submission_authenticated);
	ck_assert_uint_eq(p->n_submission_networks, 2);
	ck_assert_int_eq(config->log.level, LOG_LEVEL_DEBUG);
	ck_assert_int_eq(config->log.target, LOG_TARGET_SYSLOG);
	ck_assert_uint_eq(p->n_upstreams, 2);
	u = &p->upstreams[0];
	ck_assert_str_eq(u->nexthops[0], "[a.example.net]:25");
	ck_assert_uint_eq(u->breaker.trials, 7);
	ck_assert_int_eq(u->breaker.open_for_ms, 1000);
	u = &p->upstreams[1];
	ck_assert_uint_eq(u->n_nexthops, 2);
	ck_assert_str_eq(u->nexthops[1], "b.org:25");
	ck_assert(u->mx);
	ck_assert_uint_eq(u->connections, 5);
	ck_assert_int_eq(u->tls, TLS_SECURE);
	ck_assert_str_eq(u->tls_policy, "secure match=nexthop ciphers=high");
	ck_assert_uint_eq(u->breaker.trials, 1);
	ck_assert_uint_eq(u->breaker.n_ramp, 2);
	ck_assert_uint_eq(u->breaker.ramp[0], 300);
	ck_assert_int_eq(u->breaker.open_for_ms, 1000);
	ck_assert_int_eq(p->catch_all, -1);
	d = &p->destinations[0];
	ck_assert_uint_eq(d->cap, 7);
	ck_assert_uint_eq(d->n_routes, 2);
	ck_assert_uint_eq(d->routes[1].upstream, 1);
	ck_assert(d->routes[1].unfiltered);
	ck_assert_int_eq(d->routes[1].after_ms, 600000);
	ck_assert_int_eq(d->routes[0].after_ms, 0);
	ck_assert_int_eq(plan_match(p, SPAN("x@y.c.org")), 0);
	ck_assert_int_eq(plan_match(p, SPAN("x@E.org")), 1);
	ck_assert_int_eq(plan_match(p, SPAN("x@y.e.org")), -1);
}
END_TEST

START_TEST(all_errors_at_once)
{
	ck_assert_ptr_null(load("mode = \"observ\";\n"
	    "store = { timeout = \"0s\"; redis = \"nowhere\"; };\n"
	    "colour = 5000000000;\n"
	    UPS("b = { connections = \"many\"; }; c = { nexthop = \"[\" };")
	    TOS("d = { domains = [ \"a b\", \"d.org\", \"@\" ]; " VIA " };")
	    RULES));
	ck_assert(complained(NULL, 1, "observ", false));
	ck_assert(complained(NULL, 2, "store.timeout", false));
	ck_assert(complained(NULL, 2, "store.redis", false));
	ck_assert(complained(NULL, 3, "too large", false));
	ck_assert(complained(NULL, 3, "unknown key \"colour\"", false));
	ck_assert(complained(NULL, 5, "b.connections", false));
	ck_assert(complained(NULL, 5, "needs a nexthop", false));
	ck_assert(complained(NULL, 5, "no next hop", false));
	ck_assert(complained(NULL, 7, "\"a b\" is no domain", false));
	ck_assert(complained(NULL, 7, "\"@\" is no domain", false));
	ck_assert_uint_eq(count(false), 10);
	for (size_t i = 1; i < errors.n; i++)
		ck_assert_uint_ge(errors.list[i].line,
		    errors.list[i - 1].line);
}
END_TEST

START_TEST(groups_that_are_none)
{
	ck_assert_ptr_null(load("upstreams = ( );\n"
	    "destinations = 5;\n" RULES));
	ck_assert(complained(NULL, 1, "upstreams: wants a group { NAME",
	    false));
	ck_assert(complained(NULL, 2, "destinations: wants a group { NAME",
	    false));
}
END_TEST

START_TEST(errors_have_a_bound)
{
	static char text[64 * 1024];
	size_t n = 0;

	for (unsigned i = 0; i < 2000; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "unknown-%u = 1;\n", i);
	ck_assert_ptr_null(load(text));
	ck_assert_uint_eq(errors.n, 401);
	ck_assert(complained(NULL, 401, "too many errors", false));
}
END_TEST

static FILE *
printed(void)
{
	FILE *f = fopen(place_path("out"), "w+");

	ck_assert_ptr_nonnull(f);
	config_errors_print(&errors, f);
	rewind(f);
	return f;
}

START_TEST(how_errors_read)
{
	char line[512] = "";
	FILE *f;

	ck_assert_ptr_null(load("mode = 1;\n" UP));
	f = printed();
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	ck_assert_ptr_nonnull(strstr(line, "/test.conf: no destinations"));
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	ck_assert_ptr_nonnull(strstr(line, "/test.conf:1: mode: wants"));
	fclose(f);
	config_errors_free(&errors);

	ck_assert_ptr_nonnull(load(UPS("b = { nexthop = \"[b]\"; };")
	    TO RULES));
	f = printed();
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	ck_assert_ptr_nonnull(strstr(line, ": note: upstreams.b"));
	fclose(f);
}
END_TEST

START_TEST(notes_spoil_nothing)
{
	ck_assert_ptr_nonnull(load(
	    UPS("b = { nexthop = \"[b]\"; rate = 5; shield = \"5.4.1\"; };")
	    TOS("c = { domains = [ \"C.org.\", \"b\xc3\xbc.de\" ];"
	    " mx = [ \".P.net\" ]; " VIA " };") RULES));
	ck_assert(complained(NULL, 2, "upstreams.b: no route uses it", true));
	ck_assert(complained(NULL, 4, "\"C.org.\" is taken as \"c.org\"",
	    true));
	ck_assert(complained(NULL, 4, "is taken as \"xn--b-eha.de\"", true));
	ck_assert(complained(NULL, 4, "destinations.c.mx: it has no route with", true));
	ck_assert_uint_eq(count(false), 0);
	ck_assert_uint_eq(config->plan.upstreams[1].rate, 5);
	ck_assert_uint_eq(config->plan.upstreams[1].n_shield, 1);
	ck_assert_str_eq(config->plan.destinations[1].mx[0], ".p.net");
}
END_TEST

START_TEST(a_way_past_the_filter_that_is_never_open)
{
	ck_assert_ptr_nonnull(load(UPS("b = { mx = true; tls = \"encrypt\"; };\n"
	    "c = { nexthop = \"[c]\"; tls = \"fingerprint\"; };")
	    TOS("d = { domains = \"d.org\"; routes = ( { upstream = "
	    "\"filter\"; },\n{ upstream = \"b\"; unfiltered = true; },\n"
	    "{ upstream = \"c\"; unfiltered = true; } ); };") RULES));
	ck_assert_uint_eq(count(false), 0);
	ck_assert(complained(NULL, 6, "routes[2].unfiltered: never used: none "
	    "of the next hops of \"b\"", true));
	ck_assert(complained(NULL, 7, "routes[3].unfiltered: never used: a "
	    "preflight cannot check", true));
}
END_TEST

START_TEST(one_sick_domain_is_no_streak_of_all)
{
	ck_assert_ptr_nonnull(load("breaker = { consecutive = 5; };\n"
	    UPS("b = { mx = true; };\n"
	    "c = { mx = true; breaker = { consecutive = 7; }; };\n"
	    "d = { mx = true; nexthop = \"[.d.org]\"; };") TO RULES));
	ck_assert_uint_eq(config->plan.upstreams[0].breaker.consecutive, 5);
	ck_assert_uint_eq(config->plan.upstreams[1].breaker.consecutive, 0);
	ck_assert_uint_eq(config->plan.upstreams[2].breaker.consecutive, 7);
	ck_assert_uint_eq(config->plan.upstreams[3].breaker.consecutive, 5);
}
END_TEST

/* Where mail for a destination known by its MX would not leave as it should. */
START_TEST(mx_that_no_lane_goes_by)
{
	ck_assert_ptr_nonnull(load(UPS("b = { mx = true; };")
	    TOS("c = { mx = \".b.org\"; routes = ( { upstream = \"b\"; } ); };")
	    RULES));
	ck_assert(complained(NULL, 4, "destinations.c.mx: mail for its domains "
	    "leaves through the catch-all's lane, and that has no route",
	    true));
	ck_assert_int_eq(destination_map_count(config->plan.mx), 1);
	config_free(&config);
	config_errors_free(&errors);
	ck_assert_ptr_nonnull(load(UPS("b = { mx = true; };") "destinations = {"
	    " c = { mx = \".b.org\"; routes = ( { upstream = \"b\"; } ); };"
	    " all = { catch_all = true; routes = ( { upstream = \"b\"; } ); };"
	    " };\n" RULES));
	ck_assert_uint_eq(errors.n, 1);	/* filter is not used */
}
END_TEST

START_TEST(a_probe_that_is_never_made)
{
	ck_assert_ptr_nonnull(load(UPS("b = { mx = true; probe = true; };\n"
	    "c = { nexthop = \"[c]\"; probe = true; };") TO RULES));
	ck_assert_uint_eq(count(false), 0);
	ck_assert(complained(NULL, 2,
	    "upstreams.b.probe: nothing is asked without probe.to", true));
	ck_assert(complained(NULL, 2,
	    "upstreams.b.probe: none of its next hops is one", true));
	ck_assert(complained(NULL, 3,
	    "upstreams.c.probe: nothing is asked without probe.to", true));
}
END_TEST

START_TEST(a_probe_that_is_made)
{
	ck_assert_ptr_nonnull(load("probe = { to = \"p@x.org\";"
	    " from = \"q@y.org\"; every = \"5s\"; starttls = false; };\n"
	    "upstreams = { filter = { nexthop = [ \"mx.org\", \"[f]\" ];"
	    " probe = true; }; };\n" TO RULES));
	ck_assert_uint_eq(errors.n, 0);
	ck_assert(config->plan.upstreams[0].probe);
	ck_assert_str_eq(config->probe.to, "p@x.org");
	ck_assert_str_eq(config->probe.from, "q@y.org");
	ck_assert_int_eq(config->probe.every_ms, 5000);
	ck_assert(!config->probe.starttls);
}
END_TEST

START_TEST(a_file_of_domains)
{
	place_write("b.domains", "# ours\r\nb.org\r\n\n\t.b.org  # below\n"
	    "c.org");
	ck_assert_ptr_nonnull(load(UP TOS("b = { domains = \"a.org\";"
	    " domains_file = \"b.domains\"; " VIA " };") RULES));
	ck_assert_uint_eq(errors.n, 0);
	ck_assert_uint_eq(destination_map_count(config->plan.domains), 4);
	ck_assert_int_eq(plan_match(&config->plan, SPAN("x@y.b.org")), 1);
	ck_assert_int_eq(plan_match(&config->plan, SPAN("x@c.org")), 1);
}
END_TEST

START_TEST(a_bad_file_of_domains)
{
	place_write("b.domains", "b.org\n\nnot a domain\na.org\nb.org\n");
	ck_assert_ptr_null(load(UP TOS("b = { domains = \"a.org\"; " VIA " };\n"
	    "c = { domains_file = \"b.domains\"; " VIA " };") RULES));
	ck_assert_uint_eq(count(false), 3);
	ck_assert(complained("b.domains", 3, "\"not a domain\" is no domain",
	    false));
	ck_assert(complained("b.domains", 4,
	    "\"a.org\" stands in destination b, ", false));
	ck_assert(complained("b.domains", 4, "/test.conf:3", false));
	ck_assert(complained("b.domains", 5, "/b.domains:1", false));
}
END_TEST

/* Processor time that a file of so many domains takes. */
static clock_t
load_domains(unsigned n)
{
	FILE *f = fopen(place_path("many"), "w");
	clock_t start;

	ck_assert_ptr_nonnull(f);
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "customer-%u.example-%u.com\n", i, i % 7);
	ck_assert_int_eq(fclose(f), 0);
	start = clock();
	ck_assert_ptr_nonnull(load(UP TOS("b = { domains_file = \"many\"; "
	    VIA " };") RULES));
	ck_assert_uint_eq(destination_map_count(config->plan.domains), n);
	return clock() - start;
}

/* Ten times as many take about ten times as long, not a hundred times. */
START_TEST(many_domains_load_fast)
{
	const clock_t few = load_domains(10000);

	ck_assert_int_lt(load_domains(100000), 40 * few);
}
END_TEST

START_TEST(a_file_within_the_file)
{
	place_write("more.conf", "# the rest\n" UP TO);
	ck_assert_ptr_nonnull(load("@include \"more.conf\"\n" RULES));
	ck_assert_uint_eq(errors.n, 0);
}
END_TEST

START_TEST(errors_within_the_file)
{
	place_write("more.conf", "\nlease = { ttl = 7; };\n"
	    "gate = { wait = \"1s\"; spil = 99999999999; };\n" UP TO);
	ck_assert_ptr_null(load("mode = 1;\n@include \"more.conf\"\n" RULES));
	ck_assert(complained(NULL, 1, "mode: wants text", false));
	ck_assert(complained("more.conf", 2, "lease.ttl: wants", false));
	ck_assert(complained("more.conf", 3, "too large", false));
	ck_assert(complained("more.conf", 3, "did you mean \"spill\"?",
	    false));
	ck_assert_uint_eq(count(false), 4);

	place_write("more.conf", "mode = \"observe\"\nmode = \"observe\"\n");
	ck_assert_ptr_null(load("@include \"more.conf\"\n" UP TO RULES));
	ck_assert(complained("more.conf", 2, "duplicate setting name", false));
}
END_TEST

START_TEST(a_socket_that_others_reach)
{
	ck_assert_ptr_nonnull(load("listen = { policy = \"inet:10.0.0.1:1\";"
	    " map = \"inet:127.0.0.1:2\";\n milter = \"inet:[::1]:3\"; };\n"
	    UP TO RULES));
	ck_assert(complained(NULL, 1, "listen.policy: whoever can connect "
	    "there is believed", true));
	ck_assert_uint_eq(count(true), 1);
}
END_TEST

#define WITH_PASSWORD "store = { redis = \"tcp:10.0.0.1:6379\";" \
	" username = \"mw\"; password_file = \"secret\"; };\n" UP TO RULES

START_TEST(a_password)
{
	const char *path = place_write("secret", "swordfish \nhint\n");

	ck_assert_int_eq(chmod(path, 0640), 0);
	ck_assert_ptr_nonnull(load(WITH_PASSWORD));
	ck_assert_str_eq(config->store.password, "swordfish");
	ck_assert_str_eq(config->store.username, "mw");

	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_ptr_null(load(WITH_PASSWORD));
	ck_assert(complained(NULL, 1, "chmod o-rw", false));

	ck_assert_int_eq(chmod(path, 0600), 0);
	place_write("secret", "\nsecond\n");
	ck_assert_ptr_null(load(WITH_PASSWORD));
	ck_assert(complained(NULL, 1, "its first line is no password", false));

	ck_assert_int_eq(rename(path, place_path("real")), 0);
	ck_assert_int_eq(symlink("real", path), 0);
	ck_assert_ptr_null(load(WITH_PASSWORD));
	ck_assert(complained(NULL, 1, "a symbolic link", false));
}
END_TEST

START_TEST(files_that_are_none)
{
	ck_assert_ptr_null(config_load(place_path("none.conf"), &errors));
	ck_assert(complained("none.conf", 0, "No such file", false));
	config_errors_free(&errors);
	ck_assert_ptr_null(config_load(place, &errors));
	ck_assert_uint_eq(errors.n, 1);
	ck_assert_str_eq(errors.list[0].message, "not a regular file");
	ck_assert_ptr_null(load(""));
	ck_assert(complained(NULL, 0, "no upstreams", false));
	ck_assert(complained(NULL, 0, "no destinations", false));
}
END_TEST

START_TEST(a_bad_rule_file)
{
	place_write("test.rules", "fine\tok\t^2\\.\nbad\tgood\t^4\n");
	ck_assert_ptr_null(load(UP TO RULES));
	ck_assert_uint_eq(errors.n, 1);
	ck_assert_uint_eq(errors.list[0].line, 2);
	ck_assert_str_eq(errors.list[0].file, place_path("test.rules"));
	ck_assert_ptr_null(load(UP TO "rules_file = \"none.rules\";\n"));
	ck_assert_uint_eq(count(false), 1);
}
END_TEST

static const char *
digest_of(const char *text)
{
	static char digests[2][17];
	static unsigned n;

	ck_assert_ptr_nonnull(load(text));
	n ^= 1;
	memcpy(digests[n], config->digest, 17);
	return digests[n];
}

static const struct {
	const char *text;
	bool same;
} twins[] = {
	{ UP TOS("b = { domains = [ \"b.org\", \"c.org\" ]; " VIA " };"), true },
	{ "host = \"other\"; mode = \"enforce\"; log = { level = \"error\"; };\n"
	  "listen = { map = \"\"; }; store = { timeout = \"1s\"; };\n"
	  UP TOS("b = { domains = [ \"b.org\", \"c.org\" ]; " VIA " };"), true },
	{ UP "destinations = { b = { domains = [ \"C.org\", \"b.org\" ]; " VIA " };\n"
	  "all = { catch_all = true; " VIA " }; };\n", true },
	{ UP TOS("b = { domains = [ \"b.org\", \"d.org\" ]; " VIA " };"), false },
	{ UP TOS("b = { domains = [ \"b.org\", \".c.org\" ]; " VIA " };"), false },
	{ UP TOS("b = { domains = [ \"b.org\", \"c.org\" ]; cap = 1; " VIA " };"), false },
	{ "breaker = { trials = 4; };\n"
	  UP TOS("b = { domains = [ \"b.org\", \"c.org\" ]; " VIA " };"), false },
	{ "store = { prefix = \"w\"; };\n"
	  UP TOS("b = { domains = [ \"b.org\", \"c.org\" ]; " VIA " };"), false },
	{ "replies = { cap = \"no\"; };\n"
	  UP TOS("b = { domains = [ \"b.org\", \"c.org\" ]; " VIA " };"), false },
	{ UPS("u = { nexthop = \"[u]\"; };")
	  TOS("b = { domains = [ \"b.org\", \"c.org\" ]; " VIA " };"), false },
};

START_TEST(hosts_that_agree)
{
	char text[2048];
	const char *first, *second;

	snprintf(text, sizeof(text), "%s" RULES, twins[0].text);
	first = digest_of(text);
	snprintf(text, sizeof(text), "%s" RULES, twins[_i].text);
	second = digest_of(text);
	ck_assert_int_eq(strcmp(first, second) == 0, twins[_i].same);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("config");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, a_broken_file, 0, MW_N_OF(broken));
	tcase_add_test(t, the_defaults);
	tcase_add_test(t, what_the_file_says);
	tcase_add_test(t, all_errors_at_once);
	tcase_add_test(t, groups_that_are_none);
	tcase_add_test(t, errors_have_a_bound);
	tcase_add_test(t, how_errors_read);
	tcase_add_test(t, notes_spoil_nothing);
	tcase_add_test(t, a_way_past_the_filter_that_is_never_open);
	tcase_add_test(t, one_sick_domain_is_no_streak_of_all);
	tcase_add_test(t, mx_that_no_lane_goes_by);
	tcase_add_test(t, a_probe_that_is_never_made);
	tcase_add_test(t, a_probe_that_is_made);
	tcase_add_test(t, a_file_of_domains);
	tcase_add_test(t, a_bad_file_of_domains);
	tcase_add_test(t, many_domains_load_fast);
	tcase_add_test(t, a_file_within_the_file);
	tcase_add_test(t, errors_within_the_file);
	tcase_add_test(t, a_password);
	tcase_add_test(t, a_socket_that_others_reach);
	tcase_add_test(t, files_that_are_none);
	tcase_add_test(t, a_bad_rule_file);
	tcase_add_loop_test(t, hosts_that_agree, 0, MW_N_OF(twins));
	suite_add_tcase(s, t);
	return suite_main(s);
}
