#include "suite.h"

#include "base/mem.h"
#include "wire/http_request.h"

#define GET "GET / HTTP/1.1\r\n"
#define HOST "Host: mx1.example.org:9125\r\n"

static const struct {
	const char *says;
	struct span in;
	enum http_read state;
	enum http_method method;
	const char *path;
	size_t left;		/* bytes behind the request */
} rows[] = {
#define ROW(says, text, ...) { says, SPAN(text), __VA_ARGS__ }
	ROW("nothing is not enough", "", HTTP_MORE, 0, "", 0),
	ROW("nor half a line", "GET /metr", HTTP_MORE, 0, "", 0),
	ROW("nor a request without its end", GET HOST, HTTP_MORE, 0, "", 0),
	ROW("a scraper's request", "GET /metrics HTTP/1.1\r\n" HOST
	    "Accept: text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n"
	    "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n",
	    HTTP_DONE, HTTP_GET, "/metrics", 0),
	ROW("one of 1.0 without a header", "HEAD /healthz HTTP/1.0\r\n\r\n",
	    HTTP_DONE, HTTP_HEAD, "/healthz", 0),
	ROW("lines may end in LF alone", "GET / HTTP/1.0\nA: b\n\n",
	    HTTP_DONE, HTTP_GET, "/", 0),
	ROW("a query is not the path", "GET /status?a=b?c HTTP/1.1\r\n\r\n",
	    HTTP_DONE, HTTP_GET, "/status", 0),
	ROW("a proxy may name the host", "GET http://h:1/x HTTP/1.1\r\n\r\n",
	    HTTP_DONE, HTTP_GET, "/x", 0),
	ROW("other methods are told apart from no method",
	    "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
	    HTTP_DONE, HTTP_OTHER, "/", 3),
	ROW("a method is written in capitals", "get / HTTP/1.1\r\n\r\n",
	    HTTP_DONE, HTTP_OTHER, "/", 0),
	ROW("bytes of other alphabets may stand in a header",
	    GET "X: \xc3\xa4\r\n\r\n", HTTP_DONE, HTTP_GET, "/", 0),
	ROW("but not in a path", "GET /\xc3\xa4 HTTP/1.1\r\n", HTTP_BAD,
	    0, "", 0),
	ROW("a path begins with a slash", "GET x HTTP/1.1\r\n", HTTP_BAD,
	    0, "", 0),
	ROW("a host alone is no path", "GET http://h HTTP/1.1\r\n", HTTP_BAD,
	    0, "", 0),
	ROW("nothing asks for nothing", "GET  HTTP/1.1\r\n", HTTP_BAD,
	    0, "", 0),
	ROW("HTTP/2 was not offered", "PRI * HTTP/2.0\r\n", HTTP_BAD,
	    0, "", 0),
	ROW("HTTP/0.9 has no version", "GET /\r\n", HTTP_BAD, 0, "", 0),
	ROW("a header has a name", GET ": x\r\n", HTTP_BAD, 0, "", 0),
	ROW("without a blank in it", GET "A B: x\r\n", HTTP_BAD, 0, "", 0),
	ROW("and a colon", GET "x\r\n", HTTP_BAD, 0, "", 0),
	ROW("a line that goes on is obsolete", GET "A: b\r\n c\r\n",
	    HTTP_BAD, 0, "", 0),
	ROW("TLS is seen at its first byte", "\x16\x03\x01", HTTP_BAD,
	    0, "", 0),
	ROW("a NUL is in no request", GET "A: \0\r\n", HTTP_BAD, 0, "", 0),
	ROW("SMTP is not HTTP", "EHLO mx1.example.org\r\n", HTTP_BAD,
	    0, "", 0),
#undef ROW
};

START_TEST(a_request_is_read)
{
	struct http_request r = { 0 };
	size_t used = 0;

	ck_assert_msg(http_request_read(rows[_i].in, &r, &used) ==
	    rows[_i].state, "%s", rows[_i].says);
	if (rows[_i].state != HTTP_DONE)
		return;
	ck_assert_msg(r.method == rows[_i].method, "%s", rows[_i].says);
	ck_assert_msg(span_eq(r.path, span_of(rows[_i].path)), "%s",
	    rows[_i].says);
	ck_assert_msg(used == rows[_i].in.len - rows[_i].left, "%s",
	    rows[_i].says);
}
END_TEST

START_TEST(a_request_in_pieces_is_the_same)
{
	const struct span in = rows[_i].in;
	struct http_request r;
	size_t used;

	if (rows[_i].state != HTTP_DONE)
		return;
	for (size_t len = 0; len < in.len - rows[_i].left; len++)
		ck_assert_msg(http_request_read((struct span){ in.at, len },
		    &r, &used) == HTTP_MORE, "%s: %zu bytes", rows[_i].says,
		    len);
}
END_TEST

START_TEST(a_request_has_its_limit)
{
	struct buf b = buf_new(2 * HTTP_REQUEST_MAX);
	struct http_request r;
	size_t used;

	buf_add_text(&b, GET "A: ");
	while (b.len < HTTP_REQUEST_MAX - 1)
		buf_add_text(&b, "x");
	ck_assert_int_eq(http_request_read(buf_span(&b), &r, &used),
	    HTTP_MORE);
	buf_add_text(&b, "x");
	ck_assert_int_eq(http_request_read(buf_span(&b), &r, &used),
	    HTTP_BAD);
	buf_add_text(&b, "\r\n\r\n");
	ck_assert_int_eq(http_request_read(buf_span(&b), &r, &used),
	    HTTP_BAD);
	buf_free(&b);
}
END_TEST

START_TEST(an_answer_has_its_head)
{
	struct buf b = buf_new(1000);

	http_answer_write(&b, &(struct http_answer){
		.code = 405, .type = "text/plain", .headers = "Allow: GET\r\n",
		.length = 7,
	    });
	ck_assert_str_eq(buf_text(&b), "HTTP/1.1 405 Method Not Allowed\r\n"
	    "Content-Type: text/plain\r\nContent-Length: 7\r\n"
	    "Connection: close\r\nAllow: GET\r\n\r\n");
	buf_free(&b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("http_request");
	TCase *t = tcase_create("http_request");

	tcase_add_loop_test(t, a_request_is_read, 0, MW_N_OF(rows));
	tcase_add_loop_test(t, a_request_in_pieces_is_the_same, 0,
	    MW_N_OF(rows));
	tcase_add_test(t, a_request_has_its_limit);
	tcase_add_test(t, an_answer_has_its_head);
	suite_add_tcase(s, t);
	return suite_main(s);
}
