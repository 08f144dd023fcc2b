/*
 * Histories at random: what Redis answered is asked of the local store for
 * the same moment, and has to be the same.
 */
#include <stdlib.h>

#include "base/chance.h"
#include "contract.h"
#include "store/local.h"

#define SLOT_TTL_MS 15

static struct store_request
any_request(const char *const *hosts, uint32_t n_hosts, uint32_t cap)
{
	static const char *const members[] = { "a/1", "a/2", "b/1", "b/2" };
	struct store_request r = { .verb = STORE_SLOTS, .name = "x" };
	uint32_t in_use;

	switch (chance_below(6)) {
	case 0:
		r.verb = STORE_LEASE_TAKE;
		r.u.lease_take.member = members[chance_below(4)];
		r.u.lease_take.limit = chance_below(4);
		r.u.lease_take.ttl_ms = 1 + chance_below(20);
		r.u.lease_take.drops = members;
		r.u.lease_take.n_drops = chance_below(3);
		return r;
	case 1:
		r.verb = STORE_LEASE_RENEW;
		r.u.lease_renew.members = members;
		r.u.lease_renew.n = 1 + chance_below(4);
		r.u.lease_renew.ttl_ms = 1 + chance_below(20);
		return r;
	case 2:
		r.verb = STORE_LEASE_DROP;
		r.u.lease_drop.members = members + chance_below(2);
		r.u.lease_drop.n = 1 + chance_below(3);
		r.u.lease_drop.enter = members;
		r.u.lease_drop.n_enter = chance_below(3);
		r.u.lease_drop.ttl_ms = 1 + chance_below(20);
		return r;
	default:
		in_use = chance_below(4);
		r.u.slots.host = hosts[chance_below(n_hosts)];
		r.u.slots.in_use = in_use;
		r.u.slots.waiting = chance_below(3) * chance_below(8);
		r.u.slots.old = chance_below(3) * chance_below(4);
		r.u.slots.held = in_use + chance_below(3);
		r.u.slots.cap = chance_below(3) == 0 ? 1 : cap;
		r.u.slots.limit = cap;
		r.u.slots.ttl_ms = SLOT_TTL_MS;
		r.u.slots.settle_ms = chance_below(3) * 5;
		return r;
	}
}

static void
check_same(const struct store_reply *a, const struct store_reply *b)
{
	if (a->verb == STORE_SLOTS) {
		ck_assert_uint_eq(a->u.slots.granted, b->u.slots.granted);
		ck_assert_uint_eq(a->u.slots.in_use, b->u.slots.in_use);
		ck_assert_uint_eq(a->u.slots.waiting, b->u.slots.waiting);
		ck_assert_uint_eq(a->u.slots.hosts, b->u.slots.hosts);
	} else if (a->verb == STORE_LEASE_RENEW)
		ck_assert_uint_eq(a->u.renew.missing, b->u.renew.missing);
	else {
		ck_assert_int_eq(a->u.lease.granted, b->u.lease.granted);
		ck_assert_uint_eq(a->u.lease.count, b->u.lease.count);
	}
}

START_TEST(redis_and_memory_agree)
{
	static const char *const hosts[] = { "a", "b", "c", "d", "e" };
	struct store_local *twin = store_local_new();
	int64_t last_ms = 0;

	chance_seed((uint64_t)_i + 1);
	open_store(POOL);
	for (uint32_t step = 0, cap = 7; step < 600; step++) {
		const struct store_request r = any_request(hosts, 5, cap);
		const struct store_reply is = ask(&r);
		struct store_reply same;
		struct err err;

		/* Just when Redis forgets the key by itself it may be a
		 * millisecond off: nothing to learn from. */
		if (r.verb == STORE_SLOTS) {
			if (llabs(is.now_ms - last_ms - 2 * SLOT_TTL_MS) <= 2)
				break;
			last_ms = is.now_ms;
		}
		ck_assert_int_eq(store_local_call(twin, &r, is.now_ms, &same,
		    &err), 0);
		check_same(&is, &same);
		if (chance_below(40) == 0)
			cap = chance_below(20);
		if (chance_below(60) == 0)
			nap(1 + (int)chance_below(40));
	}
	store_local_free(&twin);
}
END_TEST

/* The same of what is in the window, row by row. */
static uint64_t
count_in(const struct store_reply *r, const struct window_row *like)
{
	const struct window *w = &r->u.upstream.window;
	uint64_t n = 0;

	for (uint32_t i = 0; i < w->n; i++)
		if (w->rows[i].bucket == like->bucket &&
		    w->rows[i].class == like->class &&
		    (w->rows[i].host == 0) == (like->host == 0))
			n += w->rows[i].count;
	return n;
}

static void
check_same_window(const struct store_reply *a, const struct store_reply *b)
{
	const struct window *w = &a->u.upstream.window;

	ck_assert_uint_eq(a->u.upstream.n_hosts, b->u.upstream.n_hosts);
	ck_assert_uint_eq(a->u.upstream.streak, b->u.upstream.streak);
	for (uint32_t i = 0; i < w->n; i++)
		ck_assert_uint_eq(count_in(a, &w->rows[i]),
		    count_in(b, &w->rows[i]));
}

START_TEST(redis_and_memory_agree_on_the_window)
{
	static const char *const hosts[] = { "a", "b", "c" };
	struct store_local *twin = store_local_new();

	chance_seed((uint64_t)_i + 1);
	open_store(POOL);
	for (uint32_t step = 0; step < 120; step++) {
		struct store_request r = { .verb = STORE_OBSERVE, .name = "x",
			.u.observe = {
				.host = hosts[chance_below(3)],
				.window_ms = 10 * WINDOW_BUCKETS,
				.version = chance_below(9) == 0,
			} };
		struct store_reply is, same;
		struct err err;

		r.u.observe.counts[OUTCOME_OK] = chance_below(3);
		r.u.observe.counts[OUTCOME_TROUBLE] = chance_below(2);
		r.u.observe.counts[OUTCOME_DNS] = chance_below(9) == 0;
		is = ask(&r);
		ck_assert_int_eq(store_local_call(twin, &r, is.now_ms, &same,
		    &err), 0);
		check_same_window(&is, &same);
		check_same_window(&same, &is);
		if (chance_below(6) == 0)
			nap(1 + (int)chance_below(40));
		if (chance_below(100) == 0)
			nap(10 * WINDOW_BUCKETS);
	}
	store_local_free(&twin);
}
END_TEST

int
main(void)
{
	TCase *tc = contract_case("agree");

	tcase_add_loop_test(tc, redis_and_memory_agree, 0, 4);
	tcase_add_loop_test(tc, redis_and_memory_agree_on_the_window, 0, 4);
	return contract_main(tc);
}
