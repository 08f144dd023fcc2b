/*
 * chance - random numbers for jitter, draws and names; not for secrets.
 */
#ifndef BASE_CHANCE_H
#define BASE_CHANCE_H

#include <stdint.h>

/* Evenly in 0..below-1 (below >= 1). Any thread. */
uint32_t chance_below(uint32_t below);
/* From now on a known sequence: for tests and simulations. */
void chance_seed(uint64_t seed);

#endif
