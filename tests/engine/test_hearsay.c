#include "engine/hearsay.h"

#include "suite.h"

#include "base/chance.h"

#include <string.h>

#define STEPS 20000
#define PIDS 5

/* Only told apart, never looked into. */
static char filter_place, second_place;
#define FILTER ((struct fleet_upstream *)(void *)&filter_place)
#define SECOND ((struct fleet_upstream *)(void *)&second_place)

/* What was judged last, and how often. */
static struct {
	uint32_t n, explained;
	struct hearsay_attempt attempt;
	char text[SAMPLE_MAX + 1];	/* "" where nothing said why */
} seen;
static struct hearsay *h;

static void
judged(void *arg, const struct hearsay_attempt *attempt,
    const struct hearsay_reason *reason, int64_t now_ms)
{
	(void)arg, (void)now_ms;
	seen.n++;
	seen.explained += reason != NULL;
	seen.attempt = *attempt;
	memset(seen.text, 0, sizeof(seen.text));
	if (reason != NULL)
		memcpy(seen.text, reason->text, sizeof(seen.text));
}

static void
set_up(void)
{
	memset(&seen, 0, sizeof(seen));
	h = hearsay_new(judged, NULL);
}

static void
tear_down(void)
{
	hearsay_free(&h);
	ck_assert_ptr_null(h);
	hearsay_free(&h);
}

static void
move_on(int64_t pid, struct fleet_upstream *upstream, int64_t began_ms,
    int64_t now_ms)
{
	hearsay_moved_on(h, &(struct hearsay_attempt){
		.pid = pid, .upstream = upstream, .began_ms = began_ms,
	    }, now_ms);
}

static void
tell(int64_t pid, struct fleet_upstream *about, char text, int64_t now_ms)
{
	hearsay_told(h, &(struct hearsay_reason){
		.pid = pid, .about = { about }, .text = { text },
		.class = OUTCOME_SLOW,
	    }, now_ms);
}

START_TEST(a_reason_may_come_after_the_attempt)
{
	move_on(7, FILTER, 10, 20);
	hearsay_tick(h, 20 + HEARSAY_WAIT_MS - 1);
	ck_assert_uint_eq(seen.n, 0);
	tell(7, FILTER, 'a', 30);
	ck_assert_uint_eq(seen.n, 1);
	ck_assert_str_eq(seen.text, "a");
	ck_assert_int_eq(seen.attempt.began_ms, 10);
	hearsay_tick(h, 20 + HEARSAY_WAIT_MS);
	ck_assert_uint_eq(seen.n, 1);
}
END_TEST

START_TEST(a_reason_may_come_before_the_attempt_is_over)
{
	tell(7, FILTER, 'a', 15);
	ck_assert_uint_eq(seen.n, 0);
	move_on(7, FILTER, 10, 20);
	ck_assert_uint_eq(seen.n, 1);
	ck_assert_str_eq(seen.text, "a");
}
END_TEST

START_TEST(nothing_said_why)
{
	move_on(7, FILTER, 10, 20);
	hearsay_tick(h, 20 + HEARSAY_WAIT_MS);
	ck_assert_uint_eq(seen.n, 1);
	ck_assert_str_eq(seen.text, "");
	tell(7, FILTER, 'a', 20 + HEARSAY_WAIT_MS);
	ck_assert_uint_eq(seen.n, 1);
}
END_TEST

START_TEST(a_reason_alone_counts_nothing)
{
	for (int i = 0; i < 3 * HEARSAY_MAX; i++)
		tell(7, FILTER, 'a', i);
	hearsay_tick(h, INT64_MAX);
	hearsay_end(h, INT64_MAX);
	ck_assert_uint_eq(seen.n, 0);
}
END_TEST

static const struct {
	const char *says;
	int64_t pid;
	struct fleet_upstream *about;
	int64_t told_ms;
} strangers[] = {
	{ "another process", 8, FILTER, 15 },
	{ "another upstream", 7, SECOND, 15 },
	{ "no upstream", 7, NULL, 15 },
	{ "an earlier attempt", 7, FILTER, 9 },
};

START_TEST(a_reason_of_something_else_is_none)
{
	tell(strangers[_i].pid, strangers[_i].about, 'a',
	    strangers[_i].told_ms);
	move_on(7, FILTER, 10, 20);
	if (strangers[_i].told_ms > 10)
		tell(strangers[_i].pid, strangers[_i].about, 'a', 25);
	ck_assert_msg(seen.n == 0, "%s", strangers[_i].says);
}
END_TEST

START_TEST(attempts_and_reasons_go_in_order)
{
	move_on(7, FILTER, 10, 20);
	move_on(7, SECOND, 20, 30);
	move_on(7, FILTER, 30, 40);
	tell(7, FILTER, 'a', 50);
	ck_assert_int_eq(seen.attempt.began_ms, 10);
	tell(7, SECOND, 'b', 50);
	ck_assert_int_eq(seen.attempt.began_ms, 20);
	tell(7, FILTER, 'c', 50);
	ck_assert_int_eq(seen.attempt.began_ms, 30);
	ck_assert_uint_eq(seen.explained, 3);
}
END_TEST

START_TEST(a_host_may_be_of_several_upstreams)
{
	hearsay_told(h, &(struct hearsay_reason){
		.pid = 7, .about = { SECOND, FILTER }, .text = "a",
	    }, 15);
	move_on(7, FILTER, 10, 20);
	ck_assert_uint_eq(seen.explained, 1);
}
END_TEST

START_TEST(with_too_many_the_oldest_is_judged)
{
	for (int i = 0; i < HEARSAY_MAX; i++)
		move_on(i + 1, FILTER, 10, 20);
	ck_assert_uint_eq(seen.n, 0);
	move_on(1000000, FILTER, 10, 20);
	ck_assert_uint_eq(seen.n, 1);
	ck_assert_int_eq(seen.attempt.pid, 1);
	hearsay_end(h, 21);
	ck_assert_uint_eq(seen.n, HEARSAY_MAX + 1);
}
END_TEST

START_TEST(the_end_forgets)
{
	tell(7, FILTER, 'a', 15);
	hearsay_end(h, 16);
	move_on(7, FILTER, 10, 20);
	ck_assert_uint_eq(seen.n, 0);
}
END_TEST

/* Whatever happens: each attempt is judged once. */
START_TEST(each_attempt_is_judged_once)
{
	uint32_t attempts = 0, reasons = 0;
	int64_t now = 0;

	chance_seed(1);
	for (int i = 0; i < STEPS; i++) {
		const int64_t pid = 1 + chance_below(PIDS);
		struct fleet_upstream *u = chance_below(2) > 0 ?
		    FILTER : SECOND;

		now += chance_below(50);
		switch (chance_below(3)) {
		case 0:
			move_on(pid, u, now - chance_below(100), now);
			attempts++;
			break;
		case 1:
			tell(pid, u, 'a', now);
			reasons++;
			break;
		default:
			hearsay_tick(h, now);
		}
		ck_assert_uint_le(seen.n, attempts);
		ck_assert_uint_le(seen.explained, reasons);
	}
	ck_assert_uint_gt(seen.explained, STEPS / 20);
	hearsay_tick(h, now + HEARSAY_WAIT_MS);
	ck_assert_uint_eq(seen.n, attempts);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("engine/hearsay");
	TCase *tc = tcase_create("hearsay");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_reason_may_come_after_the_attempt);
	tcase_add_test(tc, a_reason_may_come_before_the_attempt_is_over);
	tcase_add_test(tc, nothing_said_why);
	tcase_add_test(tc, a_reason_alone_counts_nothing);
	tcase_add_loop_test(tc, a_reason_of_something_else_is_none, 0,
	    sizeof(strangers) / sizeof(strangers[0]));
	tcase_add_test(tc, attempts_and_reasons_go_in_order);
	tcase_add_test(tc, a_host_may_be_of_several_upstreams);
	tcase_add_test(tc, with_too_many_the_oldest_is_judged);
	tcase_add_test(tc, the_end_forgets);
	tcase_add_test(tc, each_attempt_is_judged_once);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
