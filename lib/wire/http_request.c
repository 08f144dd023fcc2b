#include "wire/http_request.h"

/* The next line, without its end; at NULL when there is no whole one left. */
static struct span
next_line(struct span *rest)
{
	struct span line;

	if (span_find(*rest, '\n') < 0)
		return (struct span){ NULL, 0 };
	line = span_cut(rest, '\n');
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* Control characters are in no request, but in most of what is none. */
static bool
is_text(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		const unsigned char c = (unsigned char)s.at[i];

		if ((c < ' ' && c != '\t' && c != '\r' && c != '\n') ||
		    c == 0x7f)
			return false;
	}
	return true;
}

static bool
is_graphic(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] <= ' ' || s.at[i] > '~')
			return false;
	return s.len > 0;
}

/* "http://host/path" is what a proxy may send. */
static struct span
path_of(struct span target)
{
	if (span_starts(target, SPAN("http://"))) {
		target.at += 7;
		target.len -= 7;
		while (target.len > 0 && target.at[0] != '/') {
			target.at++;
			target.len--;
		}
	}
	return span_cut(&target, '?');
}

static enum http_method
method_of(struct span name)
{
	if (span_eq(name, SPAN("GET")))
		return HTTP_GET;
	return span_eq(name, SPAN("HEAD")) ? HTTP_HEAD : HTTP_OTHER;
}

static bool
read_request_line(struct span line, struct http_request *out)
{
	struct span rest = line;
	const struct span method = span_cut(&rest, ' ');
	const struct span target = span_cut(&rest, ' ');

	if (!is_graphic(method) || !is_graphic(target) ||
	    (!span_eq(rest, SPAN("HTTP/1.1")) &&
	    !span_eq(rest, SPAN("HTTP/1.0"))))
		return false;
	out->method = method_of(method);
	out->path = path_of(target);
	return out->path.len > 0 && out->path.at[0] == '/';
}

/* A name, a colon; a line that goes on from the one above is obsolete. */
static bool
is_header(struct span line)
{
	return is_graphic(span_cut(&line, ':')) && line.at != NULL;
}

enum http_read
http_request_read(struct span in, struct http_request *out, size_t *out_used)
{
	struct span rest = in, line;
	size_t n = 0;

	if (!is_text(in))
		return HTTP_BAD;
	for (; (line = next_line(&rest)).at != NULL; n++) {
		if (n == 0 && !read_request_line(line, out))
			return HTTP_BAD;
		if (n > 0 && line.len == 0) {
			*out_used = (size_t)(rest.at - in.at);
			return *out_used <= HTTP_REQUEST_MAX ? HTTP_DONE :
			    HTTP_BAD;
		}
		if (n > 0 && !is_header(line))
			return HTTP_BAD;
	}
	return in.len < HTTP_REQUEST_MAX ? HTTP_MORE : HTTP_BAD;
}

static const char *
words_of(unsigned code)
{
	switch (code) {
	case 200:
		return "OK";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 503:
		return "Service Unavailable";
	}
	return "Bad Request";
}

void
http_answer_write(struct buf *to, const struct http_answer *a)
{
	buf_addf(to, "HTTP/1.1 %u %s\r\n"
	    "Content-Type: %s\r\n"
	    "Content-Length: %zu\r\n"
	    "Connection: close\r\n"
	    "%s\r\n", a->code, words_of(a->code), a->type, a->length,
	    a->headers);
}
