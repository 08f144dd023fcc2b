#include "suite.h"

#include "base/log.h"
#include "base/mem.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * What the log wrote: standard error leads into a pipe, whose other end is
 * read here. Each test has event names of its own, because the rates of
 * events outlast a test that is not run in a process of its own.
 */
static int old_stderr, reader;

static void
redirect(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	old_stderr = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	reader = ends[0];
	fcntl(reader, F_SETFL, O_NONBLOCK);
	log_open("test", LOG_TARGET_STDERR, LOG_LEVEL_INFO);
}

static void
restore(void)
{
	dup2(old_stderr, STDERR_FILENO);
	close(old_stderr);
	close(reader);
}

static char written[1 << 16];

/* All that was written since the last call; "" for nothing. */
static const char *
read_log(void)
{
	const ssize_t n = read(reader, written, sizeof(written) - 1);

	written[n > 0 ? n : 0] = '\0';
	return written;
}

static const char *
line(const char *rest)
{
	static char expected[2000];

	snprintf(expected, sizeof(expected), "test[%ld]: %s\n",
	    (long)getpid(), rest);
	return expected;
}

static int
count(const char *text, const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		n++;
	return n;
}

START_TEST(a_line_is_an_event_and_its_fields)
{
	log_info("breaker", LOG_TEXT("upstream", "filter"),
	    LOG_INT("trips", 3));
	ck_assert_str_eq(read_log(),
	    line("info: breaker: upstream=filter trips=3"));
	log_error("listen", LOG_INT("least", INT64_MIN));
	ck_assert_str_eq(read_log(),
	    line("error: listen: least=-9223372036854775808"));
	log_warning("bare", LOG_TEXT("missing", (const char *)NULL),
	    LOG_TEXT("empty", ""), LOG_INT("none", 0));
	ck_assert_str_eq(read_log(), line("warning: bare: none=0"));
}
END_TEST

static const struct {
	const char *text, *shown;
} values[] = {
	{ "a-b.c:d/e\\f", "a-b.c:d/e\\f" },
	{ "two words", "\"two words\"" },
	{ "a=b", "\"a=b\"" },
	{ "say \"hi\" \\", "\"say \\\"hi\\\" \\\\\"" },
	{ "x\ntest[1]: error: forged: a=1", "\"x?test[1]: error: forged: a=1\"" },
	{ "\x1b[2J\xff", "?[2J?" },
};

START_TEST(a_value_cannot_break_its_line)
{
	char expected[200];

	log_info("values", LOG_TEXT("v", values[_i].text));
	snprintf(expected, sizeof(expected), "info: values: v=%s",
	    values[_i].shown);
	ck_assert_str_eq(read_log(), line(expected));
}
END_TEST

START_TEST(values_and_lines_are_cut)
{
	char long_value[5000];
	const char *got;

	memset(long_value, 'x', sizeof(long_value) - 1);
	long_value[sizeof(long_value) - 1] = '\0';
	log_info("long", LOG_TEXT("v", long_value), LOG_INT("after", 1));
	got = read_log();
	ck_assert_int_eq(count(got, "x"), 197);
	ck_assert_ptr_nonnull(strstr(got, "x... after=1\n"));

	log_info("longer", LOG_TEXT("a", long_value),
	    LOG_TEXT("b", long_value), LOG_TEXT("c", long_value),
	    LOG_TEXT("d", long_value), LOG_TEXT("e", long_value),
	    LOG_TEXT("f", long_value), LOG_INT("g", 7));
	got = read_log();
	ck_assert_uint_le(strlen(got), 1100);
	ck_assert_int_eq(count(got, "\n"), 1);
	/* A field stands there whole or not at all. */
	ck_assert_ptr_nonnull(strstr(got, " d=x"));
	ck_assert_int_eq(count(got, "x... "), 4);
	ck_assert_ptr_nonnull(strstr(got, "x... g=7\n"));
}
END_TEST

START_TEST(the_level_holds_back_what_is_below)
{
	log_debug("quiet", LOG_INT("n", 1));
	ck_assert_str_eq(read_log(), "");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("quiet", LOG_INT("n", 2));
	ck_assert_str_eq(read_log(), line("debug: quiet: n=2"));
	log_set_level(LOG_LEVEL_ERROR);
	log_warning("quiet", LOG_INT("n", 3));
	ck_assert_str_eq(read_log(), "");
	log_error("quiet", LOG_INT("n", 4));
	ck_assert_str_eq(read_log(), line("error: quiet: n=4"));
}
END_TEST

/* The sum of all N in "suppressed=N". */
static int
suppressed(const char *text)
{
	static const char word[] = " suppressed=";
	int sum = 0;

	while ((text = strstr(text, word)) != NULL) {
		text += strlen(word);
		sum += (int)strtol(text, NULL, 10);
	}
	return sum;
}

START_TEST(a_flood_is_held_to_a_rate_and_counted)
{
	const int flood = 1000;
	int lines, missed;

	for (int i = 0; i < flood; i++)
		log_info("flood", LOG_INT("n", i));
	log_info("other", LOG_TEXT("is", "not concerned"));
	read_log();
	ck_assert_int_eq(count(written, "other:"), 1);
	lines = count(written, "flood:");
	missed = suppressed(written);
	ck_assert_int_ge(lines, 20);
	ck_assert_int_lt(lines, flood / 2);
	/* Room for one more comes with time, and it tells of the rest. */
	for (int i = 0; i < 50 && lines + missed < flood + i; i++) {
		poll(NULL, 0, 50);
		log_info("flood", LOG_INT("n", flood + i));
		read_log();
		lines += count(written, "flood:");
		missed += suppressed(written);
		if (lines + missed == flood + i + 1)
			return;
	}
	ck_abort_msg("%d lines and %d suppressed", lines, missed);
}
END_TEST

/* A blocked write would hold all threads of a daemon. */
START_TEST(a_reader_that_stopped_costs_lines_only)
{
	char value[180], event[8];
	int lines = 0, missed = 0;

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	fcntl(STDERR_FILENO, F_SETPIPE_SZ, 4096);
	for (int i = 0; i < 40; i++) {
		snprintf(event, sizeof(event), "e%d", i % 4);
		log_info(event, LOG_TEXT("v", value));
	}
	read_log();
	lines = count(written, ": info: ");
	ck_assert_int_gt(lines, 0);
	ck_assert_int_lt(lines, 40);
	/* Each event says how many of its lines were lost. */
	for (int i = 0; i < 4; i++) {
		snprintf(event, sizeof(event), "e%d", i);
		log_info(event, LOG_TEXT("v", "again"));
		missed += suppressed(read_log());
	}
	ck_assert_int_eq(lines + missed, 40);
}
END_TEST

static void *
write_some(void *arg)
{
	for (int i = 0; i < 15; i++)
		log_info(arg, LOG_TEXT("v", "a value of some length"));
	return NULL;
}

START_TEST(threads_do_not_mix_their_lines)
{
	char names[8][8];
	pthread_t threads[8];
	const char *at;
	int lines = 0;

	for (int i = 0; i < 8; i++) {
		snprintf(names[i], sizeof(names[i]), "thread%d", i);
		pthread_create(&threads[i], NULL, write_some, names[i]);
	}
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	for (at = read_log(); *at != '\0'; at = strchr(at, '\n') + 1) {
		char expected[100];

		snprintf(expected, sizeof(expected), "info: thread%c: "
		    "v=\"a value of some length\"",
		    strstr(at, "thread")[6]);
		ck_assert_int_eq(strncmp(at, line(expected),
		    strlen(line(expected))), 0);
		lines++;
	}
	ck_assert_int_eq(lines, 8 * 15);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("log");
	TCase *t = tcase_create("log");

	tcase_add_checked_fixture(t, redirect, restore);
	tcase_add_test(t, a_line_is_an_event_and_its_fields);
	tcase_add_loop_test(t, a_value_cannot_break_its_line, 0,
	    MW_N_OF(values));
	tcase_add_test(t, values_and_lines_are_cut);
	tcase_add_test(t, the_level_holds_back_what_is_below);
	tcase_add_test(t, a_flood_is_held_to_a_rate_and_counted);
	tcase_add_test(t, a_reader_that_stopped_costs_lines_only);
	tcase_add_test(t, threads_do_not_mix_their_lines);
	suite_add_tcase(s, t);
	return suite_main(s);
}
