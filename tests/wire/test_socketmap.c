#include "suite.h"

#include "base/mem.h"
#include "wire/netstring.h"
#include "wire/socketmap.h"

static const struct {
	struct span payload;
	bool good;
	const char *map, *key;
} requests[] = {
	{ { "gate.contoso [filter.example.net]:25", 36 }, true,
	    "gate.contoso", "[filter.example.net]:25" },
	{ { "outcome.contoso 2.0.0 Ok: queued as 1", 37 }, true,
	    "outcome.contoso", "2.0.0 Ok: queued as 1" },
	{ { "map ", 4 }, true, "map", "" },
	{ { "map  two", 8 }, true, "map", " two" },
	{ { "map a\tb\xff", 8 }, true, "map", "a\tb\xff" },
	{ { "map", 3 }, false, "", "" },
	{ { " key", 4 }, false, "", "" },
	{ { " ", 1 }, false, "", "" },
	{ { "", 0 }, false, "", "" },
	{ { NULL, 0 }, false, "", "" },
	{ { "map k\0y", 7 }, false, "", "" },
	{ { "m\0p key", 7 }, false, "", "" },
	{ { "map \0", 5 }, false, "", "" },
};

START_TEST(a_request_is_a_map_and_a_key)
{
	struct socketmap_request r = { SPAN("untouched"), SPAN("") };

	ck_assert_int_eq(socketmap_request_parse(requests[_i].payload, &r),
	    requests[_i].good);
	if (requests[_i].good) {
		ck_assert(span_eq(r.map, span_of(requests[_i].map)));
		ck_assert(span_eq(r.key, span_of(requests[_i].key)));
	} else
		ck_assert(span_eq(r.map, SPAN("untouched")));
}
END_TEST

static const struct {
	enum socketmap_answer answer;
	const char *text, *written;
} replies[] = {
	{ SOCKETMAP_OK, "encrypt", "10:OK encrypt," },
	{ SOCKETMAP_NOTFOUND, "", "9:NOTFOUND ," },
	{ SOCKETMAP_TEMP, "at capacity", "16:TEMP at capacity," },
	{ SOCKETMAP_TIMEOUT, "late", "12:TIMEOUT late," },
	{ SOCKETMAP_PERM, "no such map", "16:PERM no such map," },
	{ SOCKETMAP_OK, "4.3.2 a\r\nb\xff", "14:OK 4.3.2 a??b?," },
};

START_TEST(a_reply_is_a_netstring)
{
	struct buf b = buf_new(100);

	socketmap_reply_write(&b, replies[_i].answer,
	    span_of(replies[_i].text));
	ck_assert_str_eq(buf_text(&b), replies[_i].written);
	buf_free(&b);
}
END_TEST

START_TEST(a_long_reply_is_cut)
{
	static char text[SOCKETMAP_REQUEST_MAX * 2];
	struct buf b = buf_new(sizeof(text));
	struct span payload;
	size_t used;

	memset(text, 'x', sizeof(text));
	socketmap_reply_write(&b, SOCKETMAP_TEMP,
	    (struct span){ text, sizeof(text) });
	ck_assert_int_eq(netstring_read(buf_span(&b), SOCKETMAP_REQUEST_MAX,
	    &payload, &used), NETSTRING_DONE);
	ck_assert_uint_eq(payload.len, SOCKETMAP_REQUEST_MAX);
	ck_assert(span_starts(payload, SPAN("TEMP xxx")));
	ck_assert(span_ends_fold(payload, SPAN("xxx...")));
	buf_free(&b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("socketmap");
	TCase *t = tcase_create("socketmap");

	tcase_add_loop_test(t, a_request_is_a_map_and_a_key, 0,
	    MW_N_OF(requests));
	tcase_add_loop_test(t, a_reply_is_a_netstring, 0, MW_N_OF(replies));
	tcase_add_test(t, a_long_reply_is_cut);
	suite_add_tcase(s, t);
	return suite_main(s);
}
