/*
 * words - numbers and reasons as people say them.
 */
#ifndef OBSERVE_WORDS_H
#define OBSERVE_WORDS_H

#include "core/breaker.h"

#include <stdint.h>

/* A wait or an age, "4m10s", "2h05m", into dst[24]; "-" when negative. Returns
 * dst, as all of these. */
const char *words_wait(int64_t ms, char dst[24]);
/* "25 %", "2.5 %" of a share in per mille, into dst[16]. */
const char *words_share(uint32_t permille, char dst[16]);
/* "1 234 567", into dst[32]. */
const char *words_number(uint64_t n, char dst[32]);
/* "nothing but bad answers"; "" for no reason. */
const char *words_reason(enum breaker_reason reason);

#endif
