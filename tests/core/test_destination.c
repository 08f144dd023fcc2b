#include "suite.h"

#include "base/chance.h"
#include "base/mem.h"
#include "core/destination.h"

#include <stdio.h>

/* From ".contoso.com" or "contoso.com", as the configuration has them. */
static struct destination_pattern
pattern(const char *text, uint32_t destination, uint32_t tag)
{
	struct destination_pattern p = {
		.suffix = text[0] == '.',
		.destination = destination,
		.tag = tag,
	};

	ck_assert(domain_parse(span_of(text + (p.suffix ? 1 : 0)),
	    &p.domain));
	return p;
}

static int
find(const struct destination_map *map, const char *name)
{
	struct domain d;

	ck_assert(domain_parse(span_of(name), &d));
	return destination_map_find(map, &d);
}

START_TEST(an_empty_map_has_none)
{
	struct destination_map *map = destination_map_new();

	ck_assert_int_eq(find(map, "contoso.com"), -1);
	ck_assert_uint_eq(destination_map_count(map), 0);
	destination_map_free(&map);
	ck_assert_ptr_null(map);
	destination_map_free(&map);
}
END_TEST

static const struct {
	const char *pattern;
	uint32_t destination;
} patterns[] = {
	{ "contoso.com", 0 },
	{ ".fabrikam.com", 1 },
	{ "mail.fabrikam.com", 1 },
	{ "fabrikam.com", 2 },
	{ ".a.b.c.example", 3 },
	{ "b.c.example", 4 },
	{ "example", 5 },
	{ ".test", 6 },
};

static const struct {
	const char *domain;
	int destination;
} found[] = {
	{ "contoso.com", 0 },
	{ "mail.contoso.com", -1 },	/* exact is exact */
	{ "xcontoso.com", -1 },
	{ "com", -1 },
	{ "fabrikam.com", 2 },		/* a suffix is not the domain itself */
	{ "eu.fabrikam.com", 1 },
	{ "a.b.c.d.fabrikam.com", 1 },
	{ "mail.fabrikam.com", 1 },
	{ "xfabrikam.com", -1 },	/* a label is not cut */
	{ "fabrikam.com.example", -1 },
	{ "x.a.b.c.example", 3 },
	{ "a.b.c.example", -1 },
	{ "b.c.example", 4 },
	{ "c.example", -1 },
	{ "example", 5 },
	{ "test", -1 },
	{ "any.thing.test", 6 },
};

START_TEST(a_domain_finds_its_destination)
{
	struct destination_map *map = destination_map_new();
	struct destination_pattern p, other;

	for (uint32_t i = 0; i < MW_N_OF(patterns); i++) {
		p = pattern(patterns[i].pattern, patterns[i].destination, i);
		ck_assert(destination_map_add(map, &p, &other));
	}
	ck_assert_uint_eq(destination_map_count(map), MW_N_OF(patterns));
	ck_assert_int_eq(find(map, found[_i].domain), found[_i].destination);
	destination_map_free(&map);
}
END_TEST

static const struct {
	const char *one, *two;
	bool same, other;	/* collide in one destination, in two? */
} pairs[] = {
	{ "contoso.com", "contoso.com", true, true },
	{ ".contoso.com", ".contoso.com", true, true },
	{ "contoso.com", ".contoso.com", false, false },
	{ "mail.contoso.com", ".contoso.com", false, true },
	{ ".mail.contoso.com", ".contoso.com", false, true },
	{ "a.b.c.contoso.com", ".contoso.com", false, true },
	{ "mail.contoso.com", "contoso.com", false, false },
	{ ".mail.contoso.com", "contoso.com", false, false },
	{ ".mail.contoso.com", "mail.contoso.com", false, false },
	{ ".a.contoso.com", ".b.contoso.com", false, false },
	{ "xcontoso.com", ".contoso.com", false, false },
	{ "contoso.com", ".com", false, true },
};

/* Add both, the first of them must pass; with what does the second collide? */
static bool
both_fit(const char *one, uint32_t d1, const char *two, uint32_t d2)
{
	struct destination_map *map = destination_map_new();
	const struct destination_pattern p1 = pattern(one, d1, 11);
	const struct destination_pattern p2 = pattern(two, d2, 22);
	struct destination_pattern other;
	bool fits;

	ck_assert(destination_map_add(map, &p1, &other));
	fits = destination_map_add(map, &p2, &other);
	ck_assert_uint_eq(destination_map_count(map), fits ? 2 : 1);
	if (!fits) {
		ck_assert_str_eq(other.domain.name, p1.domain.name);
		ck_assert_uint_eq(other.domain.len, p1.domain.len);
		ck_assert_int_eq(other.suffix, p1.suffix);
		ck_assert_uint_eq(other.destination, d1);
		ck_assert_uint_eq(other.tag, 11);
	}
	destination_map_free(&map);
	return fits;
}

START_TEST(an_overlap_is_seen_in_either_order)
{
	const char *one = pairs[_i].one, *two = pairs[_i].two;

	ck_assert_int_eq(both_fit(one, 0, two, 0), !pairs[_i].same);
	ck_assert_int_eq(both_fit(two, 0, one, 0), !pairs[_i].same);
	ck_assert_int_eq(both_fit(one, 0, two, 1), !pairs[_i].other);
	ck_assert_int_eq(both_fit(two, 0, one, 1), !pairs[_i].other);
}
END_TEST

/* Of many below a suffix, the one that is in the way may have come late. */
START_TEST(a_late_suffix_sees_all_below_it)
{
	struct destination_map *map = destination_map_new();
	const struct destination_pattern p[] = {
		pattern("a.contoso.com", 1, 0), pattern("b.contoso.com", 1, 1),
		pattern("c.contoso.com", 2, 2), pattern("d.contoso.com", 1, 3),
		pattern(".contoso.com", 1, 4), pattern(".com", 1, 5),
	};
	struct destination_pattern other;

	for (int i = 0; i < 4; i++)
		ck_assert(destination_map_add(map, &p[i], &other));
	for (int i = 4; i < 6; i++) {
		ck_assert(!destination_map_add(map, &p[i], &other));
		ck_assert_str_eq(other.domain.name, "c.contoso.com");
	}
	destination_map_free(&map);
}
END_TEST

/*
 * The naive model: all patterns in a list. Names are of few labels from few
 * letters, so that most of them meet.
 */
#define MODEL_MAX 400

static struct destination_pattern model[MODEL_MAX];
static uint32_t n_model;

static bool
model_inside(const struct domain *d, const struct destination_pattern *suffix)
{
	const size_t len = d->len, below = suffix->domain.len;

	return suffix->suffix && len > below &&
	    d->name[len - below - 1] == '.' &&
	    strcmp(d->name + len - below, suffix->domain.name) == 0;
}

static bool
model_collides(const struct destination_pattern *a,
    const struct destination_pattern *b)
{
	if (a->suffix == b->suffix &&
	    strcmp(a->domain.name, b->domain.name) == 0)
		return true;
	return a->destination != b->destination &&
	    (model_inside(&a->domain, b) || model_inside(&b->domain, a));
}

static bool
model_takes(const struct destination_pattern *p)
{
	for (uint32_t i = 0; i < n_model; i++)
		if (model_collides(p, &model[i]))
			return false;
	return true;
}

static int
model_find(const struct domain *d)
{
	const struct destination_pattern *best = NULL;

	for (uint32_t i = 0; i < n_model; i++) {
		const struct destination_pattern *p = &model[i];

		if (!p->suffix && strcmp(p->domain.name, d->name) == 0)
			return (int)p->destination;
		if (model_inside(d, p) &&
		    (best == NULL || p->domain.len > best->domain.len))
			best = p;
	}
	return best == NULL ? -1 : (int)best->destination;
}

static struct domain
random_domain(void)
{
	const uint32_t labels = 1 + chance_below(5);
	struct domain d = { .len = 0 };

	for (uint32_t i = 0; i < labels; i++) {
		if (i > 0)
			d.name[d.len++] = '.';
		d.name[d.len++] = (char)('a' + chance_below(3));
	}
	return d;
}

START_TEST(it_equals_a_naive_model)
{
	struct destination_map *map = destination_map_new();
	struct destination_pattern p, other;

	chance_seed((uint64_t)_i);
	n_model = 0;
	for (uint32_t i = 0; i < MODEL_MAX; i++) {
		p = (struct destination_pattern){
			.domain = random_domain(),
			.suffix = chance_below(4) == 0,
			.destination = chance_below(3),
			.tag = i,
		};
		if (model_takes(&p)) {
			ck_assert(destination_map_add(map, &p, &other));
			model[n_model++] = p;
		} else {
			ck_assert(!destination_map_add(map, &p, &other));
			ck_assert_uint_lt(other.tag, i);
			ck_assert(model_collides(&p, &other));
		}
	}
	ck_assert_uint_eq(destination_map_count(map), n_model);
	for (uint32_t i = 0; i < 1000; i++) {
		const struct domain d = random_domain();

		ck_assert_int_eq(destination_map_find(map, &d),
		    model_find(&d));
	}
	destination_map_free(&map);
}
END_TEST

START_TEST(the_same_one_again_is_told_before_its_neighbours)
{
	static const char *const texts[] = {
		".contoso.com", ".a.contoso.com", "b.a.contoso.com",
	};
	struct destination_map *map = destination_map_new();
	struct destination_pattern p, other;

	for (uint32_t i = 0; i < MW_N_OF(texts); i++) {
		p = pattern(texts[i], 0, i);
		ck_assert(destination_map_add(map, &p, &other));
	}
	for (uint32_t i = 0; i < MW_N_OF(texts); i++) {
		p = pattern(texts[i], 1, 10);
		ck_assert(!destination_map_add(map, &p, &other));
		ck_assert_uint_eq(other.tag, i);
	}
	destination_map_free(&map);
}
END_TEST

START_TEST(patterns_come_back_in_the_order_they_were_added)
{
	struct destination_map *map = destination_map_new();
	struct destination_pattern p, other;
	uint32_t at = 0, key_at = 0, destination;
	struct span key;

	for (uint32_t i = 0; i < MW_N_OF(patterns); i++) {
		p = pattern(patterns[i].pattern, patterns[i].destination, i);
		ck_assert(destination_map_add(map, &p, &other));
	}
	for (uint32_t i = 0; i < MW_N_OF(patterns); i++) {
		p = pattern(patterns[i].pattern, patterns[i].destination, i);
		ck_assert(destination_map_next(map, &at, &other));
		ck_assert_str_eq(other.domain.name, p.domain.name);
		ck_assert_int_eq(other.suffix, p.suffix);
		ck_assert_uint_eq(other.destination, p.destination);
		ck_assert_uint_eq(other.tag, i);
		ck_assert(destination_map_next_key(map, &key_at, &key,
		    &destination));
		ck_assert(span_eq(key, span_of(patterns[i].pattern)));
		ck_assert_uint_eq(destination, p.destination);
	}
	ck_assert(!destination_map_next(map, &at, &other));
	ck_assert(!destination_map_next_key(map, &key_at, &key, &destination));
	destination_map_free(&map);
}
END_TEST

/* With one walk over the others for each, this would take minutes. */
START_TEST(many_domains_are_added_in_linear_time)
{
	struct destination_map *map = destination_map_new();
	struct destination_pattern p, other;
	char name[64];

	for (uint32_t i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "%scustomer%u.example",
		    i % 2 == 0 ? "." : "", i);
		p = pattern(name, i % 2, i);
		ck_assert(destination_map_add(map, &p, &other));
	}
	p = pattern(".example", 0, 0);
	ck_assert(!destination_map_add(map, &p, &other));
	ck_assert_str_eq(other.domain.name, "customer1.example");
	ck_assert_int_eq(find(map, "mail.customer99998.example"), 0);
	ck_assert_int_eq(find(map, "customer99999.example"), 1);
	ck_assert_int_eq(find(map, "mail.customer99999.example"), -1);
	destination_map_free(&map);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("destination");
	TCase *t = tcase_create("destination");

	tcase_add_test(t, an_empty_map_has_none);
	tcase_add_loop_test(t, a_domain_finds_its_destination, 0,
	    MW_N_OF(found));
	tcase_add_loop_test(t, an_overlap_is_seen_in_either_order, 0,
	    MW_N_OF(pairs));
	tcase_add_test(t, a_late_suffix_sees_all_below_it);
	tcase_add_test(t, the_same_one_again_is_told_before_its_neighbours);
	tcase_add_test(t, patterns_come_back_in_the_order_they_were_added);
	tcase_add_loop_test(t, it_equals_a_naive_model, 0, 50);
	tcase_add_test(t, many_domains_are_added_in_linear_time);
	suite_add_tcase(s, t);
	return suite_main(s);
}
