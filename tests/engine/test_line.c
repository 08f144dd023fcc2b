#include "engine/line.h"

#include "suite.h"

#include "base/bucket.h"
#include "base/chance.h"

#include <stddef.h>
#include <string.h>

#define N_WAITERS 8

struct who {
	struct line_waiter waiter;
	int answers, slots;
};

static void
answered(struct line_waiter *w, bool granted, int64_t now_ms)
{
	struct who *who = (struct who *)((char *)w -
	    offsetof(struct who, waiter));

	(void)now_ms;
	who->answers++;
	who->slots += granted;
}

static void
stand(struct line *line, struct who *who, int64_t deadline_ms)
{
	who->waiter.done = answered;
	line_wait(line, &who->waiter, deadline_ms);
}

/* As an answer of the fleet at once. */
static void
grant(struct line *line, uint32_t granted, int64_t now_ms)
{
	line_grant(line, granted, now_ms);
	line_serve(line, now_ms);
}

START_TEST(slots_are_spent_from_memory)
{
	struct line *line = line_new();

	ck_assert(!line_take(line, 0));
	grant(line, 2, 0);
	ck_assert(line_take(line, 0));
	ck_assert(line_take(line, 0));
	ck_assert(!line_take(line, 0));
	line_give(line, 0, 0);
	ck_assert(line_take(line, 0));
	line_free(&line);
	ck_assert_ptr_null(line);
}
END_TEST

START_TEST(first_come_first_served)
{
	struct line *line = line_new();
	struct who a = { 0 }, b = { 0 };

	grant(line, 1, 0);
	ck_assert(line_take(line, 0));
	stand(line, &a, 1000);
	stand(line, &b, 1000);
	line_give(line, 0, 5);
	ck_assert_int_eq(a.slots, 1);
	ck_assert_int_eq(b.answers, 0);
	ck_assert_msg(!line_take(line, 0), "nobody passes those who wait");
	line_give(line, 5, 6);
	ck_assert_int_eq(b.slots, 1);
	line_free(&line);
}
END_TEST

START_TEST(a_grant_that_is_not_renewed_ends)
{
	struct line *line = line_new();
	struct who who = { 0 };
	const int64_t t = 1000;

	grant(line, 2, t);
	ck_assert(line_take(line, t + LINE_GRANT_MS - 1));
	ck_assert(!line_take(line, t + LINE_GRANT_MS));
	stand(line, &who, INT64_MAX);
	line_give(line, t, t + LINE_GRANT_MS);
	ck_assert_uint_eq(who.slots, 0);
	grant(line, 2, t + LINE_GRANT_MS);
	ck_assert_uint_eq(who.slots, 1);
	line_free(&line);
}
END_TEST

START_TEST(a_greater_grant_serves_the_line)
{
	struct line *line = line_new();
	struct who who[3] = { 0 };

	for (int i = 0; i < 3; i++)
		stand(line, &who[i], 1000);
	ck_assert(line_is_short(line, 0));
	grant(line, 2, 0);
	ck_assert_int_eq(who[0].slots + who[1].slots, 2);
	ck_assert_int_eq(who[2].answers, 0);
	line_leave(&who[2].waiter);
	ck_assert(!line_is_short(line, 0));
	line_free(&line);
}
END_TEST

START_TEST(a_limit_is_below_any_grant)
{
	struct line *line = line_new();
	struct who a = { 0 }, b = { 0 };

	grant(line, 4, 0);
	line_set_limit(line, 1);
	ck_assert(line_take(line, 0));
	ck_assert(!line_take(line, 0));
	ck_assert_uint_eq(line_state(line, 0).granted, 4);
	ck_assert_uint_eq(line_state(line, 0).free, 0);
	stand(line, &a, 1000);
	stand(line, &b, 1000);
	ck_assert_msg(line_state(line, 0).waiting == 0, "it asks for no more");
	line_give(line, 0, 0);
	ck_assert_int_eq(a.slots, 1);
	ck_assert_int_eq(b.answers, 0);
	line_set_limit(line, UINT32_MAX);
	line_serve(line, 0);
	ck_assert_int_eq(b.slots, 1);
	ck_assert_uint_eq(line_state(line, 0).free, 2);
	line_free(&line);
}
END_TEST

START_TEST(a_refused_slot_rests)
{
	struct line *line = line_new();
	struct who who = { 0 };

	grant(line, 2, 0);
	ck_assert(line_take(line, 0));
	ck_assert(line_take(line, 0));
	line_rest(line, 0, 0);
	line_rest(line, 0, 500);
	stand(line, &who, 10000);
	ck_assert_uint_eq(line_state(line, 500).in_use, 2);
	line_expire(line, LINE_REST_MS - 1);
	ck_assert_int_eq(who.answers, 0);
	line_expire(line, LINE_REST_MS);
	ck_assert_int_eq(who.slots, 1);
	ck_assert_uint_eq(line_state(line, LINE_REST_MS).in_use, 1);
	line_free(&line);
}
END_TEST

START_TEST(what_rests_is_over_when_the_cap_falls)
{
	struct line *line = line_new();
	struct who who = { 0 };

	grant(line, 3, 0);
	for (int i = 0; i < 3; i++)
		ck_assert(line_take(line, i));
	line_rest(line, 2, 5);
	stand(line, &who, 10000);
	ck_assert_uint_eq(line_state(line, 10).in_use, 3);
	line_fall(line, 10);
	ck_assert_msg(who.slots == 0, "its grant was of the old cap");
	ck_assert_uint_eq(line_state(line, 10).in_use, 2);
	line_rest(line, 1, 11);
	ck_assert_msg(line_state(line, 11).in_use == 1,
	    "the cap has fallen for it");
	ck_assert_msg(who.slots == 0, "it would hear the same");
	grant(line, 2, 12);
	ck_assert_int_eq(who.slots, 1);
	line_rest(line, 12, 13);
	ck_assert_msg(line_state(line, 13).in_use == 2,
	    "the cap is too high still");
	line_expire(line, LINE_REST_MS + 13);
	ck_assert_uint_eq(line_state(line, LINE_REST_MS + 13).in_use, 1);
	line_free(&line);
}
END_TEST

START_TEST(at_a_turn_all_is_old)
{
	struct line *line = line_new();
	struct who who = { 0 };

	grant(line, 3, 0);
	for (int i = 0; i < 3; i++)
		ck_assert(line_take(line, i));
	line_rest(line, 0, 5);
	stand(line, &who, 10000);
	line_turn(line, 10);
	ck_assert_uint_eq(line_state(line, 10).in_use, 0);
	ck_assert_msg(line_state(line, 10).old == 2, "one was at rest");
	grant(line, 1, 10);
	ck_assert_msg(who.slots == 0, "nobody could tell it from an old one");
	line_serve(line, 11);
	ck_assert_int_eq(who.slots, 1);
	line_give(line, 1, 12);
	ck_assert_uint_eq(line_state(line, 12).old, 1);
	ck_assert_msg(!line_take(line, 12), "an old one leaves no room");
	line_rest(line, 2, 13);
	ck_assert_uint_eq(line_state(line, 13).old, 0);
	line_give(line, 11, 14);
	ck_assert(line_take(line, 14));
	line_free(&line);
}
END_TEST

START_TEST(what_another_one_took_counts)
{
	struct line *line = line_new();

	grant(line, 2, 500);
	line_force(line, 1000);
	ck_assert(line_take(line, 1000));
	ck_assert(!line_take(line, 1000));
	line_give(line, 1000, 1010);
	ck_assert(line_take(line, 1010));
	line_give(line, 1000, 1020);
	ck_assert(!line_take(line, 500 + LINE_GRANT_MS));
	ck_assert_int_eq(line_state(line, 1020).granted_ms, 500);
	line_turn(line, 1030);
	line_give(line, 1010, 1040);
	ck_assert_uint_eq(line_state(line, 1040).old, 0);
	line_free(&line);
}
END_TEST

START_TEST(deadlines_need_no_order)
{
	struct line *line = line_new();
	struct who late = { 0 }, soon = { 0 };

	stand(line, &late, 20000);
	stand(line, &soon, 250);
	line_expire(line, 249);
	ck_assert_int_eq(soon.answers, 0);
	line_expire(line, 250);
	ck_assert_int_eq(soon.answers, 1);
	ck_assert_int_eq(soon.slots, 0);
	ck_assert_int_eq(late.answers, 0);
	line_leave(&late.waiter);
	line_free(&line);
}
END_TEST

START_TEST(a_void_grant_keeps_what_is_in_use)
{
	struct line *line = line_new();

	grant(line, 5, 0);
	ck_assert(line_take(line, 0));
	line_void(line);
	ck_assert_uint_eq(line_state(line, 0).granted, 1);
	ck_assert(!line_take(line, 0));
	line_free(&line);
}
END_TEST

START_TEST(a_wish_is_demand_for_a_while)
{
	struct line *line = line_new();

	ck_assert(!line_is_short(line, 0));
	line_wish(line, 0);
	ck_assert_uint_eq(line_state(line, 1).waiting, 1);
	ck_assert(line_is_short(line, 1));
	ck_assert_uint_eq(line_state(line, LINE_WISH_MS).waiting, 0);
	line_wish(line, 0);
	grant(line, 1, 1);
	ck_assert(line_take(line, 0));
	ck_assert_msg(line_state(line, 2).waiting == 0, "it is fulfilled");
	line_free(&line);
}
END_TEST

START_TEST(a_rate_takes_a_token_with_each_slot)
{
	struct line *line = line_new();
	struct who a = { 0 }, b = { 0 };

	grant(line, 9, 0);
	line_set_rate(line, 2 * BUCKET_ONE_A_SECOND);
	ck_assert(line_take(line, 1));
	ck_assert(line_take(line, 1));
	ck_assert_msg(!line_take(line, 1), "a second's worth is gone");
	stand(line, &a, 20000);
	stand(line, &b, 20000);
	ck_assert_msg(!line_is_short(line, 1), "slots would not help");
	line_give(line, 0, 500);
	line_serve(line, 500);
	ck_assert_int_eq(a.slots, 0);
	line_serve(line, 501);
	ck_assert_int_eq(a.slots, 1);
	ck_assert_msg(!line_take(line, 1000), "nobody passes those who wait");
	line_serve(line, 1001);
	ck_assert_int_eq(b.slots, 1);
	ck_assert_uint_eq(line_state(line, 1001).in_use, 3);
	line_free(&line);
}
END_TEST

START_TEST(a_token_is_not_spent_where_there_is_no_slot)
{
	struct line *line = line_new();

	line_set_rate(line, BUCKET_ONE_A_SECOND);
	ck_assert(!line_take(line, 1));
	grant(line, 1, 1);
	ck_assert(line_take(line, 1));
	line_free(&line);
}
END_TEST

START_TEST(to_observe_costs_no_token)
{
	struct line *line = line_new();

	line_set_rate(line, BUCKET_ONE_A_SECOND);
	grant(line, 9, 0);
	for (int n = 0; n < 5; n++)
		line_force(line, 0);
	ck_assert(line_take(line, 1));
	line_free(&line);
}
END_TEST

/*
 * Connections come and go under a rate: never more in any time than it allows,
 * in the order of arrival, and all of them before long.
 */
#define CALLERS 200
START_TEST(a_rate_is_kept_in_order_and_serves_all)
{
	struct line *line = line_new();
	static struct who who[CALLERS];
	static int64_t at_ms[CALLERS];
	uint32_t came = 0, served = 0, held = 0, granted, rate;
	int64_t now = 1;

	chance_seed((uint64_t)_i);
	rate = 1 + chance_below(40);
	memset(who, 0, sizeof(who));
	granted = 1 + chance_below(20);
	line_set_rate(line, rate * BUCKET_ONE_A_SECOND);
	for (; served < CALLERS; now += chance_below(100)) {
		ck_assert_int_lt(now, 1000000);
		grant(line, granted, now);
		if (came < CALLERS && chance_below(3) > 0)
			stand(line, &who[came++], INT64_MAX);
		if (held > 0 && chance_below(4) > 0) {
			line_give(line, now, now);
			held--;
		}
		line_serve(line, now);
		for (; served < CALLERS && who[served].slots > 0; held++)
			at_ms[served++] = now;
		for (uint32_t i = served; i < CALLERS; i++)
			ck_assert_msg(who[i].slots == 0, "out of turn");
	}
	for (int i = 0; i < CALLERS; i++)
		for (int j = i; j < CALLERS; j++)
			ck_assert_int_le((j - i + 1) * 1000,
			    (at_ms[j] - at_ms[i]) * rate + rate * 1000);
	line_free(&line);
}
END_TEST

/* Whatever happens, nobody is answered twice and no slot gets lost. */
START_TEST(any_schedule_keeps_the_count)
{
	struct line *line = line_new();
	struct who who[N_WAITERS] = { 0 };
	uint32_t held = 0, resting = 0;
	int64_t now = 0, rested = 0, fell = INT64_MIN;

	chance_seed((uint64_t)_i);
	line_set_rate(line, chance_below(3) * 10 * BUCKET_ONE_A_SECOND);
	for (int n = 0; n < 5000; n++) {
		struct who *w = &who[chance_below(N_WAITERS)];
		uint32_t before = 0, after = 0;

		for (int i = 0; i < N_WAITERS; i++)
			before += (uint32_t)who[i].slots;
		now += chance_below(50);
		switch (chance_below(8)) {
		case 0:
			held += line_take(line, now);
			break;
		case 1:
			if (held > resting) {
				held--;
				line_give(line, now, now);
			}
			break;
		case 2:
			if (w->waiter.in == NULL)
				stand(line, w, now + chance_below(500));
			break;
		case 3:
			line_leave(&w->waiter);
			break;
		case 4:
			grant(line, chance_below(6), now);
			break;
		case 5:
			if (resting > 0 && now >= rested) {
				held -= resting;
				resting = 0;
			}
			line_expire(line, now);
			break;
		case 6:
			if (held == resting)
				break;
			if (now == fell)
				held--;
			else if (resting++ == 0)
				rested = now + LINE_REST_MS;
			line_rest(line, now, now);
			break;
		case 7:
			held -= resting;
			resting = 0;
			fell = now;
			line_fall(line, now);
			break;
		}
		for (int i = 0; i < N_WAITERS; i++)
			after += (uint32_t)who[i].slots;
		held += after - before;
		ck_assert_uint_eq(line_state(line, now).in_use, held);
	}
	for (int i = 0; i < N_WAITERS; i++)
		line_leave(&who[i].waiter);
	line_free(&line);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("line");
	TCase *tc = tcase_create("line");

	tcase_add_test(tc, slots_are_spent_from_memory);
	tcase_add_test(tc, first_come_first_served);
	tcase_add_test(tc, a_grant_that_is_not_renewed_ends);
	tcase_add_test(tc, a_greater_grant_serves_the_line);
	tcase_add_test(tc, a_limit_is_below_any_grant);
	tcase_add_test(tc, a_refused_slot_rests);
	tcase_add_test(tc, what_rests_is_over_when_the_cap_falls);
	tcase_add_test(tc, at_a_turn_all_is_old);
	tcase_add_test(tc, what_another_one_took_counts);
	tcase_add_test(tc, deadlines_need_no_order);
	tcase_add_test(tc, a_void_grant_keeps_what_is_in_use);
	tcase_add_test(tc, a_wish_is_demand_for_a_while);
	tcase_add_test(tc, a_rate_takes_a_token_with_each_slot);
	tcase_add_test(tc, a_token_is_not_spent_where_there_is_no_slot);
	tcase_add_test(tc, to_observe_costs_no_token);
	tcase_add_loop_test(tc, a_rate_is_kept_in_order_and_serves_all, 1, 11);
	tcase_add_loop_test(tc, any_schedule_keeps_the_count, 1, 11);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
