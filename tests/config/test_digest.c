/* Hosts agree when they have the same digest. */
#include "config/config.h"

#include "loaded.h"
#include "suite.h"

#include "base/mem.h"

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

#define BOTH(b, c) UP TOS("b = { domains = [ \"" b "\" ]; " VIA " };" \
	" c = { domains = [ \"" c "\" ]; " VIA " };") RULES

START_TEST(hosts_that_agree_on_the_domains_only)
{
	const char *first = digest_of(BOTH("b.org", "c.org"));

	ck_assert_str_ne(digest_of(BOTH("c.org", "b.org")), first);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("digest");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, hosts_that_agree, 0, MW_N_OF(twins));
	tcase_add_test(t, hosts_that_agree_on_the_domains_only);
	suite_add_tcase(s, t);
	return suite_main(s);
}
