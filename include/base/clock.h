/*
 * clock - the one place that reads a clock. Everything else is told the time.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since an arbitrary start; never goes back. */
int64_t clock_mono_ms(void);
/* Milliseconds since the Unix epoch. */
int64_t clock_wall_ms(void);
/* Microseconds, monotonic: for measurements only. */
int64_t clock_mono_us(void);
/* RFC 3339 in UTC with milliseconds, "2026-11-21T12:00:00.000Z", into
 * dst[32]; returns dst. */
const char *clock_format(int64_t wall_ms, char dst[32]);

#endif
