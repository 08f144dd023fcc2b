/*
 * netstring - "LENGTH:BYTES,", as socketmap speaks it.
 *
 * It sees the bytes collected so far and keeps nothing between two calls.
 * Source: https://cr.yp.to/proto/netstrings.txt
 */
#ifndef WIRE_NETSTRING_H
#define WIRE_NETSTRING_H

#include "base/buf.h"
#include "base/span.h"

#include <stddef.h>

enum netstring_state {
	NETSTRING_MORE,		/* good so far, not complete */
	NETSTRING_DONE,
	NETSTRING_BAD,		/* nothing that follows can mend it */
};

/*
 * Read the netstring that in begins with. Done: *out is its payload, borrowed
 * from in, and *out_used the bytes of all of it; what follows is the next
 * one's. A length over max bytes is bad as soon as it is seen, and so is one
 * with a leading zero.
 */
enum netstring_state netstring_read(struct span in, size_t max,
    struct span *out, size_t *out_used);
/* Add payload to the buffer, as a netstring. */
void netstring_write(struct buf *to, struct span payload);

#endif
