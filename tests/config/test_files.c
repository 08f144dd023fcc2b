/* Files beside the main one: within it, of domains, of a password, of rules. */
#include "config/config.h"

#include "loaded.h"
#include "suite.h"

#include <time.h>

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

int
main(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("files");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_file_of_domains);
	tcase_add_test(t, a_bad_file_of_domains);
	tcase_add_test(t, many_domains_load_fast);
	tcase_add_test(t, a_file_within_the_file);
	tcase_add_test(t, errors_within_the_file);
	tcase_add_test(t, a_password);
	tcase_add_test(t, files_that_are_none);
	tcase_add_test(t, a_bad_rule_file);
	suite_add_tcase(s, t);
	return suite_main(s);
}
