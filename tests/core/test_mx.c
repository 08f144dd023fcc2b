/* What stands for all MX hosts of a domain. */
#include "core/mx.h"

#include "base/chance.h"
#include "base/mem.h"
#include "suite.h"

#include <stdio.h>

#define HOSTS 4

static struct domain
domain(const char *name)
{
	struct domain d;

	ck_assert(domain_parse(span_of(name), &d));
	return d;
}

static bool
is_below(const struct domain *d, const char *suffix)
{
	return d->len > strlen(suffix) &&
	    span_ends_fold(domain_span(d), span_of(suffix));
}

static const struct {
	const char *says;
	const char *hosts[HOSTS];
	const char *mx;
} joins[] = {
	{ "one host stands for itself",
	    { "contoso-com.mail.outlook.com" },
	    "contoso-com.mail.outlook.com" },
	{ "two of one provider stand below its suffix",
	    { "a.mail.outlook.com", "b.mail.outlook.com" },
	    "a.mail.outlook.com" },
	{ "where names are longer, a label more than what they share is kept",
	    { "x.a.google.com", "y.b.google.com" }, "a.google.com" },
	{ "a host that the others are below stands for them",
	    { "alt1.aspmx.google.com", "aspmx.google.com" },
	    "aspmx.google.com" },
	{ "in whatever order",
	    { "aspmx.google.com", "alt1.aspmx.google.com" },
	    "aspmx.google.com" },
	{ "part of a label is nothing in common",
	    { "a.mailoutlook.com", "b.outlook.com" }, "mailoutlook.com" },
	{ "a host elsewhere leaves what no suffix holds",
	    { "a.mail.outlook.com", "mx.example.net" }, "com" },
	{ "and no further host brings it back",
	    { "a.mail.outlook.com", "mx.example.net", "b.mail.outlook.com" },
	    "com" },
};

START_TEST(stands_for_all)
{
	struct domain mx = { .len = 0 };

	for (int i = 0; i < HOSTS && joins[_i].hosts[i] != NULL; i++) {
		const struct domain host = domain(joins[_i].hosts[i]);

		mx_join(&mx, &host);
	}
	ck_assert_msg(strcmp(mx.name, joins[_i].mx) == 0, "%s: got %s",
	    joins[_i].says, mx.name);
	ck_assert_uint_eq(mx.len, strlen(mx.name));
}
END_TEST

/* Of few labels, so that names often share some. */
static void
random_name(char dst[64])
{
	const uint32_t labels = 1 + chance_below(4);
	size_t n = 0;

	for (uint32_t i = 0; i < labels; i++)
		n += (size_t)snprintf(dst + n, 64 - n, "%s%c%s",
		    i > 0 ? "." : "", 'a' + (char)chance_below(3),
		    chance_below(4) == 0 ? "a" : "");
}

/* It is below a suffix if, and only if, all hosts are. */
START_TEST(is_below_what_all_are_below)
{
	chance_seed(7);
	for (int round = 0; round < 100000; round++) {
		const uint32_t n = 1 + chance_below(HOSTS);
		char suffix[65] = ".", name[64];
		struct domain mx = { .len = 0 };
		bool all = true;

		random_name(suffix + 1);
		for (uint32_t i = 0; i < n; i++) {
			struct domain host;

			random_name(name);
			host = domain(name);
			mx_join(&mx, &host);
			all &= is_below(&host, suffix);
		}
		ck_assert_msg(is_below(&mx, suffix) == all, "%s and %s",
		    mx.name, suffix);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("mx");
	TCase *t = tcase_create("mx");

	tcase_add_loop_test(t, stands_for_all, 0, MW_N_OF(joins));
	tcase_add_test(t, is_below_what_all_are_below);
	suite_add_tcase(s, t);
	return suite_main(s);
}
