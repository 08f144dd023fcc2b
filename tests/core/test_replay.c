#include "core/replay.h"

#include "base/chance.h"
#include "base/mem.h"

#include "breaker_sample.h"
#include "suite.h"

#include <stdio.h>

#define SEED 4320
#define START 1795262400000LL
#define MINUTE 60000LL
#define EVERY_MS 50		/* an attempt: 20 a second */
#define CHANGES 64

enum { FILTER, FILTER_EU, EXCHANGE, UPSTREAMS };
enum { CONTOSO, DIRECT, SINGLE, DESTINATIONS };

static struct upstream upstreams[UPSTREAMS];
static const struct destination destinations[DESTINATIONS] = {
	[CONTOSO] = { .name = "contoso", .n_routes = 3, .routes = {
		{ FILTER, false, 0 }, { FILTER_EU, false, 0 },
		{ EXCHANGE, true, 600000 } } },
	[DIRECT] = { .name = "direct", .n_routes = 2, .routes = {
		{ FILTER, false, 0 }, { EXCHANGE, true, 600000 } } },
	[SINGLE] = { .name = "single", .n_routes = 1, .routes = {
		{ FILTER_EU, false, 0 } } },
};
static const struct plan plan = {
	.upstreams = upstreams, .n_upstreams = UPSTREAMS,
	.destinations = destinations, .n_destinations = DESTINATIONS,
	.catch_all = -1,
};

static struct replay *replay;
static struct replay_change changes[CHANGES];
static char rule_names[CHANGES][64], samples[CHANGES][64];
static uint32_t n_changes;

static void
on_change(void *arg, const struct replay_change *change)
{
	ck_assert_ptr_eq(arg, &n_changes);
	ck_assert_uint_lt(n_changes, CHANGES);
	changes[n_changes] = *change;
	snprintf(rule_names[n_changes], sizeof(rule_names[0]), "%s",
	    change->rule);
	snprintf(samples[n_changes], sizeof(samples[0]), "%s", change->sample);
	n_changes++;
}

static void
setup(void)
{
	for (int i = 0; i < UPSTREAMS; i++)
		upstreams[i] = (struct upstream){ .name = "x",
		    .connections = 20, .breaker = rules };
	chance_seed(SEED);
	n_changes = 0;
	replay = replay_new(&plan, on_change, &n_changes);
}

static void
teardown(void)
{
	replay_free(&replay);
	ck_assert_ptr_null(replay);
}

static struct replay_fact
fact(uint32_t upstream, bool good, int64_t time_ms)
{
	return (struct replay_fact){
		.time_ms = time_ms,
		.took_ms = 40,
		.upstream = upstream,
		.destination = upstream == FILTER_EU ? SINGLE : CONTOSO,
		.host = time_ms / EVERY_MS % 2,
		.outcome = good ? (struct outcome){ OUTCOME_OK, "ok" } :
		    (struct outcome){ OUTCOME_TROUBLE, "svc-unavail" },
		.text = good ? SPAN("2.0.0 250 Ok") :
		    SPAN("4.3.2 host f[192.0.2.1] said: 451 4.3.2 \xff later"),
	};
}

/* Attempts for so long; how many of them would have been made. */
static uint32_t
play(uint32_t upstream, uint32_t destination, bool good, int64_t from_ms,
    int64_t for_ms)
{
	uint32_t made = 0;

	for (int64_t t = from_ms; t < from_ms + for_ms; t += EVERY_MS) {
		struct replay_fact f = fact(upstream, good, t);

		f.destination = destination;
		made += replay_add(replay, &f);
	}
	return made;
}

START_TEST(a_quiet_day_is_quiet)
{
	const struct replay_totals *t = replay_totals(replay, FILTER);

	ck_assert_uint_eq(play(FILTER, CONTOSO, true, START, 5 * MINUTE),
	    6000);
	ck_assert_uint_eq(n_changes, 0);
	ck_assert_uint_eq(t->attempts, 6000);
	ck_assert_uint_eq(t->outcomes[OUTCOME_OK], 6000);
	ck_assert_uint_eq(t->bad + t->saved + t->openings, 0);
	ck_assert_uint_eq(replay_totals(replay, FILTER_EU)->attempts, 0);
	ck_assert_int_eq(replay_state(replay, FILTER), BREAKER_CLOSED);
}
END_TEST

/* Ten in a row, and from then on no more than a trial for each wait. */
START_TEST(an_outage_is_left_alone)
{
	const int64_t sick = START + MINUTE, healed = sick + 45000;
	const struct replay_totals *t = replay_totals(replay, FILTER);
	uint32_t made;

	play(FILTER, CONTOSO, true, START, MINUTE);
	made = play(FILTER, CONTOSO, false, sick, healed - sick);
	play(FILTER, CONTOSO, true, healed, 10 * MINUTE);

	ck_assert_uint_ge(made, 10);
	ck_assert_uint_le(made, 10 + 4);
	ck_assert_int_eq(changes[0].time_ms, sick + 9 * EVERY_MS);
	ck_assert_uint_eq(changes[0].upstream, FILTER);
	ck_assert_int_eq(changes[0].from, BREAKER_CLOSED);
	ck_assert_int_eq(changes[0].to, BREAKER_OPEN);
	ck_assert_int_eq(changes[0].reason, BREAKER_STREAK);
	ck_assert_str_eq(rule_names[0], "svc-unavail");
	ck_assert_str_eq(samples[0],
	    "4.3.2 host f[192.0.2.1] said: 451 4.3.2 ? later");
	ck_assert_int_eq(changes[1].to, BREAKER_HALF_OPEN);
	ck_assert_str_eq(rule_names[1], "");
	ck_assert_int_eq(replay_state(replay, FILTER), BREAKER_CLOSED);
	ck_assert_int_eq(changes[n_changes - 1].to, BREAKER_CLOSED);

	ck_assert_uint_eq(t->attempts, 1200 + 900 + 12000);
	ck_assert_uint_eq(t->bad, 900);
	ck_assert_uint_eq(t->saved_bad, 900 - made);
	ck_assert_uint_eq(t->rerouted, t->saved);
	ck_assert_uint_eq(t->held, 0);
	ck_assert_uint_le(t->openings, 4);
}
END_TEST

/* An upstream that bypasses the protection saves no mail, nor does one that
 * is open as well. */
START_TEST(mail_without_a_way_is_held)
{
	play(FILTER, DIRECT, false, START, 2000);
	ck_assert_uint_eq(replay_totals(replay, FILTER)->saved, 30);
	ck_assert_uint_eq(replay_totals(replay, FILTER)->held, 30);

	play(FILTER_EU, SINGLE, false, START + 2000, 500);
	ck_assert_int_eq(replay_state(replay, FILTER_EU), BREAKER_OPEN);
	play(FILTER, CONTOSO, false, START + 2500, 100);
	ck_assert_uint_eq(replay_totals(replay, FILTER)->held, 32);
	ck_assert_uint_eq(replay_totals(replay, FILTER)->rerouted, 0);
}
END_TEST

/* Seven of ten fail, without a pattern. */
START_TEST(a_part_is_shed)
{
	const struct replay_totals *t = replay_totals(replay, FILTER);

	upstreams[FILTER].breaker.consecutive = 0;
	for (int64_t at = 0; at < 2 * MINUTE; at += EVERY_MS) {
		const struct replay_fact f = fact(FILTER,
		    chance_below(1000) >= 700, START + at);

		(void)replay_add(replay, &f);
	}
	ck_assert_int_eq(changes[0].to, BREAKER_SHEDDING);
	ck_assert_uint_eq(t->openings, 0);
	ck_assert_uint_gt(t->saved, t->attempts / 5);
	ck_assert_uint_lt(t->saved, t->attempts * 4 / 5);
}
END_TEST

static void
open_filter(int64_t at_ms)
{
	play(FILTER, CONTOSO, false, at_ms, 10 * EVERY_MS);
	ck_assert_int_eq(replay_state(replay, FILTER), BREAKER_OPEN);
}

/* The first wait is 30 s at the most. */
START_TEST(trials_come_one_by_one)
{
	const int64_t at = START + MINUTE;
	struct replay_fact f;

	open_filter(START);
	for (int i = 0; i < 4; i++) {
		f = fact(FILTER, true, at + i * 300);
		f.took_ms = 1000;	/* the last one began before the first ended */
		ck_assert_int_eq(replay_add(replay, &f), i == 0);
		ck_assert_int_eq(replay_state(replay, FILTER),
		    BREAKER_HALF_OPEN);
	}
	f = fact(FILTER, true, at + 1000);
	f.took_ms = 1000;
	ck_assert(replay_add(replay, &f));
	f = fact(FILTER, true, at + 2000);
	ck_assert(replay_add(replay, &f));
	ck_assert_int_eq(replay_state(replay, FILTER), BREAKER_RAMP);
}
END_TEST

/* Of attempts under way when it opened, no trial is made, and none is saved. */
START_TEST(what_began_before_a_change_does_not_judge_it)
{
	const struct replay_totals *t = replay_totals(replay, FILTER);
	struct replay_fact f;

	open_filter(START);
	f = fact(FILTER, false, START + 1000);
	f.took_ms = 2000;
	ck_assert(replay_add(replay, &f));
	ck_assert_uint_eq(t->saved, 0);

	f = fact(FILTER, false, START + MINUTE);
	f.took_ms = 30000 + MINUTE;
	upstreams[FILTER].breaker.slow_after_ms = 10 * MINUTE;
	ck_assert(replay_add(replay, &f));
	ck_assert_int_eq(replay_state(replay, FILTER), BREAKER_HALF_OPEN);
	ck_assert_uint_eq(t->saved, 0);
	ck_assert_uint_eq(t->bad, 12);

	f.took_ms = MINUTE - 2000;	/* it had opened 2 s before */
	ck_assert(!replay_add(replay, &f));
	ck_assert_uint_eq(t->saved, 1);
}
END_TEST

START_TEST(a_slow_answer_is_a_bad_one)
{
	for (int i = 0; i < 10; i++) {
		struct replay_fact f = fact(FILTER, true, START + i * 7000);

		f.took_ms = 5001;
		ck_assert(replay_add(replay, &f));
		f.again = true;		/* of the same attempt: no news */
		ck_assert(replay_add(replay, &f));
	}
	ck_assert_uint_eq(n_changes, 1);
	ck_assert_int_eq(changes[0].reason, BREAKER_STREAK);
	ck_assert_int_eq(changes[0].time_ms, START + 9 * 7000);
	ck_assert_str_eq(rule_names[0], "slow-answer");
	ck_assert_uint_eq(replay_totals(replay, FILTER)->bad, 10);
}
END_TEST

/* Some recipients put off, others taken: one attempt, and no streak. */
START_TEST(further_reports_of_an_attempt_are_seen)
{
	const struct replay_totals *t = replay_totals(replay, FILTER);

	for (int i = 0; i < 19; i++) {
		struct replay_fact f = fact(FILTER, false, START + i * 7000);

		ck_assert(replay_add(replay, &f));
		f = fact(FILTER, true, START + i * 7000);
		f.again = true;
		ck_assert(replay_add(replay, &f));
	}
	ck_assert_uint_eq(t->attempts, 19);
	ck_assert_uint_eq(t->bad, 19);
	ck_assert_uint_eq(t->outcomes[OUTCOME_OK], 19);
	ck_assert_uint_eq(t->openings, 0);
}
END_TEST

/* It half-opens when its wait is over, not when the next mail comes. */
START_TEST(time_passes_between_facts)
{
	open_filter(START);
	play(FILTER_EU, SINGLE, true, START + 5 * MINUTE, EVERY_MS);
	ck_assert_uint_eq(n_changes, 2);
	ck_assert_int_eq(changes[1].to, BREAKER_HALF_OPEN);
	ck_assert_int_gt(changes[1].time_ms, START + 3000);
	ck_assert_int_le(changes[1].time_ms, START + 31000);
}
END_TEST

/* Clocks are set back, and lines may be from any year. */
START_TEST(no_time_does_harm)
{
	open_filter(START);
	play(FILTER, CONTOSO, false, START + 1000, EVERY_MS);
	play(FILTER, CONTOSO, false, START - 60 * MINUTE, 1000);
	ck_assert_uint_eq(replay_totals(replay, FILTER)->saved, 21);
	play(FILTER, CONTOSO, true, 200 * START, EVERY_MS);
	ck_assert_int_eq(replay_state(replay, FILTER), BREAKER_RAMP);
	play(FILTER, CONTOSO, false, -START, EVERY_MS);
	ck_assert_uint_eq(replay_totals(replay, FILTER)->attempts, 33);
}
END_TEST

/* Any history: the sums agree, changes follow on each other, and the same
 * seed makes the same run. */
static uint64_t
random_history(uint64_t seed)
{
	enum breaker_state state[UPSTREAMS] = { 0 };
	uint64_t digest = 0;
	int64_t t = START;

	chance_seed(seed);
	for (int i = 0; i < 3000; i++) {
		struct replay_fact f;

		t += chance_below(chance_below(100) == 0 ? 300000 : 500);
		f = fact(chance_below(UPSTREAMS), false, t);
		f.took_ms = chance_below(6000);
		f.host = (uint8_t)chance_below(80);
		f.outcome.class = chance_below(2) == 0 ? OUTCOME_TROUBLE :
		    (enum outcome_class)chance_below(OUTCOME_CLASSES);
		n_changes = 0;
		(void)replay_add(replay, &f);
		for (uint32_t c = 0; c < n_changes; c++) {
			const struct replay_change *change = &changes[c];

			ck_assert_int_eq(change->from,
			    state[change->upstream]);
			state[change->upstream] = change->to;
			digest = digest * 31 + (uint64_t)change->time_ms;
		}
	}
	for (uint32_t u = 0; u < UPSTREAMS; u++) {
		const struct replay_totals *all = replay_totals(replay, u);

		ck_assert_int_eq(replay_state(replay, u), state[u]);
		ck_assert_uint_eq(all->saved, all->rerouted + all->held);
		ck_assert_uint_le(all->saved_bad, all->bad);
		ck_assert_uint_le(all->saved, all->attempts);
		digest = digest * 31 + all->saved;
	}
	return digest;
}

START_TEST(any_history_adds_up)
{
	const uint64_t once = random_history(SEED + (uint64_t)_i);

	teardown();
	setup();
	ck_assert_uint_eq(random_history(SEED + (uint64_t)_i), once);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("replay");
	TCase *tc = tcase_create("replay");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_quiet_day_is_quiet);
	tcase_add_test(tc, an_outage_is_left_alone);
	tcase_add_test(tc, mail_without_a_way_is_held);
	tcase_add_test(tc, a_part_is_shed);
	tcase_add_test(tc, trials_come_one_by_one);
	tcase_add_test(tc, what_began_before_a_change_does_not_judge_it);
	tcase_add_test(tc, a_slow_answer_is_a_bad_one);
	tcase_add_test(tc, further_reports_of_an_attempt_are_seen);
	tcase_add_test(tc, time_passes_between_facts);
	tcase_add_test(tc, no_time_does_harm);
	tcase_add_loop_test(tc, any_history_adds_up, 0, 5);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
