/*
 * number - numbers, durations and shares from text and back, all or nothing.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

/* Decimal, optional '-', no blanks, no '+'; false when not a number or out of
 * [min, max]. */
bool number_parse(struct span s, int64_t min, int64_t max, int64_t *out);

/* n in decimal, into dst; borrowed from there. */
struct span number_text(int64_t n, char dst[24]);

/* "500ms", "90s", "10m", "2h", "5d": a whole number and a unit, to
 * milliseconds, 0..INT64_MAX. A bare number is refused (no unit). */
bool duration_parse(struct span s, int64_t *out_ms);

/* The shortest exact form that duration_parse reads back ("1500ms", "90s",
 * "10m"), into dst[24]. */
const char *duration_format(int64_t ms, char dst[24]);

#endif
