#include "arena.h"

#include "base/mem.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#define BLOCK_SIZE (64 * 1024)

struct block {
	struct block *next;
	size_t used, room;
	alignas(max_align_t) char bytes[];
};

struct arena {
	struct block *blocks;	/* the newest first */
};

static struct block *
block_new(struct block *next, size_t room)
{
	struct block *b = mem_new(1, sizeof(*b) + room);

	b->next = next;
	b->room = room;
	return b;
}

struct arena *
arena_new(void)
{
	return mem_new(1, sizeof(struct arena));
}

void
arena_free(struct arena **arena)
{
	struct block *b, *next;

	if (*arena == NULL)
		return;
	for (b = (*arena)->blocks; b != NULL; b = next) {
		next = b->next;
		mem_free(b);
	}
	mem_free(*arena);
	*arena = NULL;
}

void *
arena_get(struct arena *arena, size_t n, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct block *b = arena->blocks;
	size_t want;
	void *at;

	assert(size == 0 || n <= (SIZE_MAX / 2) / size);
	want = (n * size + align - 1) / align * align;
	if (b == NULL || b->room - b->used < want)
		b = arena->blocks = block_new(b,
		    want > BLOCK_SIZE ? want : BLOCK_SIZE);
	at = b->bytes + b->used;
	b->used += want;
	return at;
}

char *
arena_text(struct arena *arena, struct span s)
{
	char *text = arena_get(arena, s.len + 1, 1);

	if (s.len > 0)
		memcpy(text, s.at, s.len);
	return text;
}

char *
arena_textf(struct arena *arena, const char *fmt, ...)
{
	va_list ap, again;
	char *text;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	assert(len >= 0);
	text = arena_get(arena, (size_t)len + 1, 1);
	vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return text;
}
