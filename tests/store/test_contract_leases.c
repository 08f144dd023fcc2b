/* Leases: a cap holds, and each ends by itself. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "contract.h"

static struct store_reply
take(const char *name, const char *member, uint32_t limit, int64_t ttl_ms)
{
	return ask(&(struct store_request){
		.verb = STORE_LEASE_TAKE,
		.name = name,
		.u.lease_take = {
			.member = member, .limit = limit, .ttl_ms = ttl_ms,
		},
	});
}

static struct store_reply
drop(const char *name, const char *member)
{
	return ask(&(struct store_request){
		.verb = STORE_LEASE_DROP,
		.name = name,
		.u.lease_drop = { .members = &member, .n = 1 },
	});
}

START_TEST(a_cap_holds)
{
	open_store(_i);
	ck_assert(take("contoso", "a/1", 2, 30000).u.lease.granted);
	ck_assert(take("contoso", "a/2", 2, 30000).u.lease.granted);

	struct store_reply third = take("contoso", "b/3", 2, 30000);
	ck_assert(!third.u.lease.granted);
	ck_assert_uint_eq(third.u.lease.count, 2);

	ck_assert(take("fabrikam", "b/3", 2, 30000).u.lease.granted);
	ck_assert_uint_eq(drop("contoso", "a/1").u.lease.count, 1);
	ck_assert(take("contoso", "b/3", 2, 30000).u.lease.granted);
	ck_assert_uint_eq(destination("contoso").u.destination.leases, 2);
}
END_TEST

START_TEST(the_same_member_takes_one_place)
{
	open_store(_i);
	ck_assert(take("contoso", "a/1", 1, 30000).u.lease.granted);

	struct store_reply again = take("contoso", "a/1", 1, 30000);
	ck_assert(again.u.lease.granted);
	ck_assert_uint_eq(again.u.lease.count, 1);
}
END_TEST

START_TEST(limit_0_is_no_limit)
{
	open_store(_i);
	ck_assert(take("contoso", "a/1", 1, 30000).u.lease.granted);
	ck_assert(!take("contoso", "a/2", 1, 30000).u.lease.granted);

	struct store_reply healed = take("contoso", "a/2", 0, 30000);
	ck_assert(healed.u.lease.granted);
	ck_assert_uint_eq(healed.u.lease.count, 2);
}
END_TEST

START_TEST(a_lease_ends_by_itself)
{
	const char *both[] = { "a/short", "a/long" };

	open_store(_i);
	ck_assert(take("contoso", "a/short", 2, 20).u.lease.granted);
	ck_assert(take("contoso", "a/long", 2, 30000).u.lease.granted);
	nap(50);
	ck_assert_uint_eq(destination("contoso").u.destination.leases, 1);

	struct store_reply r = ask(&(struct store_request){
		.verb = STORE_LEASE_RENEW,
		.name = "contoso",
		.u.lease_renew = { both, 2, 30000 },
	});
	ck_assert_uint_eq(r.u.renew.missing, 1);
	ck_assert(take("contoso", "b/1", 2, 30000).u.lease.granted);
}
END_TEST

START_TEST(a_renewal_lasts)
{
	const char *one[] = { "a/1" };

	open_store(_i);
	ck_assert(take("contoso", "a/1", 1, 150).u.lease.granted);

	struct store_reply r = ask(&(struct store_request){
		.verb = STORE_LEASE_RENEW,
		.name = "contoso",
		.u.lease_renew = { one, 1, 30000 },
	});
	ck_assert_uint_eq(r.u.renew.missing, 0);
	nap(350);
	ck_assert_uint_eq(destination("contoso").u.destination.leases, 1);
}
END_TEST

START_TEST(sixty_four_are_renewed_at_once)
{
	char names[STORE_MEMBERS_MAX][STORE_MEMBER_MAX + 1];
	const char *members[STORE_MEMBERS_MAX];

	open_store(_i);
	for (int i = 0; i < STORE_MEMBERS_MAX; i++) {
		memset(names[i], 'x', STORE_MEMBER_MAX);
		snprintf(names[i] + STORE_MEMBER_MAX - 2, 3, "%02d", i);
		members[i] = names[i];
		if (i != 5 && i != 63)
			take("contoso", members[i], 0, 30000);
	}

	struct store_reply r = ask(&(struct store_request){
		.verb = STORE_LEASE_RENEW,
		.name = "contoso",
		.u.lease_renew = { members, STORE_MEMBERS_MAX, 30000 },
	});
	ck_assert_uint_eq(r.u.renew.missing,
	    UINT64_C(1) << 5 | UINT64_C(1) << 63);
}
END_TEST

START_TEST(what_was_never_taken_is_dropped_in_peace)
{
	open_store(_i);
	ck_assert_uint_eq(drop("contoso", "a/1").u.lease.count, 0);
}
END_TEST

START_TEST(who_comes_in_their_places_asks_for_no_limit)
{
	static const char *const off[] = { "a/1", "a/2" };
	static const char *const on[] = { "a/3", "a/4", "a/5" };
	struct store_reply r;

	open_store(_i);
	ck_assert(take("contoso", "a/1", 2, 30000).u.lease.granted);
	ck_assert(take("contoso", "a/2", 2, 30000).u.lease.granted);
	r = ask(&(struct store_request){
		.verb = STORE_LEASE_DROP,
		.name = "contoso",
		.u.lease_drop = { off, 2, on, 3, 30000 },
	    });
	ck_assert_uint_eq(r.u.lease.count, 3);
	for (size_t i = 0; i < MW_N_OF(on); i++)
		ck_assert(take("contoso", on[i], 1, 30000).u.lease.granted);
	ck_assert(!take("contoso", off[0], 3, 30000).u.lease.granted);
	r = ask(&(struct store_request){
		.verb = STORE_LEASE_DROP,
		.name = "contoso",
		.u.lease_drop = { NULL, 0, off, 1, 30000 },
	    });
	ck_assert_uint_eq(r.u.lease.count, 4);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_cap_holds, the_same_member_takes_one_place,
		limit_0_is_no_limit, a_lease_ends_by_itself, a_renewal_lasts,
		sixty_four_are_renewed_at_once,
		what_was_never_taken_is_dropped_in_peace,
		who_comes_in_their_places_asks_for_no_limit,
	};
	TCase *tc = contract_case("leases");

	contract_every_store(tc, tests, MW_N_OF(tests));
	return contract_main(tc);
}
