#include "core/counter.h"

#include "base/mem.h"

#include <assert.h>

const char *
dest_counter_name(enum dest_counter counter)
{
	static const char *const names[] = {
		[DEST_ACCEPTED] = "accepted",
		[DEST_DEFERRED] = "deferred",
		[DEST_DEFERRED_CAP] = "deferred_cap",
		[DEST_DEFERRED_HOLD] = "deferred_hold",
		[DEST_DEFERRED_LATE] = "deferred_late",
		[DEST_DELIVERED] = "delivered",
		[DEST_REROUTED] = "rerouted",
		[DEST_HELD] = "held",
		[DEST_RELEASED] = "released",
		[DEST_WOULD_DEFER] = "would_defer",
		[DEST_WOULD_REFUSE] = "would_refuse",
	};

	static_assert(MW_N_OF(names) == DEST_COUNTERS, "a counter has no name");
	return names[counter];
}
