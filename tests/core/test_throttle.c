#include "core/throttle.h"

#include "base/chance.h"
#include "base/mem.h"

#include "suite.h"

#define SEED 4321
#define NOW INT64_C(1763728000000)
#define EVERY 60000

static const struct throttle_rules usual = {
	.cut = 700, .floor = 2, .raise = 1, .every_ms = EVERY,
};

#define LONG_AGO (NOW - 100 * EVERY)

/* Of 40 connections that are configured. */
static const struct {
	const char *says;
	struct throttle before;
	struct throttle_seen seen;
	uint32_t then;		/* connections */
	uint32_t refused;
} steps[] = {
	{ "nothing happened", { 0 }, { .in_use = 40, .fine = true }, 40, 0 },
	{ "refused with all of it in use: seven tenths are left", { 0 },
	    { NOW - 100, NOW, 60, false }, 28, 0 },
	{ "refused with half of it in use: seven tenths of that", { 0 },
	    { NOW - 100, NOW, 20, false }, 14, 0 },
	{ "reports lag behind: a quarter is left at least", { 0 },
	    { NOW - 100, NOW, 3, false }, 10, 0 },
	{ "the floor is never cut", { .cap = 2, .cut_ms = LONG_AGO },
	    { NOW - 100, NOW, 2, false }, 2, 0 },
	{ "nor cut through", { .cap = 3, .cut_ms = LONG_AGO },
	    { NOW - 100, NOW, 0, false }, 2, 0 },
	{ "a floor that was moved up holds at once", { .cap = 1 },
	    { 0 }, 2, 0 },
	{ "no second cut so soon", { .cap = 20, .cut_ms = NOW - EVERY + 1 },
	    { NOW - 100, NOW, 20, false }, 20, 0 },
	{ "but then, for what was refused meanwhile",
	    { .cap = 20, .cut_ms = NOW - EVERY },
	    { NOW - EVERY / 2 + 1, NOW, 20, false }, 14, 0 },
	{ "not for what began before the cut, or right behind it",
	    { .cap = 20, .cut_ms = NOW - EVERY },
	    { NOW - EVERY / 2, NOW, 20, false }, 20, 0 },
	{ "a step is taken where all is in use",
	    { .cap = 20, .cut_ms = NOW - EVERY },
	    { LONG_AGO, NOW - EVERY, 20, true }, 21, 0 },
	{ "not where it is idle", { .cap = 20, .cut_ms = NOW - EVERY },
	    { LONG_AGO, NOW - EVERY, 19, true }, 20, 0 },
	{ "nor too soon after a cut",
	    { .cap = 20, .cut_ms = NOW - EVERY + 1 },
	    { LONG_AGO, NOW - EVERY, 20, true }, 20, 0 },
	{ "nor after another step", { .cap = 20, .cut_ms = LONG_AGO,
	    .raised_ms = NOW - EVERY + 1 },
	    { LONG_AGO, NOW - EVERY, 20, true }, 20, 0 },
	{ "nor while somebody is refused",
	    { .cap = 20, .cut_ms = NOW - EVERY },
	    { LONG_AGO, NOW - EVERY + 1, 20, true }, 20, 0 },
	{ "nor while the upstream is in trouble",
	    { .cap = 20, .cut_ms = NOW - EVERY },
	    { LONG_AGO, NOW - EVERY, 20, false }, 20, 0 },
	{ "the last step leads to what is configured",
	    { .cap = 39, .cut_ms = NOW - EVERY },
	    { LONG_AGO, NOW - EVERY, 39, true }, 40, 0 },
	{ "a step that is refused is taken back", { .cap = 21,
	    .cut_ms = LONG_AGO, .raised_ms = NOW - 500 },
	    { NOW - 100, NOW, 21, false }, 20, 1 },
	{ "the last one too", { .cap = 0,
	    .cut_ms = LONG_AGO, .raised_ms = NOW - 500 },
	    { NOW - 100, NOW, 40, false }, 39, 1 },
	{ "and each time it waits twice as long", { .cap = 20, .refused = 2,
	    .cut_ms = NOW - 4 * EVERY + 1 },
	    { LONG_AGO, LONG_AGO, 20, true }, 20, 2 },
	{ "before it is tried again", { .cap = 20, .refused = 2,
	    .cut_ms = NOW - 4 * EVERY },
	    { LONG_AGO, LONG_AGO, 20, true }, 21, 2 },
	{ "refused again, it waits for longer", { .cap = 5, .refused = 2,
	    .cut_ms = LONG_AGO, .raised_ms = NOW - 500 },
	    { NOW - 100, NOW, 5, false }, 4, 3 },
	{ "which has an end", { .cap = 3, .refused = 4,
	    .cut_ms = LONG_AGO, .raised_ms = NOW - 500 },
	    { NOW - 100, NOW, 3, false }, 2, 4 },
	{ "sooner where one refusal is one of many", { .cap = 21, .refused = 3,
	    .cut_ms = LONG_AGO, .raised_ms = NOW - 500 },
	    { NOW - 100, NOW, 21, false }, 20, 3 },
	{ "a step that held makes the next twice as large", { .cap = 20,
	    .step = 2, .cut_ms = LONG_AGO, .raised_ms = NOW - EVERY },
	    { LONG_AGO, LONG_AGO, 20, true }, 24, 0 },
	{ "up to a quarter of what is configured", { .cap = 20,
	    .step = 8, .cut_ms = LONG_AGO, .raised_ms = NOW - EVERY },
	    { LONG_AGO, LONG_AGO, 20, true }, 30, 0 },
	{ "all of a large step is taken back", { .cap = 24, .step = 4,
	    .cut_ms = LONG_AGO, .raised_ms = NOW - 500 },
	    { NOW - 100, NOW, 24, false }, 20, 1 },
	{ "and the next one is as large as was left of it", { .cap = 20,
	    .step = 2, .refused = 1, .raised_ms = LONG_AGO,
	    .cut_ms = NOW - 2 * EVERY },
	    { LONG_AGO, LONG_AGO, 20, true }, 22, 1 },
	{ "the next step says that this one held", { .cap = 21, .refused = 2,
	    .cut_ms = LONG_AGO, .raised_ms = NOW - EVERY },
	    { LONG_AGO, LONG_AGO, 21, true }, 22, 0 },
	{ "a cut forgets the steps that were refused", { .cap = 20,
	    .refused = 2, .cut_ms = LONG_AGO },
	    { NOW - 100, NOW, 20, false }, 14, 0 },
	{ "a step that had held is cut as any other cap", { .cap = 20,
	    .cut_ms = LONG_AGO, .raised_ms = NOW - 2 * EVERY },
	    { NOW - 100, NOW, 20, false }, 14, 0 },
	{ "refused before the step: it is not the step's fault", { .cap = 20,
	    .cut_ms = LONG_AGO, .raised_ms = NOW - 50 },
	    { NOW - 100, NOW, 20, false }, 14, 0 },
	{ "a clock that was set back stops nothing",
	    { .cap = 20, .cut_ms = NOW + 100 * EVERY },
	    { NOW - 100, NOW, 20, false }, 14, 0 },
	{ "nor does a higher cap that another host believes in",
	    { .cap = 50, .cut_ms = LONG_AGO },
	    { NOW - 100, NOW, 50, false }, 28, 0 },
};

START_TEST(one_step)
{
	const struct throttle before = steps[_i].before;
	const struct throttle next = throttle_step(&usual, before, 40,
	    &steps[_i].seen, NOW);
	const uint32_t was = throttle_connections(&before, 40);
	const uint32_t is = throttle_connections(&next, 40);

	ck_assert_msg(is == steps[_i].then &&
	    next.refused == steps[_i].refused, "%s: %u, %u refused",
	    steps[_i].says, is, next.refused);
	if (is > was && before.cap != 1)
		ck_assert_int_eq(next.raised_ms, NOW);
	if (is < was)
		ck_assert_int_eq(next.cut_ms, NOW);
	if (is == was)
		ck_assert(throttle_same(&before, &next));
}
END_TEST

START_TEST(a_refusal_at_the_floor_is_not_for_it)
{
	struct throttle t = { .cap = 2, .cut_ms = NOW };

	ck_assert(!throttle_is_spent(&usual, &t, 40, NOW - 1));
	ck_assert(!throttle_is_spent(&usual, &t, 40, LONG_AGO));
	ck_assert(!throttle_is_spent(&usual, &t, 40, NOW + EVERY / 2));
	ck_assert(throttle_is_spent(&usual, &t, 40, NOW + EVERY / 2 + 1));
	t.cap = 3;
	ck_assert(!throttle_is_spent(&usual, &t, 40, NOW + EVERY));
	t = (struct throttle){ 0 };
	ck_assert(!throttle_is_spent(&usual, &t, 40, NOW));
	ck_assert(throttle_is_spent(&usual, &t, 1, NOW));
}
END_TEST

START_TEST(what_can_be_loaded)
{
	ck_assert(throttle_sane(&(struct throttle){ 0 }));
	ck_assert(throttle_sane(&(struct throttle){ UINT32_MAX, 4,
	    UINT32_MAX, NOW, INT64_MAX }));
	ck_assert(!throttle_sane(&(struct throttle){ .refused = 5 }));
	ck_assert(!throttle_sane(&(struct throttle){ .cut_ms = -1 }));
	ck_assert(!throttle_sane(&(struct throttle){ .raised_ms = -1 }));
}
END_TEST

/* Whatever is seen, in whatever order, and whatever the clock does. */
START_TEST(the_bounds_hold)
{
	struct throttle t = { 0 };
	int64_t now = NOW, fell_ms = 0, rose_ms = 0;

	chance_seed(SEED + (uint64_t)_i);
	for (int n = 0; n < 20000; n++) {
		const struct throttle_rules r = {
			.cut = 100 + chance_below(890),
			.floor = 3, .raise = 1 + chance_below(9),
			.every_ms = 1000,
		};
		const struct throttle_seen seen = {
			.slow_began_ms = now - chance_below(3000),
			.slow_told_ms = now - chance_below(3000),
			.in_use = chance_below(60),
			.fine = chance_below(2) == 0,
		};
		const uint32_t was = throttle_connections(&t, 30);
		uint32_t is;

		t = throttle_step(&r, t, 30, &seen, now);
		is = throttle_connections(&t, 30);
		ck_assert(throttle_sane(&t));
		ck_assert_uint_ge(is, 3);
		ck_assert_uint_le(is, was + (r.raise > 7 ? r.raise : 7));
		ck_assert_uint_ge(4 * is, was > 3 ? was - 3 : 0);
		if (is < was) {
			ck_assert_int_ge(now, fell_ms + r.every_ms);
			fell_ms = now;
		} else if (is > was) {
			ck_assert_int_ge(now, rose_ms + r.every_ms);
			rose_ms = now;
		}
		now += chance_below(300);
		if (chance_below(1000) == 0) {
			now = NOW + chance_below(1000000);
			fell_ms = rose_ms = 0;
		}
	}
}
END_TEST

/*
 * A forest that takes `limit` connections for SERVICE_MS each, and a fleet
 * that could always use more. What the fleet decides takes REACH_MS until it
 * shows; who is refused hears it after REFUSAL_MS, and the slot rests.
 */
#define TICK_MS 10
#define SERVICE_MS 200
#define REFUSAL_MS 20
#define REST_MS 1000
#define REACH_MS 100
#define SLOTS_MAX 40

struct slot {
	int64_t began_ms, told_ms, free_ms;
	bool accepted;
};

struct forest {
	uint32_t limit;
	struct throttle_rules rules;
	struct throttle throttle;
	struct throttle_seen seen;
	int64_t now_ms;
	uint32_t n, cap;
	struct slot slots[SLOTS_MAX];
	uint32_t connections, refusals;
};

static void
end_slots(struct forest *f)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		const struct slot *s = &f->slots[i];

		if (s->told_ms == f->now_ms && !s->accepted) {
			f->seen.slow_began_ms = s->began_ms;
			f->seen.slow_told_ms = f->now_ms;
		}
		if (s->free_ms > f->now_ms)
			f->slots[kept++] = *s;
	}
	f->n = kept;
}

static void
fill_slots(struct forest *f)
{
	uint32_t taken = 0;

	for (uint32_t i = 0; i < f->n; i++)
		taken += f->slots[i].accepted;
	while (f->n < f->cap) {
		const bool accepted = taken < f->limit;
		const int64_t told_ms = f->now_ms +
		    (accepted ? SERVICE_MS : REFUSAL_MS);

		f->slots[f->n++] = (struct slot){ f->now_ms, told_ms,
		    accepted ? told_ms : told_ms + REST_MS, accepted };
		taken += accepted;
		f->connections++;
		f->refusals += !accepted;
	}
}

/* Let it run; the least and the greatest cap there was. */
static void
run(struct forest *f, int64_t ms, uint32_t *out_least, uint32_t *out_most)
{
	*out_least = SLOTS_MAX;
	*out_most = 0;
	for (const int64_t end = f->now_ms + ms; f->now_ms < end;
	    f->now_ms += TICK_MS) {
		end_slots(f);
		fill_slots(f);
		*out_least = f->cap < *out_least ? f->cap : *out_least;
		*out_most = f->cap > *out_most ? f->cap : *out_most;
		if (f->now_ms % REACH_MS != 0)
			continue;
		f->cap = throttle_connections(&f->throttle, SLOTS_MAX);
		f->seen.in_use = f->n;
		f->seen.fine = true;
		f->throttle = throttle_step(&f->rules, f->throttle, SLOTS_MAX,
		    &f->seen, f->now_ms);
	}
}

static const struct {
	uint32_t limit, raise;
	int64_t every_ms;
} forests[] = {
	{ 20, 1, 1000 }, { 10, 1, 1000 }, { 5, 1, 1000 },
	{ 20, 3, 1000 }, { 10, 3, 1000 }, { 5, 3, 1000 },
	{ 20, 1, 10000 }, { 10, 1, 10000 }, { 5, 1, 10000 },
	{ 1, 1, 1000 }, { 40, 1, 1000 },
};

static struct forest
forest(uint32_t limit, uint32_t raise, int64_t every_ms)
{
	return (struct forest){
		.limit = limit,
		.rules = { .cut = 700, .floor = 1, .raise = raise,
		    .every_ms = every_ms },
		.now_ms = NOW,
		.cap = SLOTS_MAX,
	};
}

static uint32_t
larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static void
check_bounds(const struct forest *f, uint32_t least, uint32_t most)
{
	ck_assert_uint_ge(least, f->limit * 7 / 10);
	/* A step of two, after one of one that has held. */
	ck_assert_uint_le(most, f->limit + larger(f->rules.raise, 2));
}

/* Nobody tells the limit; ten times every_ms, and it is known. */
START_TEST(it_finds_the_limit)
{
	struct forest f = forest(forests[_i].limit, forests[_i].raise,
	    forests[_i].every_ms);
	uint32_t least, most;

	run(&f, 10 * f.rules.every_ms, &least, &most);
	f.connections = f.refusals = 0;
	run(&f, 100 * f.rules.every_ms, &least, &most);
	check_bounds(&f, least, most);
	ck_assert_uint_gt(f.connections, 100 * f.limit);
	ck_assert_msg(f.refusals * 50 <= f.connections, "%u of %u refused",
	    f.refusals, f.connections);
}
END_TEST

START_TEST(it_follows_the_limit)
{
	static const uint32_t limits[] = { 20, 5, 20, 10, 5, 10, 20 };
	struct forest f = forest(20, 1, 1000);
	uint32_t least, most;

	for (size_t i = 0; i < MW_N_OF(limits); i++) {
		f.limit = limits[i];
		run(&f, 40000, &least, &most);
		run(&f, 40000, &least, &most);
		check_bounds(&f, least, most);
	}
	ck_assert_msg(f.refusals * 50 <= f.connections, "%u of %u refused",
	    f.refusals, f.connections);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("throttle");
	TCase *tc = tcase_create("throttle");

	tcase_add_loop_test(tc, one_step, 0, MW_N_OF(steps));
	tcase_add_test(tc, a_refusal_at_the_floor_is_not_for_it);
	tcase_add_test(tc, what_can_be_loaded);
	tcase_add_loop_test(tc, the_bounds_hold, 0, 5);
	tcase_add_loop_test(tc, it_finds_the_limit, 0, MW_N_OF(forests));
	tcase_add_test(tc, it_follows_the_limit);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
