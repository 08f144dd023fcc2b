/*
 * hash - bytes to a number that nobody foretells who does not know the seed:
 * for tables whose keys come from strangers.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/span.h"

#include <stdint.h>
#include <string.h>

static inline uint64_t
hash_mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9fb21c651e98df25U;
	return h ^ (h >> 32);
}

/* Never 0, so that a table can mark what is empty. Eight bytes at a time. */
static inline uint32_t
hash_of(uint64_t seed, struct span bytes)
{
	uint64_t h = hash_mix(seed, bytes.len), word;

	while (bytes.len >= sizeof(word)) {
		memcpy(&word, bytes.at, sizeof(word));
		h = hash_mix(h, word);
		bytes.at += sizeof(word);
		bytes.len -= sizeof(word);
	}
	word = 0;
	if (bytes.len > 0)
		memcpy(&word, bytes.at, bytes.len);
	h = hash_mix(hash_mix(h, word), 0);
	return (uint32_t)h != 0 ? (uint32_t)h : 1;
}

#endif
