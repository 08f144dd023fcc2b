/*
 * sha1 - the name under which Redis keeps a script (FIPS 180-4).
 */
#ifndef STORE_SHA1_H
#define STORE_SHA1_H

#include "base/span.h"

/* In lower-case hexadecimal. */
void sha1_hex(struct span text, char dst[41]);

#endif
