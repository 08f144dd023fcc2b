#include "base/chance.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/random.h>

#define STEP 0x9e3779b97f4a7c15U

static _Atomic uint64_t state;
static pthread_once_t begun = PTHREAD_ONCE_INIT;

static void
seed_by_system(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = (uint64_t)(uintptr_t)&seed;
	atomic_store(&state, seed);
}

/* Processes of one parent must not draw the same: a daemon's loop that was
 * started again would repeat the names it gave. */
static void
begin(void)
{
	seed_by_system();
	pthread_atfork(NULL, NULL, seed_by_system);
}

/* splitmix64: a counter, mixed; any thread, any order. */
static uint64_t
next(void)
{
	uint64_t z = atomic_fetch_add(&state, STEP) + STEP;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return z ^ (z >> 31);
}

uint32_t
chance_below(uint32_t below)
{
	assert(below > 0);
	pthread_once(&begun, begin);
	return (uint32_t)((next() >> 32) * below >> 32);
}

void
chance_seed(uint64_t seed)
{
	pthread_once(&begun, begin);
	atomic_store(&state, seed);
}
