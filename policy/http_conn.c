/*
 * http_conn - one question of a browser, a scraper or an orchestrator
 * (listen.status), and its answer: read-only, from memory, and over.
 */
#include "policy/conn.h"

#include "base/mem.h"
#include "policy/desk.h"
#include "wire/http_request.h"

/* Nothing of the page is loaded from elsewhere, nor runs unless it is ours;
 * nobody may frame it or remember it. */
#define HEADERS \
	"Cache-Control: no-store\r\n" \
	"Content-Security-Policy: default-src 'none'; style-src 'self'; " \
	"script-src 'self'; connect-src 'self'; img-src 'self'; " \
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n" \
	"Referrer-Policy: no-referrer\r\n" \
	"X-Content-Type-Options: nosniff\r\n"
#define HEAD_MAX 2048
#define ALLOW "Allow: GET, HEAD\r\n"

static struct conn *
make(void)
{
	return mem_new(1, sizeof(struct conn));
}

static void
closed(struct conn *c)
{
	mem_free(c);
}

static enum conn_next
answer(struct conn *c, const struct http_answer *a, struct span body)
{
	struct buf all = buf_new(HEAD_MAX + body.len);

	/* In one piece: TCP would hold back the end of another. */
	http_answer_write(&all, a);
	buf_add_span(&all, body);
	conn_send(c, &all);
	buf_free(&all);
	conn_end(c);
	return CONN_ANSWERED;
}

static enum conn_next
refuse(struct conn *c, unsigned code, const char *headers, struct span words)
{
	return answer(c, &(struct http_answer){
		.code = code, .type = "text/plain", .headers = headers,
		.length = words.len,
	    }, words);
}

static enum conn_next
show(struct conn *c, const struct http_request *r)
{
	struct desk_paper paper;

	if (r->method == HTTP_OTHER)
		return refuse(c, 405, ALLOW HEADERS, SPAN("read only\n"));
	if (!desk_paper(c->server->desk, r->path, &paper))
		return refuse(c, 404, HEADERS, SPAN("no such page\n"));
	return answer(c, &(struct http_answer){
		.code = 200, .type = paper.type, .headers = HEADERS,
		.length = paper.text.len,
	    }, r->method == HTTP_HEAD ? SPAN("") : paper.text);
}

static enum conn_next
input(struct conn *c, struct span in, size_t *out_used)
{
	struct http_request r;

	switch (http_request_read(in, &r, out_used)) {
	case HTTP_MORE:
		return CONN_MORE;
	case HTTP_BAD:
		*out_used = in.len;
		return refuse(c, 400, HEADERS, SPAN("no HTTP request\n"));
	case HTTP_DONE:
		break;
	}
	return show(c, &r);
}

const struct conn_kind http_conn_kind = {
	.name = "status",
	.watches = true,
	.request_max = HTTP_REQUEST_MAX,
	.make = make,
	.input = input,
	.closed = closed,
};
