/* A file that is wrong is refused, and each error told with its line. */
#include "config/config.h"

#include "loaded.h"
#include "suite.h"

#include "base/mem.h"

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

int
main(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("errors");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, a_broken_file, 0, MW_N_OF(broken));
	tcase_add_test(t, all_errors_at_once);
	tcase_add_test(t, groups_that_are_none);
	tcase_add_test(t, errors_have_a_bound);
	tcase_add_test(t, how_errors_read);
	suite_add_tcase(s, t);
	return suite_main(s);
}
