/*
 * share - how the fleet divides an upstream's connections: max-min fair, so
 * that the modest get what they want and the others equal parts. Pure;
 * slots.lua does the same sum, and the tests hold the two together.
 */
#ifndef STORE_SHARE_H
#define STORE_SHARE_H

#include <stddef.h>
#include <stdint.h>

struct share_want {
	const char *host;
	int64_t want;		/* in use and waiting */
};

/* The part of cap that is self's, who is one of them. Sorts wants. */
int64_t share_of(struct share_want *wants, size_t n, const char *self,
    int64_t cap);

#endif
