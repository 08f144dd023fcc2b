#include "engine/intake.h"

#include "base/mem.h"
#include "suite.h"

#include <stdio.h>

#define SENT_MAX 200

/* A store that notes what it is told, as words: "take a in x drops b c". */
static char sent[SENT_MAX][64 * 8];
static store_done *done_of[SENT_MAX];
static void *arg_of[SENT_MAX];
static int n_sent;

static struct intake *intake;
static int64_t now_ms;
static int flushes_wanted, n_granted, n_refused;

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
	}
	done_of[n_sent] = done;
	arg_of[n_sent++] = arg;
}

static int64_t
clock_ms(void)
{
	return now_ms;
}

static void
given(void *arg)
{
	(void)arg;
	flushes_wanted++;
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
	n_sent = flushes_wanted = n_granted = n_refused = 0;
	now_ms = 1000;
	intake = intake_new(&(struct intake_options){
		.port = { .send = send }, .clock = clock_ms, .given = given,
	    });
}

static void
tear_down(void)
{
	intake_free(&intake);
}

static void
take(const char *destination, const char *member)
{
	intake_take(intake, &(struct intake_lease){
		.destination = destination, .member = member, .cap = 3,
		.ttl_ms = 60000,
	    }, granted, NULL);
}

/* The store answers, or it does not. */
static void
answer(int number, bool yes)
{
	const struct store_reply reply = {
		.verb = STORE_LEASE_TAKE, .u.lease = { .granted = yes },
	};

	done_of[number](arg_of[number], &reply, NULL);
}

static void
refuse(int number)
{
	const struct err err = { .kind = ERR_UNAVAILABLE };

	done_of[number](arg_of[number], NULL, &err);
}

START_TEST(what_was_given_back_goes_with_the_next_one_taken)
{
	intake_drop(intake, "x", "a");
	intake_drop(intake, "y", "b");
	intake_drop(intake, "x", "c");
	ck_assert_int_eq(n_sent, 0);
	ck_assert_int_eq(flushes_wanted, 1);
	take("x", "d");
	ck_assert_int_eq(n_sent, 1);
	ck_assert_str_eq(sent[0], "take d in x drops c a");
	intake_flush(intake);
	ck_assert_int_eq(n_sent, 2);
	ck_assert_str_eq(sent[1], "drop in y b");
	intake_flush(intake);
	ck_assert_int_eq(n_sent, 2);
	answer(0, true);
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
	ck_assert_int_eq(flushes_wanted, 2);
	intake_flush(intake);
	ck_assert_str_eq(sent[1], "drop in x one more");
}
END_TEST

START_TEST(without_the_store_a_place_given_back_is_free_at_once)
{
	for (int i = 0; i < 4; i++) {
		take("x", (char[]){ (char)('a' + i), '\0' });
		refuse(i);
	}
	ck_assert_int_eq(n_granted, 3);
	ck_assert_int_eq(n_refused, 1);
	intake_drop(intake, "x", "a");
	take("x", "e");
	refuse(4);
	ck_assert_int_eq(n_granted, 4);
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
	suite_add_tcase(s, t);
	return suite_main(s);
}
