/*
 * trouble - the server's error texts, sorted.
 */
#ifndef STORE_TROUBLE_H
#define STORE_TROUBLE_H

#include "base/span.h"
#include "store/health.h"

/* From an error reply, as text without the leading '-'; never STORE_FINE. */
enum store_trouble trouble_of(struct span text);

#endif
