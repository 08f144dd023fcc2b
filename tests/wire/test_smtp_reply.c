#include "suite.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/printable.h"
#include "wire/smtp_reply.h"

static const struct {
	const char *says, *in;
	enum smtp_reply_read state;
	uint16_t code;
	struct dsn dsn;
	bool starttls;
	const char *text, *rest;
} rows[] = {
	{ "one line", "220 mx.test ESMTP\r\n", SMTP_REPLY_DONE,
	    220, { 0 }, false, "220 mx.test ESMTP", "" },
	{ "a bare LF ends it, too", "250 ok\n", SMTP_REPLY_DONE,
	    250, { 0 }, false, "250 ok", "" },
	{ "nothing but a code", "250\r\n", SMTP_REPLY_DONE,
	    250, { 0 }, false, "250", "" },
	{ "an enhanced code", "451 4.3.2 Temporary server error\r\n",
	    SMTP_REPLY_DONE, 451, { 4, 3, 2 }, false,
	    "451 4.3.2 Temporary server error", "" },
	{ "an enhanced code of another class", "451 5.7.1 no\r\n",
	    SMTP_REPLY_DONE, 451, { 0 }, false, "451 5.7.1 no", "" },
	{ "an address is no enhanced code", "451 4.3.2.1 no\r\n",
	    SMTP_REPLY_DONE, 451, { 0 }, false, "451 4.3.2.1 no", "" },
	{ "several lines", "550-5.7.26 not you\r\n550 5.7.1 nor me\r\n",
	    SMTP_REPLY_DONE, 550, { 5, 7, 1 }, false,
	    "550-5.7.26 not you 550 5.7.1 nor me", "" },
	{ "the last line counts", "250-ok\r\n451 no\r\n",
	    SMTP_REPLY_DONE, 451, { 0 }, false, "250-ok 451 no", "" },
	{ "STARTTLS is offered",
	    "250-mx.test\r\n250-starttls\r\n250 SIZE 5\r\n",
	    SMTP_REPLY_DONE, 250, { 0 }, true,
	    "250-mx.test 250-starttls 250 SIZE 5", "" },
	{ "it is with a parameter", "250-mx.test\r\n250 STARTTLS now\r\n",
	    SMTP_REPLY_DONE, 250, { 0 }, true,
	    "250-mx.test 250 STARTTLS now", "" },
	{ "the first line is a name", "250-STARTTLS\r\n250 NOSTARTTLS\r\n",
	    SMTP_REPLY_DONE, 250, { 0 }, false,
	    "250-STARTTLS 250 NOSTARTTLS", "" },
	{ "what follows is the next one's", "250 ok\r\n354 go\r\n",
	    SMTP_REPLY_DONE, 250, { 0 }, false, "250 ok", "354 go\r\n" },
	{ "odd bytes are shown as '?'", "250 a\tb\xff\rc\r\n",
	    SMTP_REPLY_DONE, 250, { 0 }, false, "250 a?b??c", "" },
	{ "nothing yet", "", SMTP_REPLY_MORE, 0, { 0 }, false, "", "" },
	{ "half a line", "25", SMTP_REPLY_MORE, 0, { 0 }, false, "", "25" },
	{ "a line to come", "250-a\r\n250", SMTP_REPLY_MORE,
	    250, { 0 }, false, "250-a", "250" },
	{ "no code", "hello\r\n", SMTP_REPLY_BAD, 0, { 0 }, false, "", "" },
	{ "two digits", "25 ok\r\n", SMTP_REPLY_BAD, 0, { 0 }, false, "", "" },
	{ "four digits", "2500 ok\r\n", SMTP_REPLY_BAD,
	    0, { 0 }, false, "", "" },
	{ "a code that SMTP has none of", "100 ok\r\n", SMTP_REPLY_BAD,
	    0, { 0 }, false, "", "" },
	{ "one above", "600 ok\r\n", SMTP_REPLY_BAD, 0, { 0 }, false, "", "" },
	{ "a blank before it", " 250 ok\r\n", SMTP_REPLY_BAD,
	    0, { 0 }, false, "", "" },
	{ "an empty line", "\r\n", SMTP_REPLY_BAD, 0, { 0 }, false, "", "" },
	{ "a bad line among good ones", "250-a\r\nb\r\n250 c\r\n",
	    SMTP_REPLY_BAD, 0, { 0 }, false, "", "" },
};

static void
check(int i, const struct smtp_reply *r, struct span rest)
{
	ck_assert_msg(r->code == rows[i].code, "%s", rows[i].says);
	ck_assert_uint_eq(r->dsn.class, rows[i].dsn.class);
	ck_assert_uint_eq(r->dsn.subject, rows[i].dsn.subject);
	ck_assert_uint_eq(r->dsn.detail, rows[i].dsn.detail);
	ck_assert_msg(r->starttls == rows[i].starttls, "%s", rows[i].says);
	ck_assert_str_eq(r->text, rows[i].text);
	ck_assert(span_eq(rest, span_of(rows[i].rest)));
}

START_TEST(is_read_at_once)
{
	struct span in = span_of(rows[_i].in);
	struct smtp_reply r = { 0 };
	size_t used = 0;

	ck_assert_msg(smtp_reply_read(&r, in, &used) == rows[_i].state,
	    "%s", rows[_i].says);
	if (rows[_i].state != SMTP_REPLY_BAD)
		check(_i, &r, (struct span){ in.at + used, in.len - used });
}
END_TEST

/* As from a socket: what was not eaten stands there again, and one more. */
START_TEST(is_read_byte_by_byte)
{
	const struct span in = span_of(rows[_i].in);
	enum smtp_reply_read state = SMTP_REPLY_MORE;
	struct smtp_reply r = { 0 };
	size_t from = 0, used;

	for (size_t to = 1; to <= in.len && state == SMTP_REPLY_MORE; to++) {
		used = 0;
		state = smtp_reply_read(&r, (struct span){ in.at + from,
		    to - from }, &used);
		from += used;
	}
	ck_assert_msg(state == rows[_i].state, "%s", rows[_i].says);
	if (state != SMTP_REPLY_BAD)
		check(_i, &r, (struct span){ in.at + from, in.len - from });
}
END_TEST

/* A reply of n lines of len bytes each, their ends included. */
static enum smtp_reply_read
read_of(unsigned n, size_t len, struct smtp_reply *r)
{
	struct buf b = buf_new(200000);
	enum smtp_reply_read state;
	size_t used;

	for (unsigned i = 0; i < n; i++)
		buf_addf(&b, "250%c%0*d\r\n", i + 1 < n ? '-' : ' ',
		    (int)len - 6, 0);
	ck_assert(!buf_overflowed(&b));
	*r = (struct smtp_reply){ 0 };
	state = smtp_reply_read(r, buf_span(&b), &used);
	buf_free(&b);
	return state;
}

START_TEST(has_limits)
{
	struct smtp_reply r;

	ck_assert_int_eq(read_of(1, 512, &r), SMTP_REPLY_DONE);
	ck_assert_uint_eq(strlen(r.text), SMTP_REPLY_TEXT_MAX);
	ck_assert_int_eq(read_of(1, 513, &r), SMTP_REPLY_BAD);
	ck_assert_int_eq(read_of(100, 512, &r), SMTP_REPLY_DONE);
	ck_assert(printable_all(span_of(r.text)));
	ck_assert_int_eq(read_of(101, 20, &r), SMTP_REPLY_BAD);
}
END_TEST

START_TEST(a_line_that_never_ends_is_bad)
{
	struct smtp_reply r = { 0 };
	char line[SMTP_REPLY_LINE_MAX];
	size_t used = 7;

	memset(line, '2', sizeof(line));
	ck_assert_int_eq(smtp_reply_read(&r, (struct span){ line,
	    sizeof(line) - 1 }, &used), SMTP_REPLY_MORE);
	ck_assert_uint_eq(used, 0);
	ck_assert_int_eq(smtp_reply_read(&r, (struct span){ line,
	    sizeof(line) }, &used), SMTP_REPLY_BAD);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("smtp_reply");
	TCase *t = tcase_create("smtp_reply");

	tcase_add_loop_test(t, is_read_at_once, 0, MW_N_OF(rows));
	tcase_add_loop_test(t, is_read_byte_by_byte, 0, MW_N_OF(rows));
	tcase_add_test(t, has_limits);
	tcase_add_test(t, a_line_that_never_ends_is_bad);
	suite_add_tcase(s, t);
	return suite_main(s);
}
