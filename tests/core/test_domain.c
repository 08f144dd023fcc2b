#include "suite.h"

#include "base/mem.h"
#include "core/domain.h"

#include <stdio.h>

#define LABEL_63 "a23456789012345678901234567890123456789012345678901234567890123"
#define NAME_251 LABEL_63 "." LABEL_63 "." LABEL_63 "." \
    "a2345678901234567890123456789012345678901234567890123456789"

static const struct {
	const char *text, *name;	/* NULL: no domain */
} names[] = {
	{ "contoso.com", "contoso.com" },
	{ "Contoso.COM", "contoso.com" },
	{ "contoso.com.", "contoso.com" },
	{ "localhost", "localhost" },
	{ "_dmarc.3-x.example", "_dmarc.3-x.example" },
	{ "192.0.2.1", "192.0.2.1" },
	{ "xn--mnchen-3ya.example", "xn--mnchen-3ya.example" },
	{ "München.Example", "xn--mnchen-3ya.example" },
	{ "münchen.example.", "xn--mnchen-3ya.example" },
	{ "例え。テスト", "xn--r8jz45g.xn--zckzah" },
	{ LABEL_63, LABEL_63 },
	{ LABEL_63 "a", NULL },
	{ NAME_251 "bc", NAME_251 "bc" },
	{ NAME_251 "bc.", NAME_251 "bc" },
	{ NAME_251 "bcd", NULL },
	{ NAME_251 "bcd.", NULL },
	{ "", NULL },
	{ ".", NULL },
	{ "..", NULL },
	{ ".contoso.com", NULL },
	{ "contoso..com", NULL },
	{ "contoso.com..", NULL },
	{ "contoso com", NULL },
	{ " contoso.com", NULL },
	{ "contoso.com\n", NULL },
	{ "contoso.com:25", NULL },
	{ "*.contoso.com", NULL },
	{ "con{toso}.com", NULL },
	{ "[192.0.2.1]", NULL },
	{ "[IPv6:2001:db8::1]", NULL },
	{ "m\xfcnchen.example", NULL },
	{ "ü..example", NULL },
	{ ".ü.example", NULL },
	{ "ü example", NULL },
};

START_TEST(a_name_becomes_a_domain_once)
{
	struct domain d = { .len = 0 }, again;
	const bool good = domain_parse(span_of(names[_i].text), &d);

	ck_assert_msg(good == (names[_i].name != NULL), "%s", names[_i].text);
	if (!good) {
		ck_assert_uint_eq(d.len, 0);
		return;
	}
	ck_assert_str_eq(d.name, names[_i].name);
	ck_assert_uint_eq(d.len, strlen(names[_i].name));
	ck_assert(span_eq(domain_span(&d), span_of(names[_i].name)));
	ck_assert(domain_parse(domain_span(&d), &again));
	ck_assert_str_eq(again.name, d.name);
}
END_TEST

START_TEST(a_nul_is_in_no_domain)
{
	struct domain d;

	ck_assert(!domain_parse((struct span){ "a.com\0b", 7 }, &d));
	ck_assert(!domain_parse((struct span){ "\xc3\xbc.com\0b", 8 }, &d));
	ck_assert(!domain_parse((struct span){ NULL, 0 }, &d));
}
END_TEST

START_TEST(a_long_text_is_no_domain)
{
	static char text[70000];
	struct domain d;

	memset(text, 'a', sizeof(text));
	ck_assert(!domain_parse((struct span){ text, sizeof(text) }, &d));
	for (size_t i = 0; i < sizeof(text); i += 2)
		text[i] = '.';
	ck_assert(!domain_parse((struct span){ text + 1, sizeof(text) - 1 },
	    &d));
	for (size_t i = 0; i + 1 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xbc", 2);
	ck_assert(!domain_parse((struct span){ text, sizeof(text) }, &d));
}
END_TEST

static const struct {
	const char *address, *domain;
} addresses[] = {
	{ "user@contoso.com", "contoso.com" },
	{ "<User@Contoso.Com>", "contoso.com" },
	{ "\"a@b\"@contoso.com", "contoso.com" },
	{ "\"a b\\\"@\"@contoso.com", "contoso.com" },
	{ "a@b@contoso.com", "contoso.com" },
	{ "user+tag%x!y@contoso.com.", "contoso.com" },
	{ "użytkownik@żółw.example", "xn--w-uga1v8h.example" },
	{ "", NULL },
	{ "<>", NULL },
	{ "user", NULL },
	{ "@contoso.com", NULL },
	{ "<@contoso.com>", NULL },
	{ "@relay.example:user@contoso.com", NULL },
	{ "<@relay.example:user@contoso.com>", NULL },
	{ "user@", NULL },
	{ "user@.", NULL },
	{ "<user@contoso.com", NULL },
	{ "user@contoso.com>", NULL },
	{ "\"user@contoso.com\"", NULL },
	{ "user@[192.0.2.1]", NULL },
	{ "user@contoso.com (comment)", NULL },
};

START_TEST(an_address_has_a_domain)
{
	struct domain d;
	const bool good = domain_of_address(span_of(addresses[_i].address),
	    &d);

	ck_assert_msg(good == (addresses[_i].domain != NULL), "%s",
	    addresses[_i].address);
	if (good)
		ck_assert_str_eq(d.name, addresses[_i].domain);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("domain");
	TCase *t = tcase_create("domain");

	tcase_add_loop_test(t, a_name_becomes_a_domain_once, 0,
	    MW_N_OF(names));
	tcase_add_test(t, a_nul_is_in_no_domain);
	tcase_add_test(t, a_long_text_is_no_domain);
	tcase_add_loop_test(t, an_address_has_a_domain, 0,
	    MW_N_OF(addresses));
	suite_add_tcase(s, t);
	return suite_main(s);
}
