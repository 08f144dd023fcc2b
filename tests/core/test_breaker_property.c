/* What holds for a breaker whatever happens to it. */
#include "core/breaker.h"

#include "base/chance.h"

#include "breaker_sample.h"
#include "suite.h"

static uint32_t
extreme(uint32_t usual)
{
	switch (chance_below(8)) {
	case 0:
		return 0;
	case 1:
		return UINT32_MAX;
	}
	return chance_below(usual);
}

static struct evidence
any_evidence(void)
{
	return (struct evidence){
		.good = extreme(100),
		.bad = extreme(100),
		.outcomes = extreme(100),
		.hosts = extreme(4),
		.bad_hosts = extreme(4),
		.streak = chance_below(8) == 0 ? extreme(20) : 0,
		.total_good = extreme(200),
		.total_bad = chance_below(3) == 0 ? extreme(50) : 0,
		.dns = extreme(50),
		.new_dns = extreme(50),
		.senders = extreme(4),
		.dns_hosts = extreme(4),
	};
}

/* What share of the whole traffic it lets through; a trial is next to none. */
static uint32_t
flow(const struct breaker *b)
{
	return b->state == BREAKER_HALF_OPEN ? 1 : breaker_allowance(b);
}

/* Whatever happens in whatever order, a breaker stays sane, waits no longer
 * than it may, and after a trip gives back no more than one step at once. */
START_TEST(any_history_is_sane)
{
	static const int pauses[] = { 200, 3000, 40000 };
	struct breaker b = { 0 };
	int64_t now = 0;

	chance_seed((uint64_t)_i);
	for (int n = 0; n < 10000; n++) {
		const struct evidence e = any_evidence();
		const struct breaker next = breaker_step(&rules, b, &e,
		    chance_below(1000), now);

		ck_assert(breaker_sane(&next));
		ck_assert_int_le(next.until_ms, now + (next.state ==
		    BREAKER_OPEN ? rules.open_max_ms : rules.ramp_step_ms));
		if (b.trips > 0 && flow(&next) > flow(&b))
			ck_assert(next.state == BREAKER_HALF_OPEN ||
			    (next.state == BREAKER_RAMP && next.step ==
			    (b.state == BREAKER_RAMP ? b.step + 1 : 0)) ||
			    b.reason == BREAKER_DNS);
		if (next.state == BREAKER_CLOSED && b.trips > 0 &&
		    b.reason != BREAKER_DNS)
			ck_assert_uint_eq(flow(&b), 1000);
		b = next;
		now += chance_below((uint32_t)pauses[_i % 3]);
	}
}
END_TEST

static int64_t
any_time(void)
{
	switch (chance_below(4)) {
	case 0:
		return 0;
	case 1:
		return INT64_MAX - chance_below(3);
	}
	return (int64_t)chance_below(UINT32_MAX) << chance_below(31);
}

static struct breaker
any_breaker(void)
{
	struct breaker b;

	do {
		b = (struct breaker){
			.state = chance_below(BREAKER_RAMP + 1),
			.reason = chance_below(BREAKER_DNS + 1),
			.allowance = chance_below(2) ? chance_below(1001) : 0,
			.trips = extreme(40),
			.step = chance_below(2) ? chance_below(8) : 0,
			.since_ms = any_time(),
			.until_ms = any_time(),
		};
	} while (!breaker_sane(&b));
	return b;
}

/* The largest numbers that a record, a clock and a file can hold. */
START_TEST(extremes_do_no_harm)
{
	struct breaker_rules r = rules;

	chance_seed((uint64_t)_i);
	for (int n = 0; n < 5000; n++) {
		const struct breaker b = any_breaker();
		const struct evidence e = any_evidence();
		const int64_t now = any_time();
		struct breaker next;

		r.open_for_ms = any_time();
		r.open_max_ms = any_time();
		r.ramp_step_ms = any_time();
		r.window_ms = any_time();
		r.shed_at = 1 + chance_below(1000);
		r.open_at = 1 + chance_below(1000);
		r.min_hosts = extreme(4);
		r.min_outcomes = extreme(50);
		r.n_ramp = 1 + chance_below(5);
		next = breaker_step(&r, b, &e, chance_below(1000), now);
		ck_assert(breaker_sane(&next));
		ck_assert(next.since_ms <= now ||
		    next.since_ms - now <= 10000);
	}
}
END_TEST

/* From wherever it is, good mail and time lead home: a wait, the trials, and
 * each step of the ramp (one call a second). */
START_TEST(good_times_close_it)
{
	const int64_t bound = rules.open_max_ms + rules.window_ms +
	    (int64_t)rules.n_ramp * rules.ramp_step_ms + 10000;
	const struct evidence traffic[] = { seen(40, 0), seen(1, 0) };

	chance_seed((uint64_t)_i);
	for (int n = 0; n < 100; n++) {
		struct breaker b = any_breaker();
		int64_t now = NOW;

		while (b.state != BREAKER_CLOSED && now <= NOW + bound) {
			b = breaker_step(&rules, b, &traffic[_i % 2], 999,
			    now);
			now += 1000;
		}
		ck_assert_int_eq(b.state, BREAKER_CLOSED);
	}
}
END_TEST

/* And from wherever it is, full trouble leaves no more than a trial. */
START_TEST(full_trouble_opens_it)
{
	chance_seed((uint64_t)_i);
	for (int n = 0; n < 100; n++) {
		struct breaker b = any_breaker();

		for (int64_t now = NOW; now < NOW + 60000; now += 1000) {
			b = breaker_step(&rules, b, &(struct evidence){
				.bad = 40, .outcomes = 20, .hosts = 2,
				.bad_hosts = 2, .total_bad = 40,
				.streak = 40,	/* or it may have stepped back */
			    }, chance_below(1000), now);
			ck_assert(b.state == BREAKER_OPEN ||
			    b.state == BREAKER_HALF_OPEN);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("breaker property");
	TCase *tc = tcase_create("breaker property");

	tcase_add_loop_test(tc, any_history_is_sane, 0, 9);
	tcase_add_loop_test(tc, extremes_do_no_harm, 0, 5);
	tcase_add_loop_test(tc, good_times_close_it, 0, 4);
	tcase_add_loop_test(tc, full_trouble_opens_it, 0, 4);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
