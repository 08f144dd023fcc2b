/*
 * socketmap - Postfix's remote look-up protocol, inside its netstrings.
 * Source: socketmap_table(5).
 */
#ifndef WIRE_SOCKETMAP_H
#define WIRE_SOCKETMAP_H

#include "base/buf.h"
#include "base/span.h"

#include <stdbool.h>

#define SOCKETMAP_REQUEST_MAX 4096
#define SOCKETMAP_TEXT_MAX 1000	/* of an answer; Postfix reads up to 100,000 */

struct socketmap_request {
	struct span map, key;	/* borrowed; the key may be empty or hold blanks */
};
/* "MAP KEY". False without a blank, with an empty map, or with a NUL. */
bool socketmap_request_parse(struct span payload,
    struct socketmap_request *out);

enum socketmap_answer {
	SOCKETMAP_OK,
	SOCKETMAP_NOTFOUND,
	SOCKETMAP_TEMP,
	SOCKETMAP_TIMEOUT,
	SOCKETMAP_PERM,
};
/* Append the whole answer; text is made printable and cut. */
void socketmap_reply_write(struct buf *to, enum socketmap_answer answer,
    struct span text);

#endif
