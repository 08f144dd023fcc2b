/*
 * overview - all that a policyd can show without asking anybody: what it knows
 * of the fleet, and what only this host can tell. A value to be rendered.
 */
#ifndef OBSERVE_OVERVIEW_H
#define OBSERVE_OVERVIEW_H

#include "base/buf.h"
#include "observe/history.h"
#include "observe/status.h"

/* What goes with status.upstreams, by the same index. */
struct overview_upstream {
	int64_t told_ms;	/* when the fleet's part was read; 0: never */
	enum breaker_state state;	/* here, this host's own included */
	uint32_t granted, in_use, waiting;	/* slots of this host */
	const uint64_t *here;	/* outcomes by class, seen by this process */
	const struct history *history;	/* the fleet's */
};

/* ... with status.destinations. */
struct overview_destination {
	int64_t told_ms;
};

/* What happened: "event" and its name first. The texts are borrowed. */
#define OVERVIEW_PAIRS 16
struct overview_event {
	int64_t at_ms;
	uint32_t n;
	struct {
		const char *name, *value;
	} pairs[OVERVIEW_PAIRS];
};

struct overview {
	struct status status;
	const char *version;
	int64_t started_ms, loaded_ms;	/* this process; its configuration */
	bool redis_fine;
	const char *redis, *redis_says;	/* how it is, in a word; in its own */
	int64_t lag_ms;		/* the longest that the loop was late of late */
	uint32_t connections;	/* of Postfix processes */
	struct {
		uint64_t well, failed, dropped;
	} notified;		/* runs of notify.command */
	const struct overview_upstream *upstreams;
	const struct overview_destination *destinations;
	uint32_t n_events;
	const struct overview_event *events;	/* the fleet's latest, oldest first */
};

/* When the oldest part of what is shown of the fleet was read, on the fleet's
 * clock; 0 while a part is missing. */
int64_t overview_told(const struct overview *o);

/* For Prometheus (text format 0.0.4): names and labels are configured ones
 * only. What begins with mailweir_fleet_ is the same on every host. */
void overview_metrics(const struct overview *o, struct buf *to);
/* For an orchestrator, as one JSON object: alive it is, as it answers. */
void overview_health(const struct overview *o, struct buf *to);
/* For people: a page of HTML, and what it loads as status.css, status.js and
 * status.svg. */
void overview_page(const struct overview *o, struct buf *to);
struct span overview_style(void);
struct span overview_script(void);
struct span overview_icon(void);

#endif
