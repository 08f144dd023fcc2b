/*
 * idna - internationalised domain names to the form that DNS and SMTP use.
 */
#ifndef BASE_IDNA_H
#define BASE_IDNA_H

#include "base/span.h"

#include <stdbool.h>

/* UTF-8 name to A-labels (IDNA2008, non-transitional), lower case, into
 * dst[size]; false when it is not a valid name. */
bool idna_to_ascii(struct span utf8, char *dst, size_t size);

#endif
