#include "engine/tally.h"

#include "base/mem.h"
#include "core/decide.h"
#include "suite.h"

#include <pthread.h>

#define THREADS 4
#define ADDS 20000

static struct tally *tally;

static void
set_up(void)
{
	tally = tally_new(3);
}

static void
tear_down(void)
{
	tally_free(&tally);
}

static uint64_t
taken(uint32_t destination, enum dest_counter counter)
{
	uint64_t out[DEST_COUNTERS];

	tally_take(tally, destination, out);
	return out[counter];
}

START_TEST(what_is_taken_is_gone)
{
	uint64_t out[DEST_COUNTERS];

	tally_add(tally, 1, DEST_ACCEPTED, 2);
	tally_add(tally, 1, DEST_DELIVERED, 1);
	ck_assert(!tally_take(tally, 0, out));
	ck_assert_uint_eq(out[DEST_ACCEPTED], 0);
	ck_assert(tally_take(tally, 1, out));
	ck_assert_uint_eq(out[DEST_ACCEPTED], 2);
	ck_assert_uint_eq(out[DEST_DELIVERED], 1);
	ck_assert(!tally_take(tally, 1, out));
}
END_TEST

START_TEST(what_could_not_be_sent_is_sent_with_the_next)
{
	uint64_t out[DEST_COUNTERS];

	tally_add(tally, 2, DEST_HELD, 5);
	ck_assert(tally_take(tally, 2, out));
	tally_add(tally, 2, DEST_HELD, 1);
	tally_put_back(tally, 2, out);
	ck_assert_uint_eq(taken(2, DEST_HELD), 6);
}
END_TEST

static const struct {
	enum decide_reason reason;
	bool enforced;
	int deferred;		/* how often DEFERRED ... */
	enum dest_counter counter;	/* ... and what else was counted */
	int counted;
} verdicts[] = {
	{ DECIDE_FINE, true, 0, DEST_ACCEPTED, 0 },
	{ DECIDE_AT_CAP, true, 1, DEST_DEFERRED_CAP, 1 },
	{ DECIDE_ON_HOLD, true, 1, DEST_DEFERRED_HOLD, 1 },
	{ DECIDE_LATE, true, 1, DEST_DEFERRED_LATE, 1 },
	{ DECIDE_AT_CAP, false, 0, DEST_WOULD_DEFER, 1 },
	{ DECIDE_LATE, false, 0, DEST_WOULD_DEFER, 1 },
};

START_TEST(a_verdict_counts_by_its_reason)
{
	struct intake_verdict v = {
		.reason = verdicts[_i].reason,
		.enforced = verdicts[_i].enforced,
	};
	uint64_t out[DEST_COUNTERS];
	uint64_t sum = 0;

	tally_verdict(tally, 0, &v);
	tally_take(tally, 0, out);
	for (int i = 0; i < DEST_COUNTERS; i++)
		sum += out[i];
	ck_assert_uint_eq(out[DEST_DEFERRED], verdicts[_i].deferred);
	ck_assert_uint_eq(out[verdicts[_i].counter], verdicts[_i].counted);
	ck_assert_uint_eq(sum, verdicts[_i].deferred + verdicts[_i].counted);
}
END_TEST

static void *
count_up(void *arg)
{
	(void)arg;
	for (int i = 0; i < ADDS; i++)
		tally_add(tally, 0, DEST_ACCEPTED, 1);
	return NULL;
}

START_TEST(no_thread_loses_a_count_to_the_one_who_takes)
{
	pthread_t threads[THREADS];
	uint64_t sum = 0;

	for (int i = 0; i < THREADS; i++)
		ck_assert(pthread_create(&threads[i], NULL, count_up,
		    NULL) == 0);
	for (int i = 0; i < 200; i++)
		sum += taken(0, DEST_ACCEPTED);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	sum += taken(0, DEST_ACCEPTED);
	ck_assert_uint_eq(sum, (uint64_t)THREADS * ADDS);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("tally");
	TCase *t = tcase_create("tally");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_is_taken_is_gone);
	tcase_add_test(t, what_could_not_be_sent_is_sent_with_the_next);
	tcase_add_loop_test(t, a_verdict_counts_by_its_reason, 0,
	    MW_N_OF(verdicts));
	tcase_add_test(t, no_thread_loses_a_count_to_the_one_who_takes);
	suite_add_tcase(s, t);
	return suite_main(s);
}
