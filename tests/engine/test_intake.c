#include "engine/intake.h"

#include "base/chance.h"
#include "base/mem.h"
#include "suite.h"

#include <stdio.h>

#define SENT_MAX 200

/* A store that notes what it is told, as words: "take a in x drops b c", "drop in
 * x b c enter d". */
static char sent[SENT_MAX][64 * 8];
static store_done *done_of[SENT_MAX];
static void *arg_of[SENT_MAX];
static int n_sent;

static struct intake *intake;
static int64_t now_ms;
static uint32_t cap;
static int64_t wake_at_ms;
static bool up;
static int wakes, n_granted, n_refused;

static void
say_members(char *to, size_t size, const char *const *members, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		snprintf(to + strlen(to), size - strlen(to), " %s",
		    members[i]);
}

static void
send(void *self, const struct store_request *r, store_done *done, void *arg)
{
	char *text = sent[n_sent];

	(void)self;
	if (r->verb == STORE_LEASE_TAKE) {
		snprintf(text, sizeof(sent[0]), "take %s in %s drops",
		    r->u.lease_take.member, r->name);
		say_members(text, sizeof(sent[0]), r->u.lease_take.drops,
		    r->u.lease_take.n_drops);
	} else {
		snprintf(text, sizeof(sent[0]), "drop in %s", r->name);
		say_members(text, sizeof(sent[0]), r->u.lease_drop.members,
		    r->u.lease_drop.n);
		if (r->u.lease_drop.n_enter > 0)
			strcat(text, " enter");
		say_members(text, sizeof(sent[0]), r->u.lease_drop.enter,
		    r->u.lease_drop.n_enter);
	}
	done_of[n_sent] = done;
	arg_of[n_sent++] = arg;
}

static int64_t
clock_ms(void)
{
	return now_ms;
}

static bool
is_up(void *arg)
{
	(void)arg;
	return up;
}

static void
wake(void *arg, int64_t ms)
{
	(void)arg;
	wakes++;
	wake_at_ms = now_ms + ms;
}

static void
granted(void *arg, bool is_granted)
{
	(void)arg;
	if (is_granted)
		n_granted++;
	else
		n_refused++;
}

static void
set_up(void)
{
	n_sent = wakes = n_granted = n_refused = 0;
	now_ms = 1000;
	cap = 3;
	up = true;
	intake = intake_new(&(struct intake_options){
		.port = { .send = send }, .clock = clock_ms, .up = is_up,
		.wake = wake,
	    });
}

static void
refuse(int number)
{
	const struct err err = { .kind = ERR_UNAVAILABLE };

	done_of[number](arg_of[number], NULL, &err);
	done_of[number] = NULL;
}

static void
tear_down(void)
{
	for (int i = 0; i < n_sent; i++)
		if (done_of[i] != NULL)
			refuse(i);
	intake_free(&intake);
}

static struct intake_lease
lease_of(const char *destination, const char *member)
{
	return (struct intake_lease){
		.destination = destination, .member = member, .cap = cap,
		.ttl_ms = 60000,
	};
}

static void
take(const char *destination, const char *member)
{
	const struct intake_lease lease = lease_of(destination, member);

	intake_take(intake, &lease, granted, NULL);
}

static bool
pass(const char *member)
{
	const struct intake_lease lease = lease_of("x", member);

	return intake_pass(intake, &lease);
}

/* The store answers, or it does not. */
static void
answer(int number, bool yes, uint32_t count)
{
	const struct store_reply reply = {
		.verb = STORE_LEASE_TAKE,
		.u.lease = { .granted = yes, .count = count },
	};

	done_of[number](arg_of[number], &reply, NULL);
	done_of[number] = NULL;
}

/* x has room, and a, b and c were given a lease there; nothing is told of it. */
static void
take_three(void)
{
	cap = 100;
	for (int i = 0; i < 3; i++) {
		take("x", (char[]){ (char)('a' + i), '\0' });
		answer(i, true, (uint32_t)i + 1);
	}
	n_sent = 0;
}

static void
turn(void)
{
	now_ms = wake_at_ms;
	intake_tick(intake);
}

START_TEST(what_was_given_back_goes_with_the_next_one_taken)
{
	intake_drop(intake, "x", "a");
	intake_drop(intake, "y", "b");
	intake_drop(intake, "x", "c");
	ck_assert_int_eq(n_sent, 0);
	ck_assert_int_eq(wakes, 1);
	ck_assert(!pass("d"));
	take("x", "d");
	ck_assert_int_eq(n_sent, 1);
	ck_assert_str_eq(sent[0], "take d in x drops c a");
	turn();
	ck_assert_int_eq(n_sent, 2);
	ck_assert_str_eq(sent[1], "drop in y b");
	turn();
	ck_assert_int_eq(n_sent, 2);
	answer(0, true, 1);
	ck_assert_int_eq(n_granted, 1);
}
END_TEST

START_TEST(no_more_wait_than_fit_into_one_request)
{
	char member[8];

	for (int i = 0; i < STORE_MEMBERS_MAX; i++) {
		ck_assert_int_eq(n_sent, 0);
		snprintf(member, sizeof(member), "%d", i);
		intake_drop(intake, "x", member);
	}
	ck_assert_int_eq(n_sent, 1);
	intake_drop(intake, "x", "one more");
	turn();
	ck_assert_str_eq(sent[1], "drop in x one more");
}
END_TEST

START_TEST(without_the_store_a_place_given_back_is_free_at_once)
{
	up = false;
	for (int i = 0; i < 4; i++) {
		take("x", (char[]){ (char)('a' + i), '\0' });
		refuse(i);
	}
	ck_assert_int_eq(n_granted, 3);
	ck_assert_int_eq(n_refused, 1);
	intake_drop(intake, "x", "a");
	take("x", "e");
	refuse(n_sent - 1);
	ck_assert_int_eq(n_granted, 4);
}
END_TEST

/* a, b and c are in on our word. */
static void
let_three_in(void)
{
	up = false;
	for (int i = 0; i < 3; i++) {
		take("x", (char[]){ (char)('a' + i), '\0' });
		refuse(i);
	}
	ck_assert_int_eq(n_granted, 3);
	n_sent = 0;
}

START_TEST(a_store_that_is_back_hears_first_who_is_in)
{
	let_three_in();
	intake_drop(intake, "x", "b");
	ck_assert_str_eq(sent[0], "drop in x b");
	take("x", "d");
	ck_assert_str_eq(sent[1], "take d in x drops");
	refuse(1);
	up = true;
	take("x", "e");
	ck_assert_str_eq(sent[2], "drop in x enter d c a");
	ck_assert_str_eq(sent[3], "take e in x drops");
	/* Nobody knows what it heard; it is told again, until it did. */
	refuse(2);
	answer(3, false, 3);
	take("x", "f");
	ck_assert_str_eq(sent[4], "drop in x enter d c a");
	answer(4, true, 3);
	answer(5, false, 3);
	take("x", "g");
	ck_assert_int_eq(n_sent, 7);
	ck_assert_str_eq(sent[6], "take g in x drops");
}
END_TEST

START_TEST(who_was_in_on_our_word_leaves_no_place_to_pass_on)
{
	cap = 100;
	let_three_in();
	up = true;
	take("x", "d");
	refuse(0);
	answer(1, true, 1);
	ck_assert_int_eq(n_sent, 2);
	intake_drop(intake, "x", "a");
	ck_assert_str_eq(sent[2], "drop in x a");
	ck_assert(!pass("e"));
}
END_TEST

START_TEST(all_who_are_in_are_told_however_many)
{
	const int many = STORE_MEMBERS_MAX + 2;
	char member[8];

	cap = 0;
	up = false;
	for (int i = 0; i < many; i++) {
		snprintf(member, sizeof(member), "%d", i);
		take("x", member);
		refuse(i);
	}
	n_sent = 0;
	up = true;
	take("x", "one more");
	ck_assert_int_eq(n_sent, 3);
	ck_assert_str_eq(sent[1], "drop in x enter 1 0");
	for (int i = 0; i < 3; i++)
		answer(i, true, 67);
	take("x", "another");
	ck_assert_int_eq(n_sent, 4);
}
END_TEST

START_TEST(a_place_is_passed_on_and_both_names_are_told_at_once)
{
	take_three();
	ck_assert(!pass("d"));
	intake_drop(intake, "x", "a");
	ck_assert(pass("d"));
	ck_assert(pass("d"));	/* he has it */
	ck_assert(!pass("e"));
	ck_assert_int_eq(n_sent, 0);
	ck_assert_int_eq(wake_at_ms - now_ms, 250);
	turn();
	ck_assert_int_eq(n_sent, 1);
	ck_assert_str_eq(sent[0], "drop in x a enter d");
	turn();
	ck_assert_int_eq(n_sent, 1);
}
END_TEST

START_TEST(who_comes_again_or_was_gone_is_not_told_of)
{
	take_three();
	intake_drop(intake, "x", "a");
	ck_assert(pass("a"));
	turn();
	intake_drop(intake, "x", "b");
	ck_assert(pass("d"));
	intake_drop(intake, "x", "d");
	ck_assert(pass("e"));
	intake_drop(intake, "x", "e");
	ck_assert_int_eq(n_sent, 0);
	intake_close(intake);
	ck_assert_int_eq(n_sent, 1);
	ck_assert_str_eq(sent[0], "drop in x b");
}
END_TEST

START_TEST(a_place_goes_when_nobody_had_use_for_it_in_a_turn)
{
	take_three();
	intake_drop(intake, "x", "a");
	intake_drop(intake, "x", "b");
	turn();
	ck_assert_int_eq(n_sent, 0);
	ck_assert(pass("b"));
	intake_drop(intake, "x", "b");
	turn();
	ck_assert_int_eq(n_sent, 1);
	ck_assert_str_eq(sent[0], "drop in x a");
	turn();
	ck_assert_str_eq(sent[1], "drop in x b");
}
END_TEST

START_TEST(nobody_finds_his_place_that_is_another_ones_now)
{
	take_three();
	intake_drop(intake, "x", "a");
	intake_drop(intake, "x", "b");
	ck_assert(pass("d"));
	take("x", "a");
	ck_assert_int_eq(n_sent, 2);
	ck_assert_str_eq(sent[0], "drop in x b a enter d");
	ck_assert_str_eq(sent[1], "take a in x drops");
}
END_TEST

START_TEST(who_is_new_need_not_wait_for_what_is_to_be_told)
{
	take_three();
	intake_drop(intake, "x", "a");
	ck_assert(pass("d"));
	take("x", "e");
	ck_assert_int_eq(n_sent, 1);
	ck_assert_str_eq(sent[0], "take e in x drops");
	turn();
	ck_assert_str_eq(sent[1], "drop in x a enter d");
}
END_TEST

START_TEST(where_it_becomes_narrow_all_is_told_first)
{
	take_three();
	intake_drop(intake, "x", "a");
	intake_drop(intake, "x", "b");
	ck_assert(pass("d"));
	now_ms += 1000;
	take("x", "e");
	ck_assert_int_eq(n_sent, 2);
	ck_assert_str_eq(sent[0], "drop in x b a enter d");
	ck_assert_str_eq(sent[1], "take e in x drops");
}
END_TEST

START_TEST(where_others_may_want_it_nothing_is_passed_on)
{
	take_three();
	intake_drop(intake, "x", "a");
	take("x", "d");
	answer(0, true, 85);	/* of 100 */
	intake_drop(intake, "x", "b");
	ck_assert_int_eq(wake_at_ms - now_ms, 5);
	ck_assert(!pass("e"));
	turn();
	ck_assert_str_eq(sent[1], "drop in x b");
}
END_TEST

START_TEST(what_was_seen_a_second_ago_may_not_be_so)
{
	take_three();
	intake_drop(intake, "x", "a");
	now_ms += 999;
	ck_assert(pass("d"));
	intake_drop(intake, "x", "d");
	now_ms += 1;
	ck_assert(!pass("d"));
}
END_TEST

START_TEST(what_is_told_says_how_many_there_are)
{
	take_three();
	intake_drop(intake, "x", "a");
	ck_assert(pass("d"));
	turn();
	answer(0, true, 90);
	intake_drop(intake, "x", "b");
	ck_assert(!pass("e"));
}
END_TEST

/* As when smtpd asks again on a new connection, and ends both. */
START_TEST(who_gives_back_twice_leaves_one_place)
{
	take_three();
	intake_drop(intake, "x", "a");
	intake_drop(intake, "x", "a");
	ck_assert(pass("d"));
	ck_assert(!pass("e"));
}
END_TEST

START_TEST(closed_it_passes_nothing_on)
{
	take_three();
	intake_drop(intake, "x", "a");
	intake_close(intake);
	intake_drop(intake, "x", "b");
	ck_assert_int_eq(wake_at_ms - now_ms, 5);
	ck_assert(!pass("d"));
}
END_TEST

START_TEST(each_destination_has_its_time)
{
	take_three();
	intake_drop(intake, "x", "a");
	ck_assert(pass("d"));
	now_ms += 100;
	intake_drop(intake, "y", "b");
	turn();
	ck_assert_int_eq(n_sent, 1);
	ck_assert_str_eq(sent[0], "drop in y b");
	ck_assert_int_eq(wake_at_ms - now_ms, 145);
	turn();
	ck_assert_str_eq(sent[1], "drop in x a enter d");
}
END_TEST

#define NAMES 12

/* In the order they were sent; of one request, who goes before who comes. */
static void
store_hears(bool stored[NAMES])
{
	for (int i = 0; i < n_sent; i++) {
		const bool is_take = strncmp(sent[i], "take ", 5) == 0;
		const char taken = sent[i][5];
		bool there = false;

		for (char *word = strstr(sent[i], is_take ? "drops" : " x");
		    word != NULL && *word != '\0'; word++) {
			if (strncmp(word, "enter", 5) == 0) {
				there = true;
				word += 5;
			}
			if (word[0] == ' ' && word[1] < 'x' &&
			    (word[2] == ' ' || word[2] == '\0'))
				stored[word[1] - 'a'] = there;
		}
		if (is_take)
			stored[taken - 'a'] = true;
	}
}

START_TEST(no_more_are_held_than_the_store_has_places_for)
{
	bool stored[NAMES] = { false }, held[NAMES] = { false };

	chance_seed((uint64_t)_i);
	cap = 100;
	for (int step = 0; step < 1000; step++) {
		const uint32_t i = chance_below(NAMES);
		const char name[2] = { (char)('a' + i), '\0' };
		int places = 0, used = 0;

		n_sent = 0;
		if (chance_below(10) == 0)
			turn();
		else if (held[i]) {
			held[i] = false;
			intake_drop(intake, "x", name);
		} else if (pass(name))
			held[i] = true;
		else {
			take("x", name);
			answer(n_sent - 1, true, 1);
			held[i] = true;
		}
		store_hears(stored);
		for (int n = 0; n < NAMES; n++) {
			places += stored[n];
			used += held[n];
		}
		ck_assert_int_ge(places, used);
	}
	n_sent = 0;
	intake_close(intake);
	store_hears(stored);
	ck_assert_mem_eq(stored, held, sizeof(held));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("intake");
	TCase *t = tcase_create("intake");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_was_given_back_goes_with_the_next_one_taken);
	tcase_add_test(t, no_more_wait_than_fit_into_one_request);
	tcase_add_test(t,
	    without_the_store_a_place_given_back_is_free_at_once);
	tcase_add_test(t, a_store_that_is_back_hears_first_who_is_in);
	tcase_add_test(t, who_was_in_on_our_word_leaves_no_place_to_pass_on);
	tcase_add_test(t, all_who_are_in_are_told_however_many);
	tcase_add_test(t, a_place_is_passed_on_and_both_names_are_told_at_once);
	tcase_add_test(t, who_comes_again_or_was_gone_is_not_told_of);
	tcase_add_test(t, a_place_goes_when_nobody_had_use_for_it_in_a_turn);
	tcase_add_test(t, nobody_finds_his_place_that_is_another_ones_now);
	tcase_add_test(t, who_is_new_need_not_wait_for_what_is_to_be_told);
	tcase_add_test(t, where_it_becomes_narrow_all_is_told_first);
	tcase_add_test(t, where_others_may_want_it_nothing_is_passed_on);
	tcase_add_test(t, what_was_seen_a_second_ago_may_not_be_so);
	tcase_add_test(t, what_is_told_says_how_many_there_are);
	tcase_add_test(t, who_gives_back_twice_leaves_one_place);
	tcase_add_test(t, closed_it_passes_nothing_on);
	tcase_add_test(t, each_destination_has_its_time);
	tcase_add_loop_test(t, no_more_are_held_than_the_store_has_places_for,
	    0, 50);
	suite_add_tcase(s, t);
	return suite_main(s);
}
