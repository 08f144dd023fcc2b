/* engine/held, with all that sessions and the store may do in any order. */
#include "engine/held.h"

#include "base/chance.h"
#include "suite.h"

#include <string.h>

static struct held *held;
static struct held_batch batch;

static void
set_up(void)
{
	held = held_new(1);
	batch.n = batch.n_enter = 0;
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

/*
 * A store that answers late, in any order, or not at all; which of a
 * session's and a clerk's word came first is drawn. Once all is quiet and the
 * clerk has worked off what is due, the store holds what sessions hold.
 */
#define NAMES 8
static bool stored[NAMES], wanted[NAMES];
static enum { NOT_ASKED, GRANTED, DENIED, UNHEARD } asked[NAMES];

static int
index_of(const char *member)
{
	return member[0] - 'a';
}

static void
clerk_does(const struct held_batch *b, uint64_t *out_missing)
{
	for (uint32_t i = 0; i < b->n; i++) {
		bool *it = &stored[index_of(b->members[i])];

		if (b->work == HELD_RENEW && !*it)
			*out_missing |= UINT64_C(1) << i;
		else if (b->work == HELD_ENTER)
			*it = true;
		else if (b->work == HELD_DROP)
			*it = false;
	}
	for (uint32_t i = 0; i < b->n_enter; i++)
		stored[index_of(b->enter[i])] = true;
}

/* The store may hear it at once, late, or never. */
static void
session_asks(uint32_t i, const char *name, bool up)
{
	static struct held_batch drops;
	uint64_t missing;

	if (!held_ask(held, 0, name, &drops))
		return;
	if (up)
		clerk_does(&drops, &missing);
	held_done(held, &drops, up, 0);
	asked[i] = !up ? UNHEARD : chance_below(4) == 0 ? DENIED : GRANTED;
	if (asked[i] == GRANTED || (!up && chance_below(2) == 0))
		stored[i] = true;
}

static void
session_hears(uint32_t i, const char *name)
{
	if (asked[i] == GRANTED)
		wanted[i] = held_add(held, 0, name);
	else if (asked[i] == UNHEARD)
		wanted[i] = held_add_below(held, 0, name, NAMES / 2);
	if (asked[i] == UNHEARD && !wanted[i])
		held_give(held, 0, name, 1000);
	if (asked[i] == DENIED)
		held_denied(held, 0, name);
	asked[i] = NOT_ASKED;
}

/* The clerk is giving it back: who asked would wait for that. */
static bool
leaving(const char *name)
{
	for (uint32_t i = 0; i < batch.n; i++)
		if (batch.work == HELD_DROP &&
		    strcmp(batch.members[i], name) == 0)
			return true;
	return false;
}

static void
session_does(void)
{
	uint32_t i = chance_below(NAMES);
	bool up = chance_below(3) > 0;
	char name[2] = { (char)('a' + i), '\0' };

	if (chance_below(20) == 0)
		memset(stored, 0, sizeof(stored));	/* FLUSHALL */
	if (asked[i] != NOT_ASKED)
		session_hears(i, name);
	else if (!wanted[i] && chance_below(2) == 0 &&
	    held_pass(held, 0, name))
		wanted[i] = true;
	else if (!wanted[i] && !leaving(name))
		session_asks(i, name, up);
	else if (wanted[i]) {
		wanted[i] = false;
		held_give(held, 0, name, 1000);
	}
}

static void
clerk_works(enum held_work work, bool disturbed)
{
	uint64_t missing = 0;
	bool answered = !disturbed || chance_below(3) > 0;

	if (!due(work))
		return;
	for (uint32_t n = disturbed ? chance_below(3) : 0; n > 0; n--)
		session_does();
	if (answered || chance_below(2) == 0)
		clerk_does(&batch, &missing);
	for (uint32_t n = disturbed ? chance_below(3) : 0; n > 0; n--)
		session_does();
	held_done(held, &batch, answered, answered ? missing : 0);
	batch.n = 0;
}

/* Where the store answers always, it has a place for each that is held. */
START_TEST(no_more_are_held_than_the_store_has_places_for)
{
	static struct held_batch drops;

	chance_seed((uint64_t)_i);
	memset(stored, 0, sizeof(stored));
	memset(wanted, 0, sizeof(wanted));
	for (int step = 0; step < 500; step++) {
		const uint32_t i = chance_below(NAMES);
		const char name[2] = { (char)('a' + i), '\0' };
		uint64_t missing = 0;
		int places = 0, used = 0;

		if (wanted[i]) {
			wanted[i] = false;
			held_give(held, 0, name, 1000);
		} else if (held_pass(held, 0, name))
			wanted[i] = true;
		else if (held_ask(held, 0, name, &drops)) {
			clerk_does(&drops, &missing);
			stored[i] = wanted[i] = true;
			held_done(held, &drops, true, 0);
			held_add(held, 0, name);
		}
		if (chance_below(3) == 0)
			clerk_works(HELD_DROP, false);
		for (int j = 0; j < NAMES; j++) {
			places += stored[j];
			used += wanted[j];
		}
		ck_assert_int_le(used, places);
	}
}
END_TEST

START_TEST(in_any_order_the_store_ends_with_what_is_held)
{
	uint32_t count = 0;

	chance_seed((uint64_t)_i);
	memset(stored, 0, sizeof(stored));
	memset(wanted, 0, sizeof(wanted));
	memset(asked, 0, sizeof(asked));
	for (int n = 1; n < 200; n++) {
		session_does();
		held_begin_round(held, HELD_RENEW);
		clerk_works((enum held_work)chance_below(3), true);
	}
	for (uint32_t i = 0; i < NAMES; i++)
		if (asked[i] != NOT_ASKED)
			session_hears(i, (char[]){ (char)('a' + i), '\0' });
	for (int n = 0; n < 3; n++) {
		held_begin_round(held, HELD_RENEW);
		clerk_works(HELD_DROP, false);
		clerk_works(HELD_RENEW, false);
		clerk_works(HELD_ENTER, false);
	}
	for (int i = 0; i < NAMES; i++) {
		ck_assert_msg(stored[i] == wanted[i], "%c: stored %d, held %d",
		    'a' + i, stored[i], wanted[i]);
		count += wanted[i];
	}
	ck_assert_uint_eq(held_count(held, 0), count);
	ck_assert_uint_eq(held_unheard(held, 0), 0);
}
END_TEST

static uint32_t questions[NAMES];

static bool
is_leaving(const struct held_batch *b, const char *name)
{
	for (uint32_t i = 0; b->work == HELD_DROP && i < b->n; i++)
		if (strcmp(b->members[i], name) == 0)
			return true;
	return false;
}

static void
hear(const char *name)
{
	switch (chance_below(3)) {
	case 0:
		held_add(held, 0, name);
		break;
	case 1:
		held_add_below(held, 0, name, 2);
		break;
	default:
		held_denied(held, 0, name);
	}
	questions[index_of(name)]--;
}

/* Of each name there may be any number of sessions, at any point. */
static void
any_session_does(void)
{
	static struct held_batch drops;
	const char name[2] = { (char)('a' + chance_below(NAMES)), '\0' };

	if (is_leaving(&batch, name))
		return;		/* it would wait */
	switch (chance_below(4)) {
	case 0:
		held_pass(held, 0, name);
		break;
	case 1:
		if (held_ask(held, 0, name, &drops))
			questions[index_of(name)]++;
		held_done(held, &drops, chance_below(2) == 0, 0);
		break;
	case 2:
		if (questions[index_of(name)] > 0)
			hear(name);
		break;
	default:
		held_give(held, 0, name, 1000);
	}
}

static void
clerk_or_porter_does(void)
{
	const enum held_work work = (enum held_work)chance_below(3);

	if (batch.n + batch.n_enter > 0) {
		held_done(held, &batch, chance_below(2) == 0, chance_below(8));
		batch.n = batch.n_enter = 0;
		return;
	}
	if (work != HELD_ENTER && chance_below(2) == 0)
		held_begin_round(held, work);
	held_due(held, work, &batch);
}

START_TEST(any_order_of_sessions_hurts_nobody)
{
	chance_seed((uint64_t)_i);
	memset(questions, 0, sizeof(questions));
	batch.n = batch.n_enter = 0;
	for (int step = 0; step < 2000; step++) {
		if (chance_below(3) > 0)
			any_session_does();
		else
			clerk_or_porter_does();
	}
	if (batch.n + batch.n_enter > 0)
		held_done(held, &batch, true, 0);
	batch.n = batch.n_enter = 0;
	for (uint32_t i = 0; i < NAMES; i++)
		while (questions[i] > 0)
			hear((char[]){ (char)('a' + i), '\0' });
	held_close(held, 1000);
	held_begin_round(held, HELD_DROP);
	while (held_due(held, HELD_DROP, &batch))
		held_done(held, &batch, true, 0);
	ck_assert_uint_eq(held_count(held, 0), 0);
	ck_assert_uint_eq(held_unheard(held, 0), 0);
	ck_assert(!held_owes(held));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("held_order");
	TCase *t = tcase_create("held_order");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, no_more_are_held_than_the_store_has_places_for,
	    0, 100);
	tcase_add_loop_test(t, in_any_order_the_store_ends_with_what_is_held,
	    0, 100);
	tcase_add_loop_test(t, any_order_of_sessions_hurts_nobody, 0, 200);
	suite_add_tcase(s, t);
	return suite_main(s);
}
