/* What a file says, and what it leaves to the defaults. */
#include "config/config.h"

#include "loaded.h"
#include "suite.h"

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

int
main(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("config");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, the_defaults);
	tcase_add_test(t, what_the_file_says);
	tcase_add_test(t, one_sick_domain_is_no_streak_of_all);
	tcase_add_test(t, a_probe_that_is_made);
	suite_add_tcase(s, t);
	return suite_main(s);
}
