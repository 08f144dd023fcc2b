/* A new process and a new plan go on with what the last one held and used. */
#include "engine/fleet.h"

#include "base/chance.h"

#include "fleet_sample.h"
#include "suite.h"

START_TEST(a_new_process_goes_on_with_what_the_last_one_held)
{
	uint32_t held[2];

	pass(3000);
	store_away = true;
	pass(20000);
	for (int i = 0; i < 2; i++) {
		held[i] = fleet_held(fleet_upstream(host[i], 0));
		ck_assert_uint_eq(held[i], 2);
		replace_process(i, held[i]);
	}
	pass(20000);
	use_all();
	for (int i = 0; i < 2; i++)
		ck_assert_uint_eq(line_state(line_at(i), now).in_use, held[i]);
	end_all();
}
END_TEST

static void
come_and_go(struct line *line, uint32_t *served)
{
	if (chance_below(3) == 0)
		line_wish(line, now);
	if (chance_below(3) == 0)
		*served += line_take(line, now);
	else if (line_state(line, now).in_use > 0 && chance_below(4) == 0)
		line_give(line, now, now);
}

/*
 * Loops die, between a report and its answer too, and the store comes and goes,
 * for less time than a grant lasts: no connection too many, ever.
 */
START_TEST(deaths_of_loops_pass_no_cap)
{
	static struct upstream busy[1];
	static const struct plan busy_plan = {
		.mode = PLAN_ENFORCE, .upstreams = busy, .n_upstreams = 1,
	};
	int64_t turn_ms = 0;
	uint32_t deaths = 0, served = 0;

	chance_seed((uint64_t)_i);
	busy[0] = upstreams[0];
	busy[0].rate = 0;
	reload(&busy_plan);
	add_host();
	for (int n = 0; n < 5000; n++, now += FLEET_TICK_MS) {
		uint32_t held[3], in_use = 0;
		int dies;

		if (now >= turn_ms) {
			store_away = chance_below(2) == 0;
			turn_ms = now + 100 + chance_below(1000);
		}
		dies = now + FLEET_TICK_MS < turn_ms && chance_below(20) > 0 ?
		    -1 : (int)chance_below((uint32_t)n_hosts);
		for (int i = 0; i < n_hosts; i++) {
			held[i] = fleet_held(fleet_upstream(host[i], 0));
			fleet_tick(host[i], now);
		}
		deliver();
		if (dies >= 0) {
			replace_process(dies, held[dies]);
			deaths++;
		}
		for (int i = 0; i < n_hosts; i++) {
			struct line *line = line_at(i);

			come_and_go(line, &served);
			in_use += line_state(line, now).in_use;
		}
		ck_assert_uint_le(in_use, 4);
	}
	end_all();
	ck_assert_uint_gt(deaths, 100);
	ck_assert_uint_gt(served, 100);
}
END_TEST

START_TEST(a_reload_carries_over_what_is_held)
{
	static const struct upstream more[] = {
		{ .name = "new", .connections = 1, .tls_policy = "",
		    .breaker = { .window_ms = 1000, .trials = 1, .n_ramp = 1,
			.ramp = { 1000 } } },
		{ .name = "filter", .connections = 4, .tls_policy = "",
		    .breaker = { .window_ms = 120000, .trials = 1,
			.n_ramp = 1, .ramp = { 1000 } } },
	};
	static const struct plan changed = {
		.upstreams = more, .n_upstreams = 2,
	};
	struct fleet_upstream *u = fleet_upstream(host[0], 0);

	pass(3000);
	ck_assert(line_take(fleet_line(u), now));
	fleet_reload(host[0], &changed);
	ck_assert_ptr_eq(fleet_upstream(host[0], 1), u);
	ck_assert_int_eq(fleet_index(u), 1);
	ck_assert_uint_eq(line_state(fleet_line(u), now).in_use, 1);
	fleet_reload(host[0], &(struct plan){ .upstreams = more,
	    .n_upstreams = 1 });
	ck_assert_int_eq(fleet_index(u), -1);
	line_give(fleet_line(u), now, now);
	pass(100);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fleet");
	TCase *tc = tcase_create("restart");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_new_process_goes_on_with_what_the_last_one_held);
	tcase_add_loop_test(tc, deaths_of_loops_pass_no_cap, 0, 10);
	tcase_add_test(tc, a_reload_carries_over_what_is_held);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
