/*
 * Time passes, replies arrive, verdicts are expected: a relay that takes 20
 * messages a second from two hosts is sick for 45 seconds and heals.
 */
#include "core/breaker.h"

#include "base/chance.h"
#include "base/mem.h"

#include "breaker_sample.h"
#include "suite.h"

#define SEED 4320		/* of all draws: the same run every time */
#define TICK_MS 50
#define SICK_FROM 60000

/* The fleet's state, and what its senders have lived through. */
struct scene {
	struct breaker_rules rules;
	int64_t every_ms;	/* a message */
	int64_t sick_until_ms, end_ms;
	struct breaker breaker;
	struct window window;
	uint32_t streak;
	int64_t last_sent_ms;
	/* what came of it */
	uint32_t openings;
	uint32_t offered_shedding, offered_sick, sent_sick, sent_opened;
	int64_t first_open_ms, closed_ms;	/* 0: never */
	uint32_t steps;				/* RAMP: bit per step seen */
};

static struct scene scene;

static void
setup(void)
{
	scene = (struct scene){
		.rules = rules,
		.every_ms = TICK_MS,	/* 20 a second */
		.sick_until_ms = SICK_FROM + 45000,
		.end_ms = SICK_FROM + 345000,
	};
}

/* As whoever keeps the record does it: another state, another evidence. */
static void
judge(struct scene *s, int64_t now_ms)
{
	struct evidence seen = window_evidence(&s->window,
	    s->rules.window_ms, s->rules.min_outcomes, now_ms);
	struct breaker next;

	seen.streak = s->streak;
	next = breaker_step(&s->rules, s->breaker, &seen, chance_below(1000),
	    now_ms);
	ck_assert(breaker_sane(&next));
	if (breaker_starts_afresh(&s->breaker, &next)) {
		window_clear(&s->window);
		s->streak = 0;
	}
	if (next.state == BREAKER_OPEN && s->breaker.state != BREAKER_OPEN) {
		s->openings++;
		if (s->first_open_ms == 0)
			s->first_open_ms = now_ms;
	}
	if (next.state == BREAKER_CLOSED && s->breaker.state == BREAKER_RAMP)
		s->closed_ms = now_ms;
	if (next.state == BREAKER_RAMP)
		s->steps |= 1u << next.step;
	s->breaker = next;
}

/* A trial is one connection of the fleet; here it lasts for a second. */
static bool
may_send(const struct scene *s, int64_t now_ms)
{
	if (s->breaker.state == BREAKER_HALF_OPEN)
		return now_ms - s->last_sent_ms >= 1000;
	return chance_below(1000) < breaker_allowance(&s->breaker);
}

static void
deliver(struct scene *s, uint8_t host, bool good, int64_t now_ms)
{
	window_add(&s->window, s->rules.window_ms, now_ms,
	    good ? OUTCOME_OK : OUTCOME_TROUBLE, host, 1);
	s->streak = good ? 0 : s->streak + 1;
	s->last_sent_ms = now_ms;
}

/* One message, offered by the hosts in turn; bad_of: its risk, per mille. */
static void
offer(struct scene *s, const uint32_t bad_of[2], int64_t now_ms)
{
	const uint8_t host = (uint8_t)(now_ms / s->every_ms % 2);
	const bool sick = now_ms >= SICK_FROM && now_ms < s->sick_until_ms;
	const bool good = !sick || chance_below(1000) >= bad_of[host];
	const bool sent = may_send(s, now_ms);

	if (sent)
		deliver(s, host, good, now_ms);
	s->offered_shedding += s->breaker.state == BREAKER_SHEDDING;
	s->offered_sick += sick;
	s->sent_sick += sick && sent;
	s->sent_opened += sick && sent && s->first_open_ms > 0;
}

static void
play(struct scene *s, uint32_t bad_of_a, uint32_t bad_of_b)
{
	const uint32_t bad_of[2] = { bad_of_a, bad_of_b };

	for (int64_t now = TICK_MS; now < s->end_ms; now += TICK_MS) {
		if (now % s->every_ms == 0)
			offer(s, bad_of, now);
		if (now % s->every_ms == 0 || now % 1000 == 0)
			judge(s, now);
	}
}

/* Everything fails: ten in a row suffice, and from then on there are trials,
 * four of them at the most (the shortest waits are 3, 6, 12 and 24 s). */
START_TEST(a_dead_relay_is_left_alone)
{
	chance_seed(SEED + (uint64_t)_i);
	play(&scene, 1000, 1000);
	ck_assert_uint_eq(scene.offered_sick, 900);
	ck_assert_int_lt(scene.first_open_ms, SICK_FROM + 10 * TICK_MS);
	ck_assert_uint_le(scene.sent_opened, 4);
	ck_assert_uint_le(scene.sent_sick, 10 + 4);
}
END_TEST

/* It is found out at the end of a wait, the fourth one at the latest; then it
 * takes 2 s of trials and five steps of 5 s until it has all of its mail. */
START_TEST(a_healed_relay_gets_everything_back)
{
	chance_seed(SEED + (uint64_t)_i);
	play(&scene, 1000, 1000);
	ck_assert_int_eq(scene.breaker.state, BREAKER_CLOSED);
	ck_assert_uint_eq(scene.breaker.trips, 0);
	ck_assert_uint_eq(scene.steps, 0x1f);
	ck_assert_uint_le(scene.openings, 4);
	ck_assert_int_ge(scene.closed_ms, scene.sick_until_ms + 27000);
	ck_assert_int_le(scene.closed_ms,
	    scene.sick_until_ms + 240000 + 28000);
}
END_TEST

/* Three messages a minute never make enough outcomes for a share. */
START_TEST(little_mail_finds_its_way_as_well)
{
	chance_seed(SEED + (uint64_t)_i);
	scene.every_ms = 20000;
	scene.sick_until_ms = SICK_FROM + 600000;
	scene.end_ms = scene.sick_until_ms + 1000000;
	play(&scene, 1000, 1000);
	ck_assert_int_eq(scene.first_open_ms, SICK_FROM + 9 * 20000);
	ck_assert_uint_lt(scene.sent_sick, 10 + 6);
	ck_assert_int_eq(scene.breaker.state, BREAKER_CLOSED);
	ck_assert_int_gt(scene.closed_ms, scene.sick_until_ms + 25000);
}
END_TEST

/* Seven of ten fail, without a pattern: it is spared, and not cut off. */
START_TEST(an_ailing_relay_is_spared)
{
	chance_seed(SEED + (uint64_t)_i);
	scene.rules.consecutive = 0;
	play(&scene, 700, 700);
	ck_assert_uint_gt(scene.offered_shedding, 300);
	ck_assert_uint_lt(scene.sent_sick, 700);
	ck_assert_uint_gt(scene.sent_sick, 200);
	ck_assert_int_eq(scene.breaker.state, BREAKER_CLOSED);
}
END_TEST

/* One host's own trouble, whatever it is, closes nothing for the fleet. */
START_TEST(one_host_alone_speaks_of_itself)
{
	chance_seed(SEED + (uint64_t)_i);
	play(&scene, 1000, 0);
	ck_assert_uint_eq(scene.openings, 0);
	ck_assert_uint_eq(scene.offered_shedding, 0);
	ck_assert_uint_eq(scene.sent_sick, 900);
}
END_TEST

/* A few per cent of bad ones is a day like any other. */
START_TEST(a_bad_day_is_no_outage)
{
	chance_seed(SEED + (uint64_t)_i);
	play(&scene, 100, 100);
	ck_assert_uint_eq(scene.openings, 0);
	ck_assert_uint_eq(scene.offered_shedding, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("scenario");
	TCase *tc = tcase_create("scenario");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, a_dead_relay_is_left_alone, 0, 5);
	tcase_add_loop_test(tc, a_healed_relay_gets_everything_back, 0, 5);
	tcase_add_loop_test(tc, little_mail_finds_its_way_as_well, 0, 5);
	tcase_add_loop_test(tc, an_ailing_relay_is_spared, 0, 5);
	tcase_add_loop_test(tc, one_host_alone_speaks_of_itself, 0, 5);
	tcase_add_loop_test(tc, a_bad_day_is_no_outage, 0, 5);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
