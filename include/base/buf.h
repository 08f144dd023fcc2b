/*
 * buf - bytes that grow, to a hard maximum given at birth.
 *
 * A buf that was asked to hold more stays as it was and remembers: ask
 * buf_overflowed() once at the end instead of checking each step. The bytes
 * are always followed by a NUL that is not counted.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/compiler.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *at;		/* NULL while empty */
	size_t len, room, max;
	bool overflowed;
};

/* max: bytes it may ever hold, 1.. */
struct buf buf_new(size_t max);
void buf_free(struct buf *b);

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_add_span(struct buf *b, struct span s);
void buf_add_text(struct buf *b, const char *text);
void buf_addf(struct buf *b, const char *fmt, ...) MW_PRINTF(2, 3);
/* Drop the first n bytes (n <= len). */
void buf_consume(struct buf *b, size_t n);
/* Empty it, forget an overflow, keep the room. */
void buf_clear(struct buf *b);

bool buf_overflowed(const struct buf *b);
struct span buf_span(const struct buf *b);
/* As a C string; "" while empty. Valid until the next change. */
const char *buf_text(const struct buf *b);

#endif
