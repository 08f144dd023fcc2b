/*
 * http_request - what a browser or a scraper asks of a server that only shows
 * things, and the answer's head.
 *
 * HTTP/1.0 and 1.1 (RFC 9112), one request a connection: no body is read, and
 * no header means anything to us. It sees the bytes collected so far and keeps
 * nothing between two calls.
 */
#ifndef WIRE_HTTP_REQUEST_H
#define WIRE_HTTP_REQUEST_H

#include "base/buf.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>

#define HTTP_REQUEST_MAX 8192	/* bytes, the empty line included */

enum http_read {
	HTTP_MORE,		/* the empty line is still to come */
	HTTP_DONE,
	HTTP_BAD,		/* nothing that follows can mend it */
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OTHER };

struct http_request {
	enum http_method method;
	struct span path;	/* from its '/' on, without a query; borrowed */
};

/*
 * Read the request that in begins with. Done: *out borrows from in, and
 * *out_used is the bytes of it, with the empty line. Lines may end in LF alone.
 * Bad: a request line or a header that is none, a control character, over the
 * limit.
 */
enum http_read http_request_read(struct span in, struct http_request *out,
    size_t *out_used);

struct http_answer {
	unsigned code;		/* 200, 400, 404, 405 or 503 */
	const char *type;	/* of the body */
	const char *headers;	/* more of them, each with its CR LF; "" */
	size_t length;		/* of the body */
};
/* Add the head of an answer after which the connection is closed. */
void http_answer_write(struct buf *to, const struct http_answer *answer);

#endif
