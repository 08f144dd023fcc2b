/*
 * leases - the leases of one destination, in memory: found by name, and by
 * whose end comes first.
 */
#ifndef STORE_LEASES_H
#define STORE_LEASES_H

#include <stdbool.h>
#include <stdint.h>

#define LEASES_MAX 65536

struct lease;

/* All zeros is an empty one. */
struct leases {
	struct lease **heap;	/* none ends before the one at half its place */
	uint32_t n, room;
	struct lease **chains;	/* by the name's hash */
	uint32_t n_chains;	/* a power of two, or 0 */
	uint64_t seed;
};

void leases_free(struct leases *l);
/* Drop those which have ended. */
void leases_expire(struct leases *l, int64_t now_ms);
/* Put member there, or let it last longer; false when all is full. */
bool leases_put(struct leases *l, const char *member, int64_t expiry_ms);
bool leases_has(const struct leases *l, const char *member);
/* False when it was not there. */
bool leases_drop(struct leases *l, const char *member);

#endif
