#include "leases.h"

#include "suite.h"

#include "base/chance.h"

#include <stdio.h>
#include <string.h>

#define NAMES 300

/* What a table without any order would have: ends by name, 0 for none. */
static int64_t naive[NAMES];

static const char *
name_of(uint32_t number)
{
	static char name[32];

	snprintf(name, sizeof(name), "mx1/192.0.2.1:%u/25", number);
	return name;
}

static uint32_t
naive_count(int64_t now)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < NAMES; i++) {
		if (naive[i] <= now)
			naive[i] = 0;
		n += naive[i] > 0;
	}
	return n;
}

START_TEST(as_many_as_a_naive_list_has)
{
	struct leases l = { 0 };
	int64_t now = 1;

	chance_seed((uint64_t)_i + 1);
	memset(naive, 0, sizeof(naive));
	for (int step = 0; step < 4000; step++, now += chance_below(3)) {
		const uint32_t who = chance_below(NAMES);
		const int64_t until = now + 1 + chance_below(600);

		leases_expire(&l, now);
		ck_assert_uint_eq(l.n, naive_count(now));
		ck_assert_int_eq(leases_has(&l, name_of(who)),
		    naive[who] > 0);
		if (chance_below(3) == 0) {
			ck_assert_int_eq(leases_drop(&l, name_of(who)),
			    naive[who] > 0);
			naive[who] = 0;
		} else {
			ck_assert(leases_put(&l, name_of(who), until));
			naive[who] = until;
		}
	}
	leases_free(&l);
	ck_assert_uint_eq(l.n, 0);
}
END_TEST

START_TEST(there_is_a_most)
{
	struct leases l = { 0 };
	char name[200];

	for (uint32_t i = 0; i < LEASES_MAX; i++)
		ck_assert(leases_put(&l, name_of(i), 1000 + i));
	ck_assert(!leases_put(&l, "one more", 1000));
	ck_assert(leases_put(&l, name_of(7), 999999));
	leases_expire(&l, 1000);
	ck_assert(leases_put(&l, "one more", 2000));
	leases_expire(&l, 999998);
	ck_assert_uint_eq(l.n, 1);
	ck_assert(leases_has(&l, name_of(7)));

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert(!leases_put(&l, name, 1000000));
	leases_free(&l);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("leases");
	TCase *tc = tcase_create("leases");

	tcase_add_loop_test(tc, as_many_as_a_naive_list_has, 0, 4);
	tcase_add_test(tc, there_is_a_most);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
