#include "core/plan.h"

#include "suite.h"

#include "base/mem.h"

static const struct upstream upstreams[] = {
	{ .name = "filter" }, { .name = "filter-eu" },
};
static const struct destination destinations[] = {
	{ .name = "contoso" }, { .name = "labs" }, { .name = "everything" },
};

/* contoso.com and, apart, what is below it; the rest is everything's. */
static struct plan
plan_with(struct destination_map *domains, int catch_all)
{
	static const struct {
		const char *domain;
		bool suffix;
		uint32_t destination;
	} rows[] = {
		{ "contoso.com", false, 0 },
		{ "contoso.com", true, 1 },
	};

	for (size_t i = 0; i < MW_N_OF(rows); i++) {
		struct destination_pattern p = {
			.suffix = rows[i].suffix,
			.destination = rows[i].destination,
		}, other;

		ck_assert(domain_parse(span_of(rows[i].domain), &p.domain));
		ck_assert(destination_map_add(domains, &p, &other));
	}
	return (struct plan){
		.upstreams = upstreams,
		.n_upstreams = MW_N_OF(upstreams),
		.destinations = destinations,
		.n_destinations = MW_N_OF(destinations),
		.domains = domains,
		.catch_all = catch_all,
	};
}

static const struct {
	const char *says;
	const char *address;
	int with_catch_all, without;
} matches[] = {
	{ "the domain itself", "a@contoso.com", 0, 0 },
	{ "in any case", "a@Contoso.COM", 0, 0 },
	{ "what is below it", "a@x.labs.contoso.com", 1, 1 },
	{ "a stranger is everything's", "a@example.org", 2, -1 },
	{ "no address at all", "postmaster", -1, -1 },
	{ "an address literal", "a@[192.0.2.1]", -1, -1 },
	{ "nobody", "", -1, -1 },
};

START_TEST(an_address_has_its_destination)
{
	struct destination_map *domains = destination_map_new();
	struct plan p = plan_with(domains, 2);

	ck_assert_msg(plan_match(&p, span_of(matches[_i].address)) ==
	    matches[_i].with_catch_all, "%s", matches[_i].says);
	p.catch_all = -1;
	ck_assert_msg(plan_match(&p, span_of(matches[_i].address)) ==
	    matches[_i].without, "%s, no catch-all", matches[_i].says);
	destination_map_free(&domains);
}
END_TEST

static const struct {
	const char *says;
	const char *domain;
	bool asks;
	const char *mx;		/* what DNS says then; "": nobody's */
	int with_catch_all, without;
} by_mx[] = {
	{ "a domain that a destination names", "contoso.com", false, "", 2,
	    -1 },
	{ "one below a suffix of one", "x.contoso.com", false, "", 2, -1 },
	{ "a host below the suffix", "fabrikam.com", true,
	    "fabrikam-com.mail.example.net", 1, 1 },
	{ "far below", "fabrikam.com", true, "a.b.mail.example.net", 1, 1 },
	{ "the suffix itself is not below it", "fabrikam.com", true,
	    "mail.example.net", 2, -1 },
	{ "nor is what ends alike", "fabrikam.com", true,
	    "xmail.example.net", 2, -1 },
	{ "nobody's", "fabrikam.com", true, "", 2, -1 },
	{ "its own host", "a.mail.example.net", true, "a.mail.example.net", 1,
	    1 },
};

START_TEST(mx_decide_where_no_name_does)
{
	struct destination_map *domains = destination_map_new();
	struct destination_map *mx = destination_map_new();
	struct plan p = plan_with(domains, 2);
	struct destination_pattern suffix = { .suffix = true,
		.destination = 1 }, other;
	struct domain domain, host = { .len = 0 };

	ck_assert(domain_parse(span_of(by_mx[_i].domain), &domain));
	if (by_mx[_i].mx[0] != '\0')
		ck_assert(domain_parse(span_of(by_mx[_i].mx), &host));
	ck_assert(!plan_asks_mx(&p, &domain));
	p.mx = mx;
	ck_assert_msg(!plan_asks_mx(&p, &domain), "no suffix, no question");
	ck_assert(domain_parse(SPAN("mail.example.net"), &suffix.domain));
	ck_assert(destination_map_add(mx, &suffix, &other));
	ck_assert_msg(plan_asks_mx(&p, &domain) == by_mx[_i].asks, "%s",
	    by_mx[_i].says);
	ck_assert_msg(plan_match_mx(&p, &host) == by_mx[_i].with_catch_all,
	    "%s", by_mx[_i].says);
	p.catch_all = -1;
	ck_assert_msg(plan_match_mx(&p, &host) == by_mx[_i].without,
	    "%s, no catch-all", by_mx[_i].says);
	destination_map_free(&domains);
	destination_map_free(&mx);
}
END_TEST

START_TEST(names_are_found_as_they_are_written)
{
	struct destination_map *domains = destination_map_new();
	const struct plan p = plan_with(domains, 2);

	ck_assert_int_eq(plan_upstream(&p, SPAN("filter")), 0);
	ck_assert_int_eq(plan_upstream(&p, SPAN("filter-eu")), 1);
	ck_assert_int_eq(plan_upstream(&p, SPAN("Filter")), -1);
	ck_assert_int_eq(plan_upstream(&p, SPAN("")), -1);
	ck_assert_int_eq(plan_destination(&p, SPAN("everything")), 2);
	ck_assert_int_eq(plan_destination(&p, SPAN("every")), -1);
	destination_map_free(&domains);
}
END_TEST

START_TEST(a_lane_has_its_destination_s_name)
{
	const struct plan p = {
		.destinations = destinations,
		.n_destinations = MW_N_OF(destinations),
	};

	ck_assert_int_eq(plan_lane(&p, SPAN("mw-labs")), 1);
	ck_assert_int_eq(plan_lane(&p, SPAN("labs")), -1);
	ck_assert_int_eq(plan_lane(&p, SPAN("mw-")), -1);
	ck_assert_int_eq(plan_lane(&p, SPAN("mw-lab")), -1);
	ck_assert_int_eq(plan_lane(&p, SPAN("x-mw-labs")), -1);
	ck_assert_int_eq(plan_lane(&p, SPAN("")), -1);
}
END_TEST

START_TEST(levels_are_spelt_as_in_postconf)
{
	ck_assert_str_eq(tls_level_name(TLS_UNSET), "");
	ck_assert_str_eq(tls_level_name(TLS_MAY), "may");
	ck_assert_str_eq(tls_level_name(TLS_DANE_ONLY), "dane-only");
	ck_assert_str_eq(tls_level_name(TLS_SECURE), "secure");
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("plan");
	Suite *s = suite_create("core");

	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, an_address_has_its_destination, 0,
	    MW_N_OF(matches));
	tcase_add_loop_test(tc, mx_decide_where_no_name_does, 0,
	    MW_N_OF(by_mx));
	tcase_add_test(tc, names_are_found_as_they_are_written);
	tcase_add_test(tc, a_lane_has_its_destination_s_name);
	tcase_add_test(tc, levels_are_spelt_as_in_postconf);
	return suite_main(s);
}
