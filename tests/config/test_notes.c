/* What is allowed and hardly meant: a note, and the file is taken. */
#include "config/config.h"

#include "loaded.h"
#include "suite.h"

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

int
main(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("notes");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, notes_spoil_nothing);
	tcase_add_test(t, a_way_past_the_filter_that_is_never_open);
	tcase_add_test(t, mx_that_no_lane_goes_by);
	tcase_add_test(t, a_probe_that_is_never_made);
	tcase_add_test(t, a_socket_that_others_reach);
	suite_add_tcase(s, t);
	return suite_main(s);
}
