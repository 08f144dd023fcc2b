/*
 * reply - an SMTP reply as a value: code, enhanced code, text.
 *
 * It becomes a string in one place, which refuses what would break the
 * protocol or the meaning: a code and an enhanced code of different classes
 * (Postfix calls that malformed and drops the milter), CR, LF, NUL and
 * non-ASCII, more than 200 characters. Source: RFC 5321 4.2, RFC 3463 2.
 */
#ifndef CORE_REPLY_H
#define CORE_REPLY_H

#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLY_TEXT_MAX 200

struct dsn {			/* RFC 3463: class.subject.detail */
	uint16_t class, subject, detail;
};

struct reply {
	uint16_t code;		/* 200..599 */
	struct dsn dsn;
	char text[REPLY_TEXT_MAX + 1];
};

/* Source of the codes: DESIGN "replies"; RFC 3463 X.3.2 "system not accepting
 * network messages", X.4.3 "directory server failure". */
#define REPLY_DSN_NOT_ACCEPTING ((struct dsn){ 4, 3, 2 })
#define REPLY_DSN_DIRECTORY ((struct dsn){ 4, 4, 3 })

/* "4.3.2" at the start of s (then a blank or the end); *rest is what follows
 * the blank. */
bool dsn_parse(struct span s, struct dsn *out, struct span *rest);

/*
 * Make a reply; text has the placeholder DESTINATION replaced by name (NULL:
 * none). False, and *out untouched, when it would not be a good one.
 */
bool reply_make(uint16_t code, struct dsn dsn, const char *text,
    const char *name, struct reply *out);
/* Is it a reply that reply_make could have made? */
bool reply_sane(const struct reply *r);
bool reply_is_temporary(const struct reply *r);

enum reply_form {
	REPLY_SMTP,		/* "451 4.3.2 text" */
	REPLY_STATUS,		/* "4.3.2 text": status filter, delivery log */
};
/* Render into dst[size]; false, dst empty, when not sane or too long. */
bool reply_render(const struct reply *r, enum reply_form form, char *dst,
    size_t size);

#endif
