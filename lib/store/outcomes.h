/*
 * outcomes - what the fleet has seen of one upstream and made of it, in memory;
 * as observe.lua and commit.lua.
 */
#ifndef STORE_OUTCOMES_H
#define STORE_OUTCOMES_H

#include "store/request.h"

/* All zeros: nothing was seen yet. */
struct outcomes {
	struct upstream_record record;
	uint32_t streak;
	uint64_t totals[OUTCOME_CLASSES];
	struct window window;
	char hosts[WINDOW_HOSTS][STORE_HOST_MAX + 1];	/* window's numbers */
	uint32_t n_hosts;
	struct alone_view alone[WINDOW_HOSTS];
	int64_t alone_end_ms[WINDOW_HOSTS];	/* of each of them */
	uint32_t n_alone;
};

/* Answer a STORE_OBSERVE, as far as it is about these. */
void outcomes_observe(struct outcomes *outcomes,
    const struct store_request *request, int64_t now_ms,
    struct store_reply *out_reply);
/* Answer a STORE_COMMIT. */
void outcomes_commit(struct outcomes *outcomes,
    const struct store_request *request, struct store_reply *out_reply);

#endif
