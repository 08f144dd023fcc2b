/*
 * netstring - "LENGTH:BYTES,": how socketmap frames what it says.
 */
#ifndef WIRE_NETSTRING_H
#define WIRE_NETSTRING_H

#include "base/buf.h"
#include "base/span.h"

enum netstring_state {
	NETSTRING_MORE,		/* good so far, the end is missing */
	NETSTRING_DONE,
	NETSTRING_BAD,		/* no netstring, or longer than max */
};

/*
 * Look for a netstring of at most max bytes at the start of in. When DONE,
 * *out is what it holds, borrowed from in, and *out_used how many bytes it
 * took. Outputs are written when DONE only.
 */
enum netstring_state netstring_read(struct span in, size_t max,
    struct span *out, size_t *out_used);
void netstring_write(struct buf *to, struct span payload);

#endif
