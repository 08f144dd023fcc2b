/* Its own log_write stands in for the log's. */
#include "policy/pulse.h"

#include "base/log.h"
#include "suite.h"

#define TICK 50

static struct pulse pulse;
static int64_t now;
static int told;
static int64_t told_ms;

void
log_write(enum log_level level, const char *event,
    const struct log_field *fields, size_t n)
{
	ck_assert_int_eq(level, LOG_LEVEL_WARNING);
	ck_assert_str_eq(event, "loop");
	told++;
	told_ms = fields[n - 1].number;
}

static void
set_up(void)
{
	pulse = (struct pulse){ 0 };
	now = 1000000;
	told = 0;
	pulse_beat(&pulse, TICK, now);
}

static void
beat_late(int64_t late_ms)
{
	now += TICK + late_ms;
	pulse_beat(&pulse, TICK, now);
}

static void
beat_on_time(int64_t for_ms)
{
	for (const int64_t end = now + for_ms; now < end;)
		beat_late(0);
}

START_TEST(the_first_beat_is_never_late)
{
	ck_assert_int_eq(pulse_worst_ms(&pulse), 0);
	ck_assert_int_eq(told, 0);
}
END_TEST

START_TEST(the_worst_of_a_minute_stays_for_a_minute)
{
	beat_on_time(10000);
	ck_assert_int_eq(pulse_worst_ms(&pulse), 0);
	beat_late(300);
	beat_late(20);
	beat_on_time(59000);
	ck_assert_int_eq(pulse_worst_ms(&pulse), 300);
	beat_on_time(120000);
	ck_assert_int_eq(pulse_worst_ms(&pulse), 0);
}
END_TEST

START_TEST(an_early_beat_is_not_late)
{
	beat_late(-30);
	ck_assert_int_eq(pulse_worst_ms(&pulse), 0);
}
END_TEST

START_TEST(a_long_delay_is_told_once_a_minute)
{
	beat_late(PULSE_LATE_MS);
	ck_assert_int_eq(told, 0);
	beat_late(PULSE_LATE_MS + 1);
	ck_assert_int_eq(told, 1);
	ck_assert_int_eq(told_ms, PULSE_LATE_MS + 1);
	beat_late(900);
	beat_on_time(50000);
	beat_late(1000);
	ck_assert_int_eq(told, 1);
	beat_on_time(20000);
	beat_late(700);
	ck_assert_int_eq(told, 2);
	ck_assert_int_eq(told_ms, 700);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pulse");
	TCase *c = tcase_create("pulse");

	tcase_add_checked_fixture(c, set_up, NULL);
	tcase_add_test(c, the_first_beat_is_never_late);
	tcase_add_test(c, the_worst_of_a_minute_stays_for_a_minute);
	tcase_add_test(c, an_early_beat_is_not_late);
	tcase_add_test(c, a_long_delay_is_told_once_a_minute);
	suite_add_tcase(s, c);
	return suite_main(s);
}
