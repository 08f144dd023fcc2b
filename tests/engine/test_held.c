#include "engine/held.h"

#include "base/mem.h"
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static struct held *held;
static struct held_batch batch;

static void
set_up(void)
{
	held = held_new(3);
}

static void
tear_down(void)
{
	held_free(&held);
}

static bool
due(enum held_work work)
{
	/* In the second of two rounds all is due that was given back. */
	for (int n = 0; n < 2 && work == HELD_DROP; n++)
		held_begin_round(held, work);
	return held_due(held, work, &batch);
}

START_TEST(what_the_store_granted_is_renewed_once_a_round)
{
	ck_assert(held_add(held, 1, "a"));
	ck_assert(!due(HELD_ENTER));
	ck_assert(!due(HELD_RENEW));
	held_begin_round(held, HELD_RENEW);
	ck_assert(due(HELD_RENEW));
	ck_assert_uint_eq(batch.n, 1);
	ck_assert_uint_eq(batch.destination, 1);
	ck_assert_str_eq(batch.members[0], "a");
	held_done(held, &batch, true, 0);
	ck_assert(!due(HELD_RENEW));
	held_begin_round(held, HELD_RENEW);
	ck_assert(due(HELD_RENEW));
	held_done(held, &batch, true, 0);
}
END_TEST

START_TEST(what_was_just_granted_waits_for_the_next_round)
{
	held_begin_round(held, HELD_RENEW);
	held_add(held, 1, "a");
	ck_assert(!due(HELD_RENEW));
	held_begin_round(held, HELD_RENEW);
	ck_assert(due(HELD_RENEW));
	held_done(held, &batch, true, 0);
	held_add(held, 1, "a");
	ck_assert(!due(HELD_RENEW));
}
END_TEST

START_TEST(what_the_store_lost_is_entered_again)
{
	held_add(held, 0, "a");
	held_begin_round(held, HELD_RENEW);
	ck_assert(due(HELD_RENEW));
	held_done(held, &batch, true, 1);
	ck_assert(due(HELD_ENTER));
	held_done(held, &batch, false, 0);
	ck_assert(due(HELD_ENTER));
	held_done(held, &batch, true, 0);
	ck_assert(!due(HELD_ENTER));
}
END_TEST

START_TEST(on_our_word_no_more_than_the_limit)
{
	ck_assert(held_add(held, 0, "a"));
	ck_assert(held_add_below(held, 0, "b", 2));
	ck_assert(!held_add_below(held, 0, "c", 2));
	ck_assert(held_add_below(held, 0, "b", 2));
	ck_assert(held_add_below(held, 1, "c", 1));
	ck_assert(held_add_below(held, 0, "c", 0));
	ck_assert_uint_eq(held_count(held, 0), 3);
	held_give(held, 0, "c", 100);
	held_give(held, 0, "c", 100);
	ck_assert_uint_eq(held_count(held, 0), 2);
}
END_TEST

START_TEST(what_is_on_our_word_is_known_until_the_store_heard_of_it)
{
	ck_assert(held_add(held, 0, "a"));
	ck_assert(held_add_below(held, 0, "b", 3));
	ck_assert(held_add_below(held, 0, "c", 3));
	ck_assert(held_add_below(held, 1, "d", 3));
	ck_assert_uint_eq(held_unheard(held, 0), 2);
	held_give(held, 0, "b", 100);
	ck_assert_uint_eq(held_unheard(held, 0), 1);
	ck_assert(held_add_below(held, 0, "e", 3));
	ck_assert(held_ask(held, 0, "e", &batch));
	held_done(held, &batch, true, 0);
	ck_assert(held_add(held, 0, "e"));
	ck_assert_uint_eq(held_unheard(held, 0), 1);
	while (due(HELD_ENTER))
		held_done(held, &batch, true, 0);
	ck_assert_uint_eq(held_unheard(held, 0), 0);
	ck_assert_uint_eq(held_unheard(held, 1), 0);
	/* Of what was granted it did hear. */
	held_begin_round(held, HELD_RENEW);
	ck_assert(due(HELD_RENEW));
	held_done(held, &batch, true, 1);
	ck_assert_uint_eq(held_unheard(held, 0), 0);
}
END_TEST

START_TEST(what_was_given_back_is_dropped_until_the_store_did_it)
{
	held_add(held, 0, "a");
	held_give(held, 0, "a", 100);
	ck_assert(due(HELD_DROP));
	held_done(held, &batch, false, 0);
	ck_assert(due(HELD_DROP));
	held_done(held, &batch, true, 0);
	ck_assert(!due(HELD_DROP));
}
END_TEST

START_TEST(what_another_may_have_taken_is_dropped_too)
{
	held_give(held, 2, "a", 100);
	ck_assert(due(HELD_DROP));
	ck_assert_uint_eq(batch.destination, 2);
	held_done(held, &batch, true, 0);
	ck_assert(!due(HELD_DROP));
	ck_assert_uint_eq(held_count(held, 2), 0);
}
END_TEST

START_TEST(what_was_given_back_goes_with_the_next_question)
{
	held_add(held, 0, "a");
	held_add(held, 0, "b");
	held_add(held, 1, "c");
	held_give(held, 0, "a", 100);
	held_give(held, 0, "b", 100);
	held_give(held, 1, "c", 100);
	ck_assert(held_ask(held, 0, "b", &batch));
	ck_assert_uint_eq(batch.n, 1);
	ck_assert_str_eq(batch.members[0], "a");
	held_done(held, &batch, true, 0);
	held_denied(held, 0, "b");
	ck_assert(held_ask(held, 0, "d", &batch));
	ck_assert_uint_eq(batch.n, 1);
	ck_assert_str_eq(batch.members[0], "b");
	held_done(held, &batch, true, 0);
	ck_assert(due(HELD_DROP));
	ck_assert_str_eq(batch.members[0], "c");
	held_done(held, &batch, true, 0);
}
END_TEST

START_TEST(a_place_is_passed_on_and_both_names_are_told_at_once)
{
	ck_assert(!held_pass(held, 0, "b"));
	held_add(held, 0, "a");
	ck_assert(!held_pass(held, 0, "b"));
	held_give(held, 0, "a", 100);
	ck_assert(!held_pass(held, 1, "b"));
	ck_assert(held_pass(held, 0, "b"));
	ck_assert(!held_pass(held, 0, "c"));
	ck_assert_uint_eq(held_count(held, 0), 1);
	ck_assert(!due(HELD_ENTER) && !due(HELD_RENEW));
	ck_assert(due(HELD_DROP));
	ck_assert_uint_eq(batch.n, 1);
	ck_assert_str_eq(batch.members[0], "a");
	ck_assert_uint_eq(batch.n_enter, 1);
	ck_assert_str_eq(batch.enter[0], "b");
	held_done(held, &batch, true, 0);
	ck_assert(!held_owes(held));
	ck_assert(!due(HELD_DROP));
	held_begin_round(held, HELD_RENEW);
	ck_assert(due(HELD_RENEW));
	held_done(held, &batch, true, 0);
}
END_TEST

START_TEST(a_place_stays_while_it_is_in_use)
{
	held_add(held, 0, "a");
	held_give(held, 0, "a", 100);
	ck_assert(held_pass(held, 0, "b"));
	/* Where it goes with a question nobody is entered. */
	ck_assert(held_ask(held, 0, "c", &batch));
	ck_assert_uint_eq(batch.n, 0);
	held_denied(held, 0, "c");
	/* The store would say to a that he has it. */
	ck_assert(!held_ask(held, 0, "a", &batch));
	ck_assert(due(HELD_DROP));
	held_done(held, &batch, true, 0);
	ck_assert(held_ask(held, 0, "a", &batch));
	held_denied(held, 0, "a");
}
END_TEST

START_TEST(who_comes_again_has_his_place_and_nothing_is_said)
{
	held_add(held, 0, "a");
	held_give(held, 0, "a", 100);
	ck_assert(held_pass(held, 0, "a"));
	ck_assert(!due(HELD_DROP) && !due(HELD_ENTER));
	ck_assert(!held_owes(held));
	held_begin_round(held, HELD_RENEW);
	ck_assert(due(HELD_RENEW));
	held_done(held, &batch, true, 0);
}
END_TEST

START_TEST(who_was_gone_before_he_was_told_of_never_is)
{
	held_add(held, 0, "a");
	held_give(held, 0, "a", 100);
	ck_assert(held_pass(held, 0, "b"));
	held_give(held, 0, "b", 100);
	ck_assert(held_pass(held, 0, "c"));
	ck_assert(!held_pass(held, 0, "d"));
	held_give(held, 0, "c", 100);
	ck_assert(due(HELD_DROP));
	ck_assert_uint_eq(batch.n, 1);
	ck_assert_uint_eq(batch.n_enter, 0);
	held_done(held, &batch, true, 0);
	ck_assert(!held_owes(held));
}
END_TEST

START_TEST(a_store_that_may_not_have_heard_is_told_again)
{
	held_add(held, 0, "a");
	held_give(held, 0, "a", 100);
	ck_assert(held_pass(held, 0, "b"));
	ck_assert(due(HELD_DROP));
	held_done(held, &batch, false, 0);
	/* It may have neither of them: it is nobody's place any more. */
	ck_assert(!held_pass(held, 0, "c"));
	ck_assert(due(HELD_ENTER));
	ck_assert_str_eq(batch.members[0], "b");
	held_done(held, &batch, true, 0);
	ck_assert(due(HELD_DROP));
	ck_assert_str_eq(batch.members[0], "a");
	ck_assert_uint_eq(batch.n_enter, 0);
	held_done(held, &batch, true, 0);
}
END_TEST

START_TEST(a_place_stays_for_as_long_as_it_is_taken_now_and_then)
{
	held_add(held, 0, "a");
	held_give(held, 0, "a", 100);
	for (int n = 0; n < 5; n++) {
		held_begin_round(held, HELD_DROP);
		ck_assert(!held_due(held, HELD_DROP, &batch));
		ck_assert(held_pass(held, 0, "b"));
		held_give(held, 0, "b", 100);
	}
	held_begin_round(held, HELD_DROP);
	ck_assert(!held_due(held, HELD_DROP, &batch));
	ck_assert(held_owes(held));
	/* Nobody had use for it since then. */
	held_begin_round(held, HELD_DROP);
	ck_assert(held_due(held, HELD_DROP, &batch));
	ck_assert_uint_eq(batch.n, 1);
	held_done(held, &batch, true, 0);
	ck_assert(!held_owes(held));
}
END_TEST

START_TEST(who_comes_in_the_place_of_another_lets_that_one_go)
{
	held_add(held, 0, "a");
	held_add(held, 0, "b");
	held_give(held, 0, "a", 100);
	held_give(held, 0, "b", 100);
	ck_assert(held_pass(held, 0, "c"));
	held_begin_round(held, HELD_DROP);
	ck_assert(held_due(held, HELD_DROP, &batch));
	ck_assert_uint_eq(batch.n_enter, 1);
	ck_assert_uint_eq(batch.n, 1);	/* the other place stays */
	held_done(held, &batch, true, 0);
	ck_assert(held_pass(held, 0, "d"));
	/* In the next round, or there would be no end to this one. */
	ck_assert(!held_due(held, HELD_DROP, &batch));
}
END_TEST

static _Atomic bool back;

static void *
asks_for_a(void *arg)
{
	back = held_ask(held, 0, "a", arg);
	return NULL;
}

static const struct {
	const char *says;
	bool heard;
} endings[] = {
	{ "the store heard it", true },
	{ "nobody knows", false },
};

START_TEST(while_it_is_dropped_it_is_not_asked_for)
{
	static struct held_batch more;
	pthread_t session;

	back = false;
	held_add(held, 0, "a");
	held_give(held, 0, "a", 100);
	ck_assert(due(HELD_DROP));
	ck_assert(pthread_create(&session, NULL, asks_for_a, &more) == 0);
	usleep(100000);
	ck_assert(!back);
	held_done(held, &batch, endings[_i].heard, 0);
	pthread_join(session, NULL);
	ck_assert(!due(HELD_DROP));
	held_add(held, 0, "a");
	ck_assert_msg(due(HELD_ENTER) == !endings[_i].heard, "%s",
	    endings[_i].says);
}
END_TEST

START_TEST(what_has_expired_is_forgotten)
{
	held_add(held, 0, "a");
	held_add(held, 0, "b");
	held_give(held, 0, "a", 100);
	held_forget(held, 99);
	ck_assert(due(HELD_DROP));
	held_done(held, &batch, false, 0);
	held_forget(held, 100);
	ck_assert(!due(HELD_DROP));
	ck_assert_uint_eq(held_count(held, 0), 1);
}
END_TEST

START_TEST(given_back_while_it_is_entered_it_is_dropped_again)
{
	ck_assert(held_add_below(held, 0, "a", 1));
	ck_assert(due(HELD_ENTER));
	held_give(held, 0, "a", 100);
	held_done(held, &batch, true, 0);
	ck_assert(due(HELD_DROP));
	held_done(held, &batch, true, 0);
	ck_assert(!due(HELD_DROP));
}
END_TEST

START_TEST(taken_again_while_it_is_dropped_it_is_entered_again)
{
	held_add(held, 0, "a");
	held_give(held, 0, "a", 100);
	ck_assert(due(HELD_DROP));
	ck_assert(held_add(held, 0, "a"));
	held_done(held, &batch, true, 0);
	ck_assert_uint_eq(held_count(held, 0), 1);
	ck_assert(due(HELD_ENTER));
	held_done(held, &batch, true, 0);
}
END_TEST

START_TEST(a_batch_is_of_one_destination_and_not_too_long)
{
	char name[8];
	uint32_t seen[2] = { 0, 0 };

	for (int i = 0; i < 2 * HELD_BATCH; i++) {
		snprintf(name, sizeof(name), "%d", i);
		held_add(held, (uint32_t)i % 2, name);
	}
	held_add(held, 0, "one more");
	held_begin_round(held, HELD_RENEW);
	while (due(HELD_RENEW)) {
		seen[batch.destination] += batch.n;
		held_done(held, &batch, true, 0);
	}
	ck_assert_uint_eq(seen[0], HELD_BATCH + 1);
	ck_assert_uint_eq(seen[1], HELD_BATCH);
}
END_TEST

START_TEST(closed_it_holds_nothing)
{
	held_add(held, 0, "a");
	held_close(held, 100);
	ck_assert_uint_eq(held_count(held, 0), 0);
	ck_assert(!held_add(held, 0, "b"));
	ck_assert(!held_add_below(held, 0, "b", 0));
	held_begin_round(held, HELD_DROP);	/* the only one */
	ck_assert(held_due(held, HELD_DROP, &batch));
	held_done(held, &batch, true, 0);
	ck_assert(!due(HELD_DROP));
}
END_TEST

/* As when a client's port is another one's a moment later, and smtpd has not yet
 * told of the end of the first. */
START_TEST(who_ends_takes_nothing_from_who_asks_by_the_same_name)
{
	held_add(held, 0, "a");
	held_give(held, 0, "a", 100);
	ck_assert(held_pass(held, 0, "b"));
	ck_assert(held_ask(held, 0, "b", &batch));
	held_done(held, &batch, true, 0);
	held_give(held, 0, "b", 100);
	ck_assert(held_add(held, 0, "b"));
	ck_assert_uint_eq(held_count(held, 0), 1);
	held_give(held, 0, "b", 100);
	ck_assert_uint_eq(held_count(held, 0), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("held");
	TCase *t = tcase_create("held");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_the_store_granted_is_renewed_once_a_round);
	tcase_add_test(t, what_was_just_granted_waits_for_the_next_round);
	tcase_add_test(t, what_the_store_lost_is_entered_again);
	tcase_add_test(t, on_our_word_no_more_than_the_limit);
	tcase_add_test(t,
	    what_is_on_our_word_is_known_until_the_store_heard_of_it);
	tcase_add_test(t,
	    what_was_given_back_is_dropped_until_the_store_did_it);
	tcase_add_test(t, what_another_may_have_taken_is_dropped_too);
	tcase_add_test(t, what_was_given_back_goes_with_the_next_question);
	tcase_add_test(t, a_place_is_passed_on_and_both_names_are_told_at_once);
	tcase_add_test(t, a_place_stays_while_it_is_in_use);
	tcase_add_test(t, who_comes_again_has_his_place_and_nothing_is_said);
	tcase_add_test(t, who_was_gone_before_he_was_told_of_never_is);
	tcase_add_test(t, a_store_that_may_not_have_heard_is_told_again);
	tcase_add_test(t,
	    a_place_stays_for_as_long_as_it_is_taken_now_and_then);
	tcase_add_test(t, who_comes_in_the_place_of_another_lets_that_one_go);
	tcase_add_loop_test(t, while_it_is_dropped_it_is_not_asked_for, 0,
	    MW_N_OF(endings));
	tcase_add_test(t, what_has_expired_is_forgotten);
	tcase_add_test(t, given_back_while_it_is_entered_it_is_dropped_again);
	tcase_add_test(t, taken_again_while_it_is_dropped_it_is_entered_again);
	tcase_add_test(t, a_batch_is_of_one_destination_and_not_too_long);
	tcase_add_test(t, closed_it_holds_nothing);
	tcase_add_test(t,
	    who_ends_takes_nothing_from_who_asks_by_the_same_name);
	suite_add_tcase(s, t);
	return suite_main(s);
}
