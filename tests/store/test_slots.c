/*
 * The division of an upstream's connections, over histories at random. The
 * store in memory stands for both: test_contract_agree holds Redis to it.
 */
#include <stdio.h>

#include "base/chance.h"
#include "store/local.h"
#include "suite.h"

#define HOSTS 5
#define TTL_MS 1000
#define NEVER INT64_C(-1)

/* A host that keeps to what it was granted. */
struct host {
	char name[16];
	uint32_t granted, in_use;
	int64_t told_ms;	/* its last report; NEVER: it is down */
	bool told_since_change;	/* of the cap */
};

struct fleet {
	struct store_local *store;
	struct host hosts[HOSTS];
	uint32_t n, cap, greatest_cap;
	int64_t now_ms;
};

static struct fleet
fleet_of(uint32_t n, uint32_t cap)
{
	struct fleet f = {
		.store = store_local_new(),
		.n = n,
		.cap = cap,
		.greatest_cap = cap,
		.now_ms = 1763728000000,
	};

	for (uint32_t i = 0; i < n; i++) {
		snprintf(f.hosts[i].name, sizeof(f.hosts[i].name), "mx%u", i);
		f.hosts[i].told_ms = NEVER;
	}
	return f;
}

static bool
is_live(const struct fleet *f, const struct host *h)
{
	return h->told_ms != NEVER && h->told_ms + TTL_MS > f->now_ms;
}

static void
report(struct fleet *f, struct host *h, uint32_t in_use, uint32_t waiting)
{
	struct store_reply reply;
	struct err err;

	ck_assert_int_eq(store_local_call(f->store, &(struct store_request){
		.verb = STORE_SLOTS,
		.name = "filter",
		.u.slots = { .host = h->name, .in_use = in_use,
		    .waiting = waiting, .held = h->granted, .cap = f->cap,
		    .limit = f->cap, .ttl_ms = TTL_MS },
	}, f->now_ms, &reply, &err), 0);
	h->granted = reply.u.slots.granted;
	h->in_use = in_use;
	h->told_ms = f->now_ms;
	h->told_since_change = true;
}

static void
check_sums(const struct fleet *f)
{
	uint32_t granted = 0, in_use = 0;
	bool all_told = true;

	for (uint32_t i = 0; i < f->n; i++) {
		const struct host *h = &f->hosts[i];

		if (!is_live(f, h))
			continue;
		granted += h->granted;
		in_use += h->in_use;
		all_told &= h->told_since_change;
	}
	ck_assert_uint_le(granted, f->greatest_cap);
	if (all_told)
		ck_assert_uint_le(granted, in_use > f->cap ? in_use : f->cap);
}

/* The host goes on with what it held. */
static void
lose_answer(struct host *h, uint32_t held)
{
	h->granted = held;
	h->told_since_change = false;
}

static void
any_step(struct fleet *f)
{
	struct host *h = &f->hosts[chance_below(f->n)];
	uint32_t held;

	f->now_ms += chance_below(60);
	if (!is_live(f, h))	/* its connections ended with it */
		h->granted = h->in_use = 0;
	if (chance_below(50) == 0) {
		f->now_ms += TTL_MS;	/* nobody is heard of for a while */
		for (uint32_t i = 0; i < f->n; i++)
			f->hosts[i].granted = f->hosts[i].in_use = 0;
	}
	if (chance_below(30) == 0) {
		f->cap = chance_below(40);
		if (f->cap > f->greatest_cap)
			f->greatest_cap = f->cap;
		for (uint32_t i = 0; i < f->n; i++)
			f->hosts[i].told_since_change = false;
	}
	held = h->granted;
	report(f, h, chance_below(h->granted + 1),
	    chance_below(3) * chance_below(30));
	if (chance_below(10) == 0)
		lose_answer(h, held);
}

START_TEST(the_cap_holds_whatever_happens)
{
	struct fleet f = fleet_of(1 + (uint32_t)_i % HOSTS, 20);

	chance_seed((uint64_t)_i + 1);
	for (int step = 0; step < 3000; step++) {
		any_step(&f);
		check_sums(&f);
	}
	store_local_free(&f.store);
}
END_TEST

/*
 * Hosts stop, for longer than a grant lasts, and their connections end
 * meanwhile; when one goes on, it believes for a while that it has them still.
 */
struct sleeper {
	bool asleep;
	uint32_t believed;		/* in use */
	uint32_t real;
};

#define GRANT_MS (TTL_MS * 9 / 10)

static void
fall_asleep(struct sleeper *s)
{
	s->asleep = true;
	s->real = 0;
}

static void
wake(struct fleet *f, uint32_t i, struct sleeper *s)
{
	struct host *h = &f->hosts[i];

	s->asleep = false;
	if (f->now_ms - h->told_ms >= GRANT_MS)
		h->granted = 0;
	report(f, h, s->believed, chance_below(20));
}

/* Some end, others begin, and the store is told. */
static void
work(struct fleet *f, uint32_t i, struct sleeper *s)
{
	struct host *h = &f->hosts[i];
	const uint32_t ended = chance_below(s->believed + 1);

	s->believed -= ended;
	s->real -= ended < s->real ? ended : s->real;
	for (; s->believed < h->granted && chance_below(4) > 0; s->believed++)
		s->real++;
	if (chance_below(2) > 0)
		report(f, h, s->believed, chance_below(20));
}

START_TEST(who_was_stopped_uses_again_nothing_that_others_got)
{
	struct fleet f = fleet_of(2 + (uint32_t)_i % (HOSTS - 1), 12);
	struct sleeper sleepers[HOSTS] = { 0 };

	chance_seed((uint64_t)_i + 1);
	for (int step = 0; step < 20000; step++) {
		const uint32_t i = chance_below(f.n);
		uint32_t real = 0;

		f.now_ms += chance_below(60);
		if (!sleepers[i].asleep)
			work(&f, i, &sleepers[i]);
		else if (chance_below(20) == 0)
			wake(&f, i, &sleepers[i]);
		if (chance_below(40) == 0)
			fall_asleep(&sleepers[i]);
		for (uint32_t j = 0; j < f.n; j++) {
			if (f.now_ms - f.hosts[j].told_ms >= GRANT_MS)
				fall_asleep(&sleepers[j]);
			real += sleepers[j].real;
		}
		ck_assert_uint_le(real, f.cap);
	}
	store_local_free(&f.store);
}
END_TEST

/*
 * An upstream falls ill, is tried again and recovers, over and over; some of
 * its connections hang, and hosts hear of each change at some time later.
 */
enum phase { WELL, OPEN, ON_TRIAL, PHASES };

struct patient {
	struct fleet fleet;
	uint32_t limit;
	uint32_t changes;		/* so many; the phase follows from it */
	uint32_t heard[HOSTS];		/* how many of them a host knows of */
	uint32_t old[HOSTS];
	uint32_t taken[HOSTS];		/* in use, not reported yet */
};

static enum phase
phase_of(uint32_t changes)
{
	return (enum phase)(changes % PHASES);
}

/* What the host has heard decides what it asks for. */
static void
ask_as_heard(struct patient *p, uint32_t i)
{
	static const bool may[PHASES] = { [WELL] = true, [ON_TRIAL] = true };
	struct fleet *f = &p->fleet;
	struct host *h = &f->hosts[i];
	const enum phase phase = phase_of(p->heard[i]);
	struct store_reply reply;
	struct err err;

	ck_assert_int_eq(store_local_call(f->store, &(struct store_request){
		.verb = STORE_SLOTS,
		.name = "filter",
		.u.slots = { .host = h->name, .in_use = p->taken[i],
		    .waiting = chance_below(6), .old = p->old[i],
		    .held = h->granted, .limit = p->limit,
		    .cap = !may[phase] ? 0 : phase == WELL ? p->limit : 1,
		    .ttl_ms = TTL_MS },
	}, f->now_ms, &reply, &err), 0);
	h->granted = reply.u.slots.granted;
}

static void
hear(struct patient *p, uint32_t i)
{
	struct host *h = &p->fleet.hosts[i];

	if (p->heard[i] == p->changes)
		return;
	p->heard[i] = p->changes;
	h->granted = h->granted < p->taken[i] ? h->granted : p->taken[i];
	if (phase_of(p->changes) == ON_TRIAL) {
		p->old[i] += p->taken[i];
		p->taken[i] = h->granted = 0;
	}
}

/* Connections are made as granted, and end when they like. */
static void
live_on(struct patient *p, uint32_t i)
{
	const uint32_t granted = p->fleet.hosts[i].granted;

	if (p->old[i] > 0 && chance_below(8) == 0)
		p->old[i]--;
	if (p->taken[i] > 0 && chance_below(4) == 0)
		p->taken[i]--;
	if (p->taken[i] < granted)
		p->taken[i] += chance_below(granted - p->taken[i] + 1);
}

static void
check_patient(const struct patient *p)
{
	uint32_t all = 0, trials = 0;

	for (uint32_t i = 0; i < p->fleet.n; i++) {
		all += p->taken[i] + p->old[i];
		if (phase_of(p->heard[i]) == ON_TRIAL &&
		    p->heard[i] == p->changes)
			trials += p->taken[i];
	}
	ck_assert_uint_le(all, p->limit);
	ck_assert_uint_le(trials, 1);
}

START_TEST(one_trial_beside_what_hangs_and_never_above_the_cap)
{
	struct patient p = {
		.fleet = fleet_of(1 + (uint32_t)_i % HOSTS, 0),
		.limit = 1 + (uint32_t)_i,
	};
	uint32_t beside = 0;

	chance_seed((uint64_t)_i + 1);
	for (int step = 0; step < 5000; step++) {
		const uint32_t i = chance_below(p.fleet.n);

		p.fleet.now_ms += chance_below(20);
		p.changes += chance_below(40) == 0;
		if (chance_below(3) == 0)
			hear(&p, i);
		ask_as_heard(&p, i);
		live_on(&p, i);
		check_patient(&p);
		beside += phase_of(p.heard[i]) == ON_TRIAL &&
		    p.taken[i] == 1 && p.old[i] > 0;
	}
	if (p.limit > 1)
		ck_assert_uint_gt(beside, 0);
	store_local_free(&p.fleet.store);
}
END_TEST

/* All connections end, while every host begins to have use for `want`; then
 * it stays so for a while. */
static void
come_to_rest(struct fleet *f, const uint32_t want[HOSTS])
{
	for (uint32_t i = 0; i < 2 * f->n; i++)
		report(f, &f->hosts[i % f->n], 0, want[i % f->n]);
	for (uint32_t i = 0; i < 2 * f->n; i++) {
		struct host *h = &f->hosts[i % f->n];
		const uint32_t w = want[i % f->n];
		const uint32_t in_use = w < h->granted ? w : h->granted;

		report(f, h, in_use, w - in_use);
	}
}

START_TEST(all_is_handed_out_and_fairly)
{
	uint32_t want[HOSTS] = { 0 };

	chance_seed((uint64_t)_i + 1);
	for (int round = 0; round < 300; round++) {
		struct fleet f = fleet_of(1 + chance_below(HOSTS),
		    chance_below(40));
		uint32_t wanted = 0, granted = 0;

		for (int step = 0; step < 20; step++)
			any_step(&f);
		for (uint32_t i = 0; i < f.n; i++)
			wanted += want[i] = chance_below(20);
		come_to_rest(&f, want);
		for (uint32_t i = 0; i < f.n; i++)
			granted += f.hosts[i].granted;
		ck_assert_uint_le(granted, f.cap);
		if (wanted >= f.cap)
			ck_assert_uint_eq(granted, f.cap);
		for (uint32_t i = 0; i < f.n; i++) {
			const struct host *h = &f.hosts[i];

			/* who did not get what it wants has no less than
			 * anybody, but for the one that does not divide */
			if (h->granted >= want[i])
				continue;
			ck_assert_uint_ge(wanted, f.cap);
			for (uint32_t j = 0; j < f.n; j++)
				ck_assert_uint_le(f.hosts[j].granted,
				    h->granted + 1);
		}
		store_local_free(&f.store);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store/slots");
	TCase *tc = tcase_create("slots");

	tcase_add_loop_test(tc, the_cap_holds_whatever_happens, 0, 20);
	tcase_add_loop_test(tc,
	    one_trial_beside_what_hangs_and_never_above_the_cap, 0, 20);
	tcase_add_loop_test(tc,
	    who_was_stopped_uses_again_nothing_that_others_got, 0, 20);
	tcase_add_loop_test(tc, all_is_handed_out_and_fairly, 0, 4);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
