/* Time passes. */
#ifndef TESTS_STORE_NAP_H
#define TESTS_STORE_NAP_H

#include <time.h>

static inline void
nap(int ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

#endif
