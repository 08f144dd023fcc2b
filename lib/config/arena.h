/*
 * arena - memory that is given out piece by piece and freed as one.
 *
 * A configuration is made once and goes as a whole, so nothing in it has an
 * owner of its own.
 */
#ifndef CONFIG_ARENA_H
#define CONFIG_ARENA_H

#include "base/compiler.h"
#include "base/span.h"

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena **arena);
/* Zeroed memory for n things of size bytes each, aligned for any of them. */
void *arena_get(struct arena *arena, size_t n, size_t size);
/* A copy of s, followed by a NUL. */
char *arena_text(struct arena *arena, struct span s);
char *arena_textf(struct arena *arena, const char *fmt, ...) MW_PRINTF(2, 3);

#endif
