#include "suite.h"

#include "base/chance.h"
#include "base/mem.h"
#include "wire/netstring.h"

#include <stdint.h>
#include <stdio.h>

static const struct {
	const char *in;
	size_t max;
	enum netstring_state state;
	const char *payload;
	size_t used;
} rows[] = {
	{ "", 9, NETSTRING_MORE, "", 0 },
	{ "5", 9, NETSTRING_MORE, "", 0 },
	{ "5:", 9, NETSTRING_MORE, "", 0 },
	{ "5:hello", 9, NETSTRING_MORE, "", 0 },
	{ "5:hello,", 9, NETSTRING_DONE, "hello", 8 },
	{ "5:hello,3:abc,", 9, NETSTRING_DONE, "hello", 8 },
	{ "5:hello,rubbish", 9, NETSTRING_DONE, "hello", 8 },
	{ "0:,", 9, NETSTRING_DONE, "", 3 },
	{ "0:", 9, NETSTRING_MORE, "", 0 },
	{ "2:1:,", 9, NETSTRING_DONE, "1:", 5 },
	{ "9:123456789,", 9, NETSTRING_DONE, "123456789", 12 },
	{ "10", 9, NETSTRING_BAD, "", 0 },	/* before it is sent */
	{ "1", 0, NETSTRING_BAD, "", 0 },
	{ "99999999999999999999999999", 9, NETSTRING_BAD, "", 0 },
	{ "18446744073709551617:x,", 9, NETSTRING_BAD, "", 0 },
	{ "5:hello;", 9, NETSTRING_BAD, "", 0 },
	{ "5:hello, world,", 9, NETSTRING_DONE, "hello", 8 },
	{ "4:hello,", 9, NETSTRING_BAD, "", 0 },
	{ "00:", 9, NETSTRING_BAD, "", 0 },
	{ "00", 9, NETSTRING_BAD, "", 0 },
	{ "05:hello,", 9, NETSTRING_BAD, "", 0 },
	{ ":,", 9, NETSTRING_BAD, "", 0 },
	{ "-1:x,", 9, NETSTRING_BAD, "", 0 },
	{ "+1:x,", 9, NETSTRING_BAD, "", 0 },
	{ " 1:x,", 9, NETSTRING_BAD, "", 0 },
	{ "1 :x,", 9, NETSTRING_BAD, "", 0 },
	{ "0x1:x,", 9, NETSTRING_BAD, "", 0 },
	{ "GET / HTTP/1.0\r\n", 9, NETSTRING_BAD, "", 0 },
	{ "\n", 9, NETSTRING_BAD, "", 0 },
};

START_TEST(a_netstring_is_read_or_refused)
{
	struct span out = SPAN("untouched");
	size_t used = 4711;

	ck_assert_int_eq(netstring_read(span_of(rows[_i].in), rows[_i].max,
	    &out, &used), rows[_i].state);
	if (rows[_i].state == NETSTRING_DONE) {
		ck_assert(span_eq(out, span_of(rows[_i].payload)));
		ck_assert_uint_eq(used, rows[_i].used);
	} else {
		ck_assert(span_eq(out, SPAN("untouched")));
		ck_assert_uint_eq(used, 4711);
	}
}
END_TEST

START_TEST(a_payload_is_any_bytes)
{
	const struct span in = { "3:\0,\xff,", 6 };
	struct span out;
	size_t used;

	ck_assert_int_eq(netstring_read(in, 9, &out, &used), NETSTRING_DONE);
	ck_assert(span_eq(out, (struct span){ "\0,\xff", 3 }));
	ck_assert_int_eq(netstring_read((struct span){ NULL, 0 }, 9, &out,
	    &used), NETSTRING_MORE);
}
END_TEST

START_TEST(what_was_written_is_read)
{
	char bytes[300];
	struct span out;
	size_t used;

	chance_seed(3);
	for (size_t len = 0; len < sizeof(bytes); len++) {
		struct buf b = buf_new(400);

		for (size_t i = 0; i < len; i++)
			bytes[i] = (char)chance_below(256);
		netstring_write(&b, (struct span){ bytes, len });
		ck_assert(!buf_overflowed(&b));
		ck_assert_int_eq(netstring_read(buf_span(&b), len, &out,
		    &used), NETSTRING_DONE);
		ck_assert(span_eq(out, (struct span){ bytes, len }));
		ck_assert_uint_eq(used, b.len);
		buf_free(&b);
	}
}
END_TEST

START_TEST(it_is_written_in_the_shortest_form)
{
	struct buf b = buf_new(20);

	netstring_write(&b, SPAN(""));
	netstring_write(&b, SPAN("0123456789"));
	ck_assert_str_eq(buf_text(&b), "0:,10:0123456789,");
	buf_free(&b);
}
END_TEST

/* However the input is cut: the first answer that is not MORE is the answer
 * to all of it. A short text of few bytes comes near to good ones. */
START_TEST(any_split_gives_the_same_answer)
{
	static const char bytes[] = "0123:,,ab";

	chance_seed(5);
	for (int round = 0; round < 20000; round++) {
		const size_t len = chance_below(12);
		enum netstring_state whole, part = NETSTRING_MORE;
		struct span out, out_part;
		size_t used = 0, used_part = 0;
		char in[12];

		for (size_t i = 0; i < len; i++)
			in[i] = bytes[chance_below(sizeof(bytes) - 1)];
		whole = netstring_read((struct span){ in, len }, 12, &out,
		    &used);
		for (size_t n = 0; part == NETSTRING_MORE && n < len;) {
			n += 1 + chance_below((uint32_t)(len - n));
			part = netstring_read((struct span){ in, n }, 12,
			    &out_part, &used_part);
		}
		ck_assert_int_eq(part, whole);
		ck_assert_uint_eq(used_part, used);
		if (whole == NETSTRING_DONE)
			ck_assert(span_eq(out, out_part));
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("netstring");
	TCase *t = tcase_create("netstring");

	tcase_add_loop_test(t, a_netstring_is_read_or_refused, 0,
	    MW_N_OF(rows));
	tcase_add_test(t, a_payload_is_any_bytes);
	tcase_add_test(t, what_was_written_is_read);
	tcase_add_test(t, it_is_written_in_the_shortest_form);
	tcase_add_test(t, any_split_gives_the_same_answer);
	suite_add_tcase(s, t);
	return suite_main(s);
}
