#include "wire/smtp_reply.h"

#include "base/printable.h"

#define CODE_LEN 3

static struct span
after(struct span s, size_t n)
{
	return n < s.len ? (struct span){ s.at + n, s.len - n } : SPAN("");
}

static struct span
without_cr(struct span line)
{
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* The code that line begins with, 0 where it is none. */
static uint16_t
code_of(struct span line)
{
	if (line.len < CODE_LEN || line.at[0] < '2' || line.at[0] > '5')
		return 0;
	for (size_t i = 1; i < CODE_LEN; i++)
		if (line.at[i] < '0' || line.at[i] > '9')
			return 0;
	return (uint16_t)((line.at[0] - '0') * 100 +
	    (line.at[1] - '0') * 10 + (line.at[2] - '0'));
}

static struct dsn
dsn_of(uint16_t code, struct span words)
{
	struct dsn dsn;
	struct span rest;

	if (dsn_parse(words, &dsn, &rest) && dsn.class == code / 100)
		return dsn;
	return (struct dsn){ 0 };
}

static void
add_text(struct smtp_reply *r, struct span line)
{
	size_t len = strlen(r->text);

	if (len > 0 && len < SMTP_REPLY_TEXT_MAX)
		r->text[len++] = ' ';
	printable(r->text + len, sizeof(r->text) - len, line);
}

/* False when it is no line of a reply. */
static bool
eat(struct smtp_reply *r, struct span line, bool *out_last)
{
	const uint16_t code = code_of(line);
	const char mark = line.len > CODE_LEN ? line.at[CODE_LEN] : ' ';
	struct span words = after(line, CODE_LEN + 1);

	if (code == 0 || (mark != ' ' && mark != '-') ||
	    r->lines == SMTP_REPLY_LINES_MAX)
		return false;
	r->code = code;
	r->dsn = dsn_of(code, words);
	add_text(r, line);
	if (r->lines++ > 0 &&
	    span_eq_fold(span_cut(&words, ' '), SPAN("STARTTLS")))
		r->starttls = true;
	*out_last = mark == ' ';
	return true;
}

enum smtp_reply_read
smtp_reply_read(struct smtp_reply *r, struct span in, size_t *out_used)
{
	struct span rest = in;
	bool last = false;

	while (!last) {
		const ptrdiff_t end = span_find(rest, '\n');

		if (end >= SMTP_REPLY_LINE_MAX ||
		    (end < 0 && rest.len >= SMTP_REPLY_LINE_MAX))
			return SMTP_REPLY_BAD;
		if (end < 0)
			break;
		if (!eat(r, without_cr((struct span){ rest.at, (size_t)end }),
		    &last))
			return SMTP_REPLY_BAD;
		rest = after(rest, (size_t)end + 1);
	}
	*out_used = in.len - rest.len;
	return last ? SMTP_REPLY_DONE : SMTP_REPLY_MORE;
}
