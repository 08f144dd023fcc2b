/* Connections, shared among the hosts by what each has use for. */
#include "base/mem.h"
#include "contract.h"

struct report {
	const char *host;
	uint32_t in_use, waiting, held, cap;
	int64_t settle_ms;
};

static struct store_reply
report_beside(uint32_t old, uint32_t limit, struct report r)
{
	return ask(&(struct store_request){
		.verb = STORE_SLOTS,
		.name = "filter",
		.u.slots = { r.host, r.in_use, r.waiting, old, r.held, r.cap,
		    limit, 30000, r.settle_ms },
	});
}

static struct store_reply
report(struct report r)
{
	return report_beside(0, r.cap, r);
}

static uint32_t
granted(struct report r)
{
	return report(r).u.slots.granted;
}

START_TEST(a_lone_host_gets_all)
{
	open_store(_i);

	struct store_reply r = report((struct report){ "a", 2, 3, 0, 20, 0 });
	ck_assert_uint_eq(r.u.slots.granted, 20);
	ck_assert_uint_eq(r.u.slots.in_use, 2);
	ck_assert_uint_eq(r.u.slots.waiting, 3);
	ck_assert_uint_eq(r.u.slots.hosts, 1);
}
END_TEST

START_TEST(what_is_granted_is_not_granted_twice)
{
	open_store(_i);
	ck_assert_uint_eq(granted((struct report){ "a", 0, 0, 0, 10, 0 }), 10);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 5, 0, 10, 0 }), 0);
	/* a gives back what it has no use for, and keeps half of the rest */
	ck_assert_uint_eq(granted((struct report){ "a", 1, 0, 10, 10, 0 }), 3);
	ck_assert_uint_eq(granted((struct report){ "a", 1, 0, 3, 10, 0 }), 3);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 5, 0, 10, 0 }), 7);
}
END_TEST

START_TEST(shares_follow_demand)
{
	open_store(_i);
	granted((struct report){ "a", 0, 2, 0, 10, 0 });
	granted((struct report){ "b", 0, 90, 0, 10, 0 });
	granted((struct report){ "c", 0, 90, 0, 10, 0 });
	granted((struct report){ "a", 0, 2, 0, 10, 0 });
	granted((struct report){ "b", 0, 90, 0, 10, 0 });
	ck_assert_uint_eq(granted((struct report){ "c", 0, 90, 0, 10, 0 }), 4);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 90, 0, 10, 0 }), 4);
	ck_assert_uint_eq(granted((struct report){ "a", 0, 2, 0, 10, 0 }), 2);
}
END_TEST

START_TEST(the_rest_goes_to_the_first_by_name)
{
	open_store(_i);
	for (int i = 0; i < 2; i++) {
		granted((struct report){ "c", 0, 9, 0, 5, 0 });
		granted((struct report){ "b", 0, 9, 0, 5, 0 });
		granted((struct report){ "a", 0, 9, 0, 5, 0 });
	}
	ck_assert_uint_eq(granted((struct report){ "a", 0, 9, 0, 5, 0 }), 2);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 9, 0, 5, 0 }), 2);
	ck_assert_uint_eq(granted((struct report){ "c", 0, 9, 0, 5, 0 }), 1);
}
END_TEST

START_TEST(a_connection_in_use_counts_until_it_ends)
{
	open_store(_i);
	ck_assert_uint_eq(granted((struct report){ "a", 0, 8, 0, 8, 0 }), 8);
	ck_assert_uint_eq(granted((struct report){ "a", 8, 9, 8, 4, 0 }), 4);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 9, 0, 4, 0 }), 0);
	ck_assert_uint_eq(granted((struct report){ "a", 3, 9, 4, 4, 0 }), 2);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 9, 0, 4, 0 }), 0);
	ck_assert_uint_eq(granted((struct report){ "a", 3, 9, 2, 4, 0 }), 2);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 9, 0, 4, 0 }), 1);
	ck_assert_uint_eq(granted((struct report){ "a", 2, 9, 2, 4, 0 }), 2);
	ck_assert_uint_eq(granted((struct report){ "b", 1, 9, 1, 4, 0 }), 2);
	ck_assert_uint_eq(granted((struct report){ "a", 2, 5, 2, 0, 0 }), 0);
}
END_TEST

/* What a host has beside so many old connections, of ten in all. */
static uint32_t
beside(uint32_t old, struct report r)
{
	return report_beside(old, 10, r).u.slots.granted;
}

/* Eight hang: a trial is beside them, and never a second one. */
START_TEST(old_connections_count_apart_and_below_the_limit)
{
	open_store(_i);
	granted((struct report){ "a", 8, 9, 8, 10, 0 });
	ck_assert_uint_eq(beside(0, (struct report){ "b", 0, 9, 0, 1, 0 }), 0);
	ck_assert_uint_eq(beside(8, (struct report){ "a", 0, 0, 0, 1, 0 }), 0);
	ck_assert_uint_eq(beside(0, (struct report){ "b", 0, 9, 0, 1, 0 }), 1);
	ck_assert_uint_eq(beside(2, (struct report){ "a", 0, 0, 0, 1, 0 }), 0);
	ck_assert_uint_eq(report((struct report){ "b", 1, 9, 1, 1, 0 })
	    .u.slots.in_use, 3);
	/* none where all the limit hangs */
	ck_assert_uint_eq(beside(8, (struct report){ "b", 0, 9, 1, 1, 0 }), 0);
	ck_assert_uint_eq(beside(7, (struct report){ "b", 0, 9, 0, 1, 0 }), 1);
	/* what hangs leaves the rest, when all may flow again */
	ck_assert_uint_eq(beside(7, (struct report){ "b", 1, 9, 1, 10, 0 }), 1);
	ck_assert_uint_eq(beside(1, (struct report){ "b", 1, 9, 1, 10, 0 }), 7);
}
END_TEST

START_TEST(a_newcomer_gets_its_share_of_a_busy_one)
{
	open_store(_i);
	ck_assert_uint_eq(granted((struct report){ "a", 0, 90, 0, 8, 0 }), 8);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 90, 0, 8, 0 }), 0);
	ck_assert_uint_eq(granted((struct report){ "a", 8, 90, 8, 8, 0 }), 4);
	ck_assert_uint_eq(granted((struct report){ "a", 4, 90, 4, 8, 0 }), 4);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 90, 0, 8, 0 }), 4);
}
END_TEST

START_TEST(a_lost_store_grants_nothing_twice)
{
	open_store(_i);
	ck_assert_uint_eq(granted((struct report){ "a", 4, 3, 6, 10, 80 }), 6);
	ck_assert_uint_eq(granted((struct report){ "b", 1, 9, 4, 10, 80 }), 4);
	ck_assert_uint_eq(granted((struct report){ "c", 0, 9, 0, 10, 80 }), 0);
	nap(120);
	granted((struct report){ "a", 1, 0, 6, 10, 80 });
	ck_assert_uint_eq(granted((struct report){ "c", 0, 9, 0, 10, 80 }), 0);
	granted((struct report){ "a", 1, 0, 1, 10, 80 });
	ck_assert_uint_gt(granted((struct report){ "c", 0, 9, 0, 10, 80 }), 0);
}
END_TEST

/* The host never hears of the smaller grant, and uses all of the old one. */
START_TEST(what_an_answer_took_back_is_not_free_before_the_host_says_so)
{
	open_store(_i);
	ck_assert_uint_eq(granted((struct report){ "a", 0, 9, 0, 8, 0 }), 8);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 9, 0, 8, 0 }), 0);
	ck_assert_uint_eq(granted((struct report){ "a", 2, 9, 8, 8, 0 }), 4);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 9, 0, 8, 0 }), 0);
	ck_assert_uint_eq(granted((struct report){ "a", 2, 9, 4, 8, 0 }), 4);
	ck_assert_uint_eq(granted((struct report){ "b", 0, 9, 0, 8, 0 }), 4);
}
END_TEST

static struct store_reply
brief_report(const char *host, uint32_t held)
{
	return ask(&(struct store_request){
		.verb = STORE_SLOTS,
		.name = "filter",
		.u.slots = { .host = host, .waiting = 9, .held = held,
		    .cap = 10, .limit = 10, .ttl_ms = 40, .settle_ms = 80 },
	});
}

/* The network was gone between all of them and the store. */
START_TEST(hosts_that_were_away_keep_what_they_hold)
{
	open_store(_i);
	ck_assert_uint_eq(brief_report("a", 10).u.slots.granted, 10);
	nap(60);
	ck_assert_uint_eq(brief_report("b", 0).u.slots.granted, 0);
	ck_assert_uint_eq(brief_report("a", 10).u.slots.granted, 10);
}
END_TEST

/* ... for about as long as a report is good: that of one of them is over. */
START_TEST(whose_report_is_over_keeps_what_he_holds_when_all_were_away)
{
	struct store_request a = {
		.verb = STORE_SLOTS,
		.name = "filter",
		.u.slots = { .host = "a", .in_use = 5, .held = 5, .cap = 10,
		    .limit = 10, .ttl_ms = 200, .settle_ms = 150 },
	};
	struct store_request b = a;

	open_store(_i);
	b.u.slots.host = "b";
	b.u.slots.waiting = 5;
	a.u.slots.settle_ms = b.u.slots.settle_ms = 0;
	ask(&a);
	nap(60);
	ck_assert_uint_eq(ask(&b).u.slots.granted, 5);
	a.u.slots.settle_ms = b.u.slots.settle_ms = 150;
	nap(160);
	ck_assert_uint_eq(ask(&b).u.slots.granted, 5);
	ck_assert_uint_eq(ask(&a).u.slots.granted, 5);
	nap(160);
	ck_assert_uint_eq(ask(&b).u.slots.granted, 5);
}
END_TEST

START_TEST(a_host_alone_and_first_waits_its_turn)
{
	open_store(_i);
	ck_assert_uint_eq(granted((struct report){ "a", 0, 5, 0, 10, 60 }), 0);
	nap(90);
	ck_assert_uint_eq(granted((struct report){ "a", 0, 5, 0, 10, 60 }), 10);
}
END_TEST

START_TEST(a_dead_hosts_slots_come_back)
{
	struct store_request r = {
		.verb = STORE_SLOTS,
		.name = "filter",
		.u.slots = { .host = "dead", .waiting = 10, .cap = 10,
		    .limit = 10, .ttl_ms = 40 },
	};

	open_store(_i);
	ck_assert_uint_eq(ask(&r).u.slots.granted, 10);
	r.u.slots.host = "alive";
	ck_assert_uint_eq(ask(&r).u.slots.granted, 0);
	nap(60);
	struct store_reply reply = ask(&r);
	ck_assert_uint_eq(reply.u.slots.granted, 10);
	ck_assert_uint_eq(reply.u.slots.hosts, 1);
}
END_TEST

START_TEST(what_is_in_use_shows_beside_the_outcomes)
{
	open_store(_i);
	report((struct report){ "a", 2, 3, 0, 20, 0 });
	report((struct report){ "b", 1, 0, 0, 20, 0 });

	struct store_reply r = observe((struct seen){ .host = "a" });
	ck_assert_uint_eq(r.u.upstream.in_use, 3);
	ck_assert_uint_eq(r.u.upstream.waiting, 3);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_lone_host_gets_all, what_is_granted_is_not_granted_twice,
		shares_follow_demand, the_rest_goes_to_the_first_by_name,
		a_connection_in_use_counts_until_it_ends,
		old_connections_count_apart_and_below_the_limit,
		a_newcomer_gets_its_share_of_a_busy_one,
		a_lost_store_grants_nothing_twice,
		what_an_answer_took_back_is_not_free_before_the_host_says_so,
		hosts_that_were_away_keep_what_they_hold,
		whose_report_is_over_keeps_what_he_holds_when_all_were_away,
		a_host_alone_and_first_waits_its_turn,
		a_dead_hosts_slots_come_back,
		what_is_in_use_shows_beside_the_outcomes,
	};
	TCase *tc = contract_case("slots");

	contract_every_store(tc, tests, MW_N_OF(tests));
	return contract_main(tc);
}
