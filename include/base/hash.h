/*
 * hash - bytes to a number that nobody foretells who does not know the seed:
 * for tables whose keys come from strangers.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/span.h"

#include <stdint.h>

/* Never 0, so that a table can mark what is empty. */
uint32_t hash_of(uint64_t seed, struct span bytes);

#endif
