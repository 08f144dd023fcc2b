/*
 * smtp_reply - what an SMTP server answers: "451 text", or several lines of
 * which all but the last are "451-text".
 *
 * It eats lines as they arrive and keeps what is of use of them: what it
 * holds has a fixed size, however much a server says. Where lines of one
 * reply differ, the last one counts, as it does for Postfix (smtp_chat.c).
 * Source: RFC 5321 sections 4.2 and 4.5.3.1.5, RFC 2034.
 */
#ifndef WIRE_SMTP_REPLY_H
#define WIRE_SMTP_REPLY_H

#include "base/span.h"
#include "core/reply.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SMTP_REPLY_LINE_MAX 512		/* bytes, the line's end included */
#define SMTP_REPLY_LINES_MAX 100
#define SMTP_REPLY_TEXT_MAX 300

enum smtp_reply_read {
	SMTP_REPLY_MORE,	/* the last line is still to come */
	SMTP_REPLY_DONE,
	SMTP_REPLY_BAD,		/* nothing that follows can mend it */
};

/* All zeros is one of which nothing has arrived. */
struct smtp_reply {
	uint16_t code;		/* 200..599 */
	struct dsn dsn;		/* zeros: it has none, or of another class */
	bool starttls;		/* to EHLO: the extension is offered */
	unsigned lines;
	/* All of it, codes included, with blanks between the lines; printable,
	 * and cut. */
	char text[SMTP_REPLY_TEXT_MAX + 1];
};

/*
 * Eat the whole lines that in begins with, up to the end of the reply. More
 * and done: *out_used of the bytes were eaten; come back with the others and
 * what follows them. Lines may end in a bare LF. Bad: a line that does not
 * begin with a code, over the limits. r is of no use then.
 */
enum smtp_reply_read smtp_reply_read(struct smtp_reply *r, struct span in,
    size_t *out_used);

#endif
