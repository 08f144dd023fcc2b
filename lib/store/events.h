/*
 * events - the newest events of the fleet, in memory; as event_add.lua and
 * events.lua.
 */
#ifndef STORE_EVENTS_H
#define STORE_EVENTS_H

#include "store/request.h"

#define EVENTS_MAX 1000

/* All zeros: none yet. */
struct events {
	struct store_event *list[EVENTS_MAX];	/* oldest first */
	uint32_t n;
	int64_t ms;		/* the last id */
	uint64_t seq;
};

void events_free(struct events *events);
/* Answer a STORE_EVENT_ADD. */
void events_add(struct events *events, const struct store_request *request,
    int64_t now_ms);
/* Answer a STORE_EVENTS; -1 where what it asks behind is no id. */
int events_read(const struct events *events,
    const struct store_request *request, struct store_reply *out_reply,
    struct err *err) MW_MUST_CHECK;

#endif
