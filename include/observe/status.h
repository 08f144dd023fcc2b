/*
 * status - all that the fleet shares, read once: one value for people and
 * for scripts, whoever read it.
 */
#ifndef OBSERVE_STATUS_H
#define OBSERVE_STATUS_H

#include "core/counter.h"
#include "core/plan.h"
#include "core/view.h"

#include <stdbool.h>

#define STATUS_LOST_MS 30000	/* a host not heard of for longer is lost */

/* A host's last sign of life; the texts are borrowed. */
struct host_status {
	const char *name, *version, *digest, *mode;
	int64_t seen_ms;
};

struct upstream_status {
	const struct upstream *upstream;
	struct upstream_view view;	/* the fleet's: no host's own */
	uint64_t totals[OUTCOME_CLASSES];
	uint32_t in_use, waiting;
	uint32_t cap;		/* of the fleet now, breaker aside */
	uint32_t n_alone;	/* hosts that alone see trouble there */
	struct alone_view alone[WINDOW_HOSTS];
};

struct destination_status {
	const struct destination *destination;
	uint32_t leases;
	bool on_hold;		/* decide_on_hold(), as whoever read this sees it */
	struct override word;	/* an operator's */
	struct backlog backlog;	/* of all hosts' queues */
	uint64_t counters[DEST_COUNTERS];
};

struct status {
	const struct plan *plan;
	const char *host, *digest;	/* this host, and its configuration */
	int64_t now_ms;			/* the fleet's clock */
	uint32_t n_hosts;
	struct host_status *hosts;
	bool digests_differ, modes_differ;	/* among hosts that are not lost */
	bool reload_due;	/* this host runs on another file than this */
	struct upstream_status *upstreams;	/* by the plan's index */
	struct destination_status *destinations;
};

bool status_lost(const struct status *s, const struct host_status *host);
/* The override if it is in force, or NULL. */
const struct override *status_override(const struct status *s,
    const struct override *o);
/* How long until the breaker's next step, -1: nothing is planned. */
int64_t status_next_step(const struct status *s,
    const struct upstream_status *u);

/* Do hosts that are there agree? And does this one run what digest says? */
void status_compare(struct status *s);

/* The status as one JSON object, yours; docs/json.md has its fields. */
struct json_t *status_json(const struct status *s);

#endif
