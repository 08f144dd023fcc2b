#include "base/hash.h"

static uint64_t
mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9fb21c651e98df25U;
	return h ^ (h >> 32);
}

/* Eight bytes at a time. */
uint32_t
hash_of(uint64_t seed, struct span bytes)
{
	uint64_t h = mix(seed, bytes.len), word;

	while (bytes.len >= sizeof(word)) {
		memcpy(&word, bytes.at, sizeof(word));
		h = mix(h, word);
		bytes.at += sizeof(word);
		bytes.len -= sizeof(word);
	}
	word = 0;
	if (bytes.len > 0)
		memcpy(&word, bytes.at, bytes.len);
	h = mix(mix(h, word), 0);
	return (uint32_t)h != 0 ? (uint32_t)h : 1;
}
