#include "suite.h"

#include "base/chance.h"
#include "base/mem.h"
#include "base/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HISTORIES 60
#define STEPS 200

static char dir[64], path[96], old_path[96];
static struct tail *tail;
static int writer;

static void
open_writer(void)
{
	writer = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	ck_assert_int_ge(writer, 0);
}

static void
put(const char *text)
{
	ck_assert_int_eq(write(writer, text, strlen(text)),
	    (ssize_t)strlen(text));
}

static void
set_up(void)
{
	snprintf(dir, sizeof(dir), "/tmp/mw-tail-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/log", dir);
	snprintf(old_path, sizeof(old_path), "%s/log.1", dir);
	tail = tail_new(path);
	writer = -1;
}

static void
tear_down(void)
{
	tail_free(&tail);
	ck_assert_ptr_null(tail);
	tail_free(&tail);
	if (writer >= 0)
		close(writer);
	unlink(path);
	unlink(old_path);
	rmdir(dir);
}

static enum tail_found
found(struct span *line)
{
	struct err err;

	return tail_read(tail, line, &err);
}

/* The next line is this one; NULL: there is none. */
static void
expect(const char *text)
{
	struct span line = { 0 };

	if (text == NULL) {
		ck_assert_int_eq(found(&line), TAIL_END);
		return;
	}
	ck_assert_int_eq(found(&line), TAIL_LINE);
	ck_assert_msg(span_eq(line, span_of(text)), "\"%.*s\" is not \"%s\"",
	    (int)line.len, line.at, text);
}

/* A file that is being followed, with nothing new in it. */
static void
follow(void)
{
	open_writer();
	expect(NULL);
}

static void
rotate(void)
{
	ck_assert_int_eq(rename(path, old_path), 0);
}

static void
change_over(void)
{
	close(writer);
	open_writer();
}

START_TEST(what_was_there_before_is_history)
{
	open_writer();
	put("one\ntwo\n");
	expect(NULL);
	put("three\n");
	expect("three");
	expect(NULL);
}
END_TEST

START_TEST(the_rest_of_a_line_that_had_begun_is_none)
{
	open_writer();
	put("one\ntw");
	expect(NULL);
	put("o\nthree\n");
	expect("three");
}
END_TEST

START_TEST(a_line_is_whole_or_not_there)
{
	follow();
	put("on");
	expect(NULL);
	put("e\n\ntwo");
	expect("one");
	expect("");
	expect(NULL);
	put("\n");
	expect("two");
}
END_TEST

START_TEST(a_file_that_comes_later_is_new_as_a_whole)
{
	struct span line;
	struct err err;

	ck_assert_int_eq(tail_read(tail, &line, &err), TAIL_TROUBLE);
	ck_assert_int_eq(err.sys, ENOENT);
	open_writer();
	put("one\n");
	expect("one");
}
END_TEST

START_TEST(what_is_no_file_is_told)
{
	struct span line;

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(found(&line), TAIL_TROUBLE);
	unlink(path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(found(&line), TAIL_TROUBLE);
	rmdir(path);
	open_writer();
	put("history\n");
	expect(NULL);
	put("one\n");
	expect("one");
}
END_TEST

START_TEST(the_old_file_is_read_until_the_new_one_is_used)
{
	follow();
	put("one\n");
	rotate();
	expect("one");
	expect(NULL);
	put("two\n");
	expect("two");
	close(open(path, O_WRONLY | O_CREAT, 0600));
	put("three\n");
	expect("three");
	expect(NULL);
	put("four\n");
	change_over();
	put("five\n");
	expect("four");
	expect("five");
	expect(NULL);
}
END_TEST

START_TEST(a_line_cut_by_rotation_is_dropped)
{
	follow();
	put("half a li");
	expect(NULL);
	rotate();
	change_over();
	put("one\n");
	expect("one");
}
END_TEST

START_TEST(a_file_that_is_cut_is_read_from_its_start)
{
	follow();
	put("one\ntwo\nthr");
	expect("one");
	expect("two");
	expect(NULL);
	ck_assert_int_eq(ftruncate(writer, 0), 0);
	expect(NULL);
	put("four\n");
	expect("four");
	expect(NULL);
}
END_TEST

START_TEST(a_long_line_is_one_line)
{
	static char text[3 * 16384];
	struct span line;

	memset(text, 'x', sizeof(text) - 1);
	follow();
	put(text);
	put("\nnext\n");
	ck_assert_int_eq(found(&line), TAIL_LINE);
	ck_assert_uint_eq(line.len, TAIL_LINE_MAX);
	expect("next");
}
END_TEST

START_TEST(bytes_are_bytes)
{
	const char bytes[] = "a\0b\r\xff\n";
	struct span line;

	follow();
	ck_assert_int_eq(write(writer, bytes, sizeof(bytes) - 1),
	    (ssize_t)sizeof(bytes) - 1);
	ck_assert_int_eq(found(&line), TAIL_LINE);
	ck_assert(span_eq(line, (struct span){ bytes, sizeof(bytes) - 2 }));
}
END_TEST

/* What a writer of whole lines, in pieces, has written and nobody read. */
struct model {
	unsigned written, read;
	char rest[32];		/* of a line that is half written */
};

static void
write_some(struct model *m)
{
	char text[32];
	size_t len;

	if (m->rest[0] == '\0')
		snprintf(m->rest, sizeof(m->rest), "line %u\n", m->written);
	len = 1 + chance_below((uint32_t)strlen(m->rest));
	snprintf(text, sizeof(text), "%.*s", (int)len, m->rest);
	put(text);
	memmove(m->rest, m->rest + len, strlen(m->rest) - len + 1);
	m->written += m->rest[0] == '\0';
}

static void
read_some(struct model *m, bool all)
{
	char text[32];

	while (m->read < m->written && (all || chance_below(4) > 0)) {
		snprintf(text, sizeof(text), "line %u", m->read++);
		expect(text);
	}
	if (m->read == m->written)
		expect(NULL);
}

static void
finish_line(struct model *m)
{
	while (m->rest[0] != '\0')
		write_some(m);
}

/* A log is not rotated while there is nothing in it, and is read between two
 * rotations. */
START_TEST(no_line_is_lost_nor_told_twice)
{
	for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
		struct model m = { 0 };

		chance_seed(seed);
		set_up();
		follow();
		for (int i = 0; i < STEPS; i++) {
			const uint32_t dice = chance_below(20);

			if (dice < 12)
				write_some(&m);
			else if (dice < 18)
				read_some(&m, false);
			else if (dice == 18) {
				write_some(&m);
				finish_line(&m);
				read_some(&m, true);
				rotate();
				if (chance_below(2) > 0)
					write_some(&m);
				finish_line(&m);
				change_over();
			} else {
				finish_line(&m);
				read_some(&m, true);
				ck_assert_int_eq(ftruncate(writer, 0), 0);
				read_some(&m, true);
			}
		}
		finish_line(&m);
		read_some(&m, true);
		ck_assert_uint_gt(m.written, 10);
		tear_down();
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("base/tail");
	TCase *one = tcase_create("a file");
	TCase *many = tcase_create("histories");

	tcase_add_checked_fixture(one, set_up, tear_down);
	tcase_add_test(one, what_was_there_before_is_history);
	tcase_add_test(one, the_rest_of_a_line_that_had_begun_is_none);
	tcase_add_test(one, a_line_is_whole_or_not_there);
	tcase_add_test(one, a_file_that_comes_later_is_new_as_a_whole);
	tcase_add_test(one, what_is_no_file_is_told);
	tcase_add_test(one, the_old_file_is_read_until_the_new_one_is_used);
	tcase_add_test(one, a_line_cut_by_rotation_is_dropped);
	tcase_add_test(one, a_file_that_is_cut_is_read_from_its_start);
	tcase_add_test(one, a_long_line_is_one_line);
	tcase_add_test(one, bytes_are_bytes);
	suite_add_tcase(s, one);
	tcase_add_test(many, no_line_is_lost_nor_told_twice);
	suite_add_tcase(s, many);
	return suite_main(s);
}
