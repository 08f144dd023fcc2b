/*
 * printable - text from strangers, made safe to show.
 */
#ifndef BASE_PRINTABLE_H
#define BASE_PRINTABLE_H

#include "base/span.h"

#include <stdbool.h>

/*
 * Copy s into dst[size], with every byte outside printable ASCII (0x20..0x7e)
 * replaced by '?', cut to size-1 bytes ("..." at the end when it was cut and
 * size > 8). Always NUL-terminated. Returns dst.
 */
char *printable(char *dst, size_t size, struct span s);
/* True when s holds printable ASCII only. */
bool printable_all(struct span s);

#endif
