#include "core/reply.h"

#include "base/buf.h"
#include "base/number.h"
#include "base/printable.h"

#include <stdio.h>

#define DSN_NUMBER_MAX 999	/* RFC 3463 section 2: up to three digits */

/* A plain number: no sign, no leading zero. */
static bool
dsn_number(struct span s, uint16_t *out)
{
	int64_t n;

	if (s.len > 1 && (s.at[0] == '0' || s.at[0] == '-'))
		return false;
	if (!number_parse(s, 0, DSN_NUMBER_MAX, &n))
		return false;
	*out = (uint16_t)n;
	return true;
}

static bool
dsn_sane(struct dsn dsn)
{
	return (dsn.class == 2 || dsn.class == 4 || dsn.class == 5) &&
	    dsn.subject <= DSN_NUMBER_MAX && dsn.detail <= DSN_NUMBER_MAX;
}

static void
add_with_name(struct buf *b, struct span text, const char *name)
{
	const struct span placeholder = SPAN("DESTINATION");

	while (text.len > 0) {
		if (name != NULL && span_starts(text, placeholder)) {
			buf_add_text(b, name);
			text.at += placeholder.len;
			text.len -= placeholder.len;
		} else {
			buf_add(b, text.at, 1);
			text.at++;
			text.len--;
		}
	}
}

static int
render(const struct reply *r, enum reply_form form, char *dst, size_t size)
{
	const struct dsn d = r->dsn;

	switch (form) {
	case REPLY_SMTP:
		return snprintf(dst, size, "%u %u.%u.%u %s", r->code,
		    d.class, d.subject, d.detail, r->text);
	case REPLY_STATUS:
		return snprintf(dst, size, "%u.%u.%u %s",
		    d.class, d.subject, d.detail, r->text);
	}
	return -1;
}

bool
dsn_parse(struct span s, struct dsn *out, struct span *rest)
{
	struct span code = span_cut(&s, ' ');
	struct dsn dsn;

	if (!dsn_number(span_cut(&code, '.'), &dsn.class) ||
	    !dsn_number(span_cut(&code, '.'), &dsn.subject) ||
	    !dsn_number(code, &dsn.detail) || !dsn_sane(dsn))
		return false;
	*out = dsn;
	*rest = s;
	return true;
}

bool
reply_make(uint16_t code, struct dsn dsn, const char *text, const char *name,
    struct reply *out)
{
	struct buf b = buf_new(REPLY_TEXT_MAX);
	struct reply r = { .code = code, .dsn = dsn };
	bool good;

	add_with_name(&b, span_of(text), name);
	good = !buf_overflowed(&b) &&
	    span_copy(r.text, sizeof(r.text), buf_span(&b)) && reply_sane(&r);
	buf_free(&b);
	if (good)
		*out = r;
	return good;
}

bool
reply_sane(const struct reply *r)
{
	const struct span text = { r->text, strnlen(r->text, sizeof(r->text)) };

	return r->code / 100 == r->dsn.class && dsn_sane(r->dsn) &&
	    text.len > 0 && text.len <= REPLY_TEXT_MAX && printable_all(text);
}

bool
reply_is_temporary(const struct reply *r)
{
	return r->dsn.class == 4;
}

bool
reply_render(const struct reply *r, enum reply_form form, char *dst,
    size_t size)
{
	int len = -1;

	if (size == 0)
		return false;
	if (reply_sane(r))
		len = render(r, form, dst, size);
	if (len >= 0 && (size_t)len < size)
		return true;
	dst[0] = '\0';
	return false;
}
