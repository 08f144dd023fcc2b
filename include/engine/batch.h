/*
 * batch - outcomes that were seen here and are on their way to the store.
 */
#ifndef ENGINE_BATCH_H
#define ENGINE_BATCH_H

#include "core/outcome.h"

#include <stdbool.h>
#include <stdint.h>

/* All zeros is an empty one. */
struct batch {
	uint32_t counts[OUTCOME_CLASSES];
	uint32_t n;		/* all of them */
	bool had_good;
	uint32_t bad_tail;	/* bad ones since the last good one here */
};

void batch_add(struct batch *b, enum outcome_class class);
/* What could not be sent goes before what was collected since. */
void batch_put_back(struct batch *b, const struct batch *unsent);

#endif
