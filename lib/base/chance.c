#include "base/chance.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/random.h>

static _Atomic uint64_t state;
static atomic_bool seeded;

static void
seed_once(void)
{
	uint64_t seed = 0;

	if (atomic_exchange(&seeded, true))
		return;
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed ^= (uint64_t)(uintptr_t)&seed;
	atomic_fetch_add(&state, seed);
}

/* splitmix64: a counter, mixed; any thread, any order. */
static uint64_t
next(void)
{
	uint64_t z = atomic_fetch_add(&state, 0x9e3779b97f4a7c15U) +
	    0x9e3779b97f4a7c15U;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return z ^ (z >> 31);
}

uint32_t
chance_below(uint32_t below)
{
	assert(below > 0);
	if (!atomic_load(&seeded))
		seed_once();
	return (uint32_t)((next() >> 32) * below >> 32);
}

void
chance_seed(uint64_t seed)
{
	atomic_store(&seeded, true);
	atomic_store(&state, seed);
}
