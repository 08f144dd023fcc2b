/*
 * reading - one look at all that the fleet shares, by one request after the
 * other: what status shows once, and watch again and again.
 *
 * It owns what its status points to; the plan is the configuration's.
 */
#ifndef CTL_READING_H
#define CTL_READING_H

#include "config/config.h"
#include "ctl/inquiry.h"
#include "observe/status.h"
#include "store/request.h"

struct reading {
	struct status status;
	uint32_t n_events;
	struct store_event *events;	/* the newest, oldest first */
	/* As this host's daemons have it: with its own breakers and queue. */
	struct upstream_view *views;
	struct override *words;
	uint32_t *queued;
	struct store_reply hosts;	/* what the status borrows from */
};

struct reading *reading_new(const struct config *config);
void reading_free(struct reading **r);
/* Look again; events: how many are wanted. False: no answer, and the reading is
 * of no use before one has succeeded. */
bool reading_take(struct reading *r, struct inquiry *q, uint32_t events)
    MW_MUST_CHECK;
/* What this host's daemons decide on. */
struct snapshot reading_snapshot(const struct reading *r);

#endif
