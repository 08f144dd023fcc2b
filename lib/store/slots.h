/*
 * slots - who in the fleet has been granted how many connections of one
 * upstream, in memory; as slots.lua.
 */
#ifndef STORE_SLOTS_H
#define STORE_SLOTS_H

#include "store/request.h"

#define SLOTS_HOSTS_MAX 1000

struct slot_row;

/* All zeros is one of which nobody has reported yet. */
struct slots {
	struct slot_row *rows;
	uint32_t n;
	int64_t settled_ms;	/* until then nothing new is granted */
};

void slots_free(struct slots *s);
/* Answer a STORE_SLOTS; false when there are too many hosts. */
bool slots_report(struct slots *s, const struct store_request *request,
    int64_t now_ms, struct store_reply *out_reply);

#endif
