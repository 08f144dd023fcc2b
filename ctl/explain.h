/*
 * explain - what the verb of this name has found out, for people.
 */
#ifndef CTL_EXPLAIN_H
#define CTL_EXPLAIN_H

#include "ctl/reading.h"
#include "observe/explain.h"

struct explained {
	const char *recipient;
	const struct plan *plan;
	const struct explanation *explanation;
	const struct reading *reading;	/* of use with a destination only */
};

void explain_show_text(const struct explained *x);

/* The upstream of a route, as the fleet has it. */
const struct upstream_status *explained_upstream(const struct explained *x,
    uint32_t route);
/* Does it have no connection to spare now? */
bool explained_is_full(const struct explained *x, uint32_t route);
/* What the status of mail says that only this route refuses, into
 * dst[REPLY_TEXT_MAX + 32]; "" where it does not. */
const char *explained_status(const struct explained *x, uint32_t route,
    char *dst);

#endif
