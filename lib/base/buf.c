#include "base/buf.h"

#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room for len more bytes and a NUL; false when that is over the maximum. */
static bool
make_room(struct buf *b, size_t len)
{
	size_t room = b->room;

	if (len > b->max - b->len) {
		b->overflowed = true;
		return false;
	}
	if (b->len + len + 1 <= room)
		return true;
	if (room == 0)
		room = 64;
	while (room < b->len + len + 1)
		room *= 2;
	b->at = mem_resize(b->at, room, 1);
	b->room = room;
	return true;
}

struct buf
buf_new(size_t max)
{
	assert(max > 0);
	return (struct buf){ .max = max };
}

void
buf_free(struct buf *b)
{
	mem_free(b->at);
	*b = buf_new(b->max);
}

void
buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (len == 0 || !make_room(b, len))
		return;
	memcpy(b->at + b->len, bytes, len);
	b->len += len;
	b->at[b->len] = '\0';
}

void
buf_add_span(struct buf *b, struct span s)
{
	buf_add(b, s.at, s.len);
}

void
buf_add_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	if (len > 0 && make_room(b, (size_t)len)) {
		vsnprintf(b->at + b->len, (size_t)len + 1, fmt, again);
		b->len += (size_t)len;
	}
	va_end(again);
	va_end(ap);
}

void
buf_consume(struct buf *b, size_t n)
{
	assert(n <= b->len);
	if (n == 0)
		return;
	b->len -= n;
	memmove(b->at, b->at + n, b->len + 1);
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->overflowed = false;
	if (b->at != NULL)
		b->at[0] = '\0';
}

bool
buf_overflowed(const struct buf *b)
{
	return b->overflowed;
}

struct span
buf_span(const struct buf *b)
{
	return (struct span){ b->at, b->len };
}

const char *
buf_text(const struct buf *b)
{
	return b->at != NULL ? b->at : "";
}
