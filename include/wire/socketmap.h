/*
 * socketmap - a question to a table and its answer, each in a netstring.
 *
 * Source: Postfix socketmap_table(5), "PROTOCOL".
 */
#ifndef WIRE_SOCKETMAP_H
#define WIRE_SOCKETMAP_H

#include "base/buf.h"
#include "base/span.h"

#include <stdbool.h>

#define SOCKETMAP_REQUEST_MAX 4096	/* bytes of payload, either way */

struct socketmap_request {
	struct span map;	/* never empty, no blanks */
	struct span key;	/* may be empty, may hold blanks */
};

/* "MAP KEY" -> its parts, borrowed from payload. False without a map or the
 * blank behind it, and when there is a NUL in it. */
bool socketmap_request_parse(struct span payload,
    struct socketmap_request *out);

enum socketmap_answer {
	SOCKETMAP_OK,
	SOCKETMAP_NOTFOUND,
	SOCKETMAP_TEMP,
	SOCKETMAP_TIMEOUT,
	SOCKETMAP_PERM,
};

/* Add the netstring of an answer; text becomes printable, and is cut where
 * it would be over SOCKETMAP_REQUEST_MAX. */
void socketmap_reply_write(struct buf *to, enum socketmap_answer answer,
    struct span text);

#endif
