#include "suite.h"

#include "base/mem.h"
#include "base/table.h"

#include <stdio.h>

#define MANY 100000

START_TEST(a_key_is_found_with_its_value)
{
	struct table *t = table_new();
	uint64_t value = 7;

	ck_assert(!table_get(t, SPAN("contoso.com"), &value));
	ck_assert(table_add(t, SPAN("contoso.com"), 3, NULL));
	ck_assert(table_get(t, SPAN("contoso.com"), &value));
	ck_assert_uint_eq(value, 3);
	ck_assert(!table_get(t, SPAN("contoso.co"), &value));
	ck_assert(!table_get(t, SPAN("Contoso.com"), &value));
	ck_assert_uint_eq(value, 3);
	table_free(&t);
	ck_assert_ptr_null(t);
	table_free(&t);
}
END_TEST

START_TEST(the_first_of_two_stays)
{
	struct table *t = table_new();
	uint32_t first = 1, second = 2;
	uint64_t value = 0;

	ck_assert(table_add(t, SPAN("a"), 1, &first));
	ck_assert(!table_add(t, SPAN("a"), 2, &second));
	ck_assert_uint_eq(first, second);
	ck_assert(!table_add(t, SPAN("a"), 3, NULL));
	ck_assert(table_get(t, SPAN("a"), &value));
	ck_assert_uint_eq(value, 1);
	ck_assert_uint_eq(table_count(t), 1);
	table_free(&t);
}
END_TEST

START_TEST(keys_are_bytes_and_may_be_none)
{
	const struct span a = { "a\0a", 3 }, b = { "a\0b", 3 };
	struct table *t = table_new();
	uint64_t value;

	ck_assert(table_add(t, SPAN(""), 9, NULL));
	ck_assert(!table_add(t, (struct span){ NULL, 0 }, 9, NULL));
	ck_assert(table_get(t, SPAN(""), &value));
	ck_assert(table_add(t, a, 1, NULL));
	ck_assert(table_add(t, b, 2, NULL));
	ck_assert(table_get(t, b, &value));
	ck_assert_uint_eq(value, 2);
	table_free(&t);
}
END_TEST

START_TEST(a_key_is_copied)
{
	char key[] = "filter";
	struct table *t = table_new();
	uint64_t value;

	table_add(t, span_of(key), 5, NULL);
	key[0] = 'x';
	ck_assert(table_get(t, SPAN("filter"), &value));
	ck_assert(!table_get(t, span_of(key), &value));
	table_free(&t);
}
END_TEST

static struct span
name_of(uint32_t i, char dst[32])
{
	snprintf(dst, 32, "customer%u.example", i);
	return span_of(dst);
}

START_TEST(many_keys_stay_apart)
{
	struct table *t = table_new();
	uint64_t value;
	char name[32];

	if (_i == 1)
		table_expect(t, MANY);
	for (uint32_t i = 0; i < MANY; i++)
		ck_assert(table_add(t, name_of(i, name), i, NULL));
	ck_assert_uint_eq(table_count(t), MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		ck_assert(table_get(t, name_of(i, name), &value));
		ck_assert_uint_eq(value, i);
		ck_assert(!table_get(t, name_of(MANY + i, name), &value));
	}
	table_free(&t);
}
END_TEST

START_TEST(where_a_key_stands_stays_true)
{
	struct table *t = table_new();
	uint32_t at, found = 0;
	char name[32];

	ck_assert(table_add(t, SPAN("fabrikam.com"), 1, NULL));
	ck_assert(!table_find(t, SPAN("contoso.com"), &found));
	ck_assert(table_add(t, SPAN("contoso.com"), UINT64_MAX, &at));
	for (uint32_t i = 0; i < 1000; i++)
		table_add(t, name_of(i, name), i, NULL);
	ck_assert(table_find(t, SPAN("contoso.com"), &found));
	ck_assert_uint_eq(found, at);
	ck_assert(span_eq(table_at(t, at).key, SPAN("contoso.com")));
	ck_assert_uint_eq(table_at(t, at).value, UINT64_MAX);
	ck_assert(!table_find(t, SPAN("contoso.co"), &found));
	ck_assert_uint_eq(found, at);
	table_free(&t);
}
END_TEST

START_TEST(keys_come_back_in_the_order_they_were_added)
{
	struct table *t = table_new();
	struct table_entry entry;
	uint32_t at = 0;
	char name[32];

	ck_assert(!table_next(t, &at, &entry));
	for (uint32_t i = 0; i < 1000; i++) {
		table_add(t, name_of(i, name), i, NULL);
		table_add(t, name_of(i / 2, name), 0, NULL);
	}
	for (uint32_t i = 0; i < 1000; i++) {
		ck_assert(table_next(t, &at, &entry));
		ck_assert_uint_eq(entry.value, i);
		ck_assert(span_eq(entry.key, name_of(i, name)));
	}
	ck_assert(!table_next(t, &at, &entry));
	table_free(&t);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("table");
	TCase *t = tcase_create("table");

	tcase_add_test(t, a_key_is_found_with_its_value);
	tcase_add_test(t, the_first_of_two_stays);
	tcase_add_test(t, keys_are_bytes_and_may_be_none);
	tcase_add_test(t, a_key_is_copied);
	tcase_add_loop_test(t, many_keys_stay_apart, 0, 2);
	tcase_add_test(t, where_a_key_stands_stays_true);
	tcase_add_test(t, keys_come_back_in_the_order_they_were_added);
	suite_add_tcase(s, t);
	return suite_main(s);
}
