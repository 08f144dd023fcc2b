/*
 * link - what pool and async know of the way to Redis: the options, whether
 * it is worth trying, and what the administrator was last told of it.
 *
 * A hard trouble means that no request gets an answer: the link is down. A
 * soft one is an answer: it concerns some requests (a replica refuses to
 * write, but can be read), so the link stays up and the trouble counts as
 * over when it was not seen for LINK_SOFT_MS. Not thread-safe.
 */
#ifndef STORE_LINK_H
#define STORE_LINK_H

#include "store/health.h"

#include <stdbool.h>

#define LINK_SOFT_MS 2000
#define LINK_RETRY_MS 200

struct link {
	struct store_options options;	/* with copies of its strings */
	bool down;
	bool told_any;
	enum store_trouble told;
	int64_t told_ms;	/* when the trouble told was last seen */
};

/* It starts down, with nothing told. */
struct link link_new(const struct store_options *options);
void link_free(struct link *l);

/* Each returns whether the administrator should be told of it. */
bool link_is_down(struct link *l, enum store_trouble trouble, int64_t now_ms);
/* An answer: STORE_FINE or a soft trouble. */
bool link_is_up(struct link *l, enum store_trouble trouble, int64_t now_ms);

#endif
