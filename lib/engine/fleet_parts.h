/*
 * fleet_parts - what the sources of engine/fleet share: fleet.c holds the
 * upstreams together, fleet_record.c carries outcomes and records between them
 * and the store, fleet_alone.c has what this host alone sees, fleet_slots.c asks
 * for grants, fleet_holds.c knows what operators say of destinations,
 * fleet_bypass.c watches the ways past the filter.
 */
#ifndef ENGINE_FLEET_PARTS_H
#define ENGINE_FLEET_PARTS_H

#include "core/alone.h"
#include "core/review.h"
#include "core/silence.h"
#include "engine/batch.h"
#include "engine/fleet.h"
#include "engine/pace.h"

#define FLEET_RETRY_MS 200	/* after the store failed us */

/* This host's connections, as told to the store. */
struct report {
	uint32_t epoch;
	uint32_t held;			/* the grant before it */
	uint32_t waiting;
};

struct fleet_upstream {
	struct fleet *fleet;
	char name[PLAN_NAME_MAX + 1];
	int index;			/* in the plan; -1: no longer there */
	struct breaker_rules rules;
	struct throttle_rules slow;
	uint32_t connections, rate;	/* as configured */
	struct upstream_view view;
	struct evidence evidence;	/* of the view's state */
	struct alone alone;		/* what this host sees by itself */
	bool alone_told;		/* the store has a row that says so */
	uint32_t failed_trips;		/* the record's, after our trial failed */
	uint32_t limit;			/* of connections here, whatever is granted */
	struct throttle_seen seen;	/* of the view's cap */
	struct fleet_counts counts;
	struct line *line;
	struct silence silence;		/* of attempts of this host */
	struct review review;		/* of a change that this host made */
	struct batch fresh;		/* began in the present state */
	struct batch late;		/* began before it: totals only */
	char rule[OUTCOME_RULE_NAME_MAX + 1];	/* the last bad outcome's */
	char sample[SAMPLE_MAX + 1];
	int64_t explained_ms;		/* when that was no mere moving on */
	int64_t event_ms[OUTCOME_CLASSES];	/* when one was last told */
	int64_t shield_event_ms;
	int64_t locked_ms;		/* fleet time, as this host was told */
	int64_t preflight_at_ms;	/* no good one is told before */
	int64_t observe_at_ms, slots_at_ms;
	int64_t observed_ms, slots_sent_ms;	/* when last asked */
	bool observing, committing, reporting;
	struct report report;		/* the last one */
	bool was_short;			/* then */
	uint32_t epoch;			/* grants asked for before it are void */
	struct fleet_upstream *next;	/* all that ever were */
};

/* An operator's word on a destination. */
struct fleet_hold {
	struct fleet *fleet;
	char name[PLAN_NAME_MAX + 1];
	int index;			/* in the plan; -1: no longer there */
	struct override word;
	struct fleet_destination counts;
	int64_t read_at_ms;
	bool reading;
	struct fleet_hold *next;	/* all that ever were */
};

/* A route of a destination, as far as it leads past the filter. */
struct fleet_bypass {
	bool open;			/* and told so */
	char incident[INCIDENT_MAX + 1];	/* that began it */
};

struct fleet {
	const struct plan *plan;
	char host[STORE_HOST_MAX + 1];
	struct store_port port;
	int64_t (*clock)(void);
	uint32_t hosts;			/* that share the rates */
	int64_t offset_ms;		/* fleet clock - monotonic clock */
	struct fleet_upstream *all;
	struct fleet_upstream **by_index;
	struct upstream_view *views;
	struct fleet_hold *holds;
	struct override *words;		/* by the plan's destination index */
	struct fleet_bypass (*bypasses)[PLAN_ROUTES];	/* the same */
	struct fleet_destination *destinations;	/* the same */
};

int64_t fleet_now(const struct fleet *f);
void fleet_send(struct fleet *f, const struct store_request *request,
    store_done *done, void *arg);
/* The pause of this kind, with all its upstreams (engine/pace). */
int64_t fleet_pace(const struct fleet *f, enum pace kind);
/* Each answer of the store tells the fleet's time. */
void fleet_note_time(struct fleet *f, const struct store_reply *reply);
/* The view goes where core/decide looks. */
void fleet_publish_view(struct fleet_upstream *u);
/* The fleet's cap on connections to it now. */
uint32_t fleet_connections(const struct fleet_upstream *u);
/* The cap on these and the old ones (engine/line) together. */
uint32_t fleet_limit(const struct fleet_upstream *u);

/* fleet_record.c */
void fleet_record_tick(struct fleet_upstream *u, int64_t now_ms);
void fleet_record_flush(struct fleet_upstream *u);
/* The record that goes with the next state of `from`'s breaker. */
struct upstream_record fleet_next_record(const struct fleet_upstream *u,
    const struct upstream_record *from, const struct breaker *next,
    int64_t fleet_ms);
/* An event, if it went to another state or step. own: this host's breaker. */
void fleet_tell_state(struct fleet_upstream *u,
    const struct upstream_record *from, const struct upstream_record *to,
    bool own);
/* fleet_alone.c */
/* Time passed, or the fleet has judged what was seen. alone: others see no
 * such trouble, or nobody can be asked. */
void fleet_alone_step(struct fleet_upstream *u, bool alone);
/* fleet_slots.c */
void fleet_slots_tick(struct fleet_upstream *u, int64_t now_ms);
/* fleet_holds.c */
void fleet_holds_use_plan(struct fleet *f);
void fleet_holds_tick(struct fleet *f, int64_t now_ms);
/* Read it again; of no name: all of them. */
void fleet_holds_changed(struct fleet *f, struct span name);
void fleet_holds_free(struct fleet *f);
/* fleet_bypass.c */
void fleet_bypass_use_plan(struct fleet *f);
/* The plan goes: what is open ends with it. */
void fleet_bypass_leave_plan(struct fleet *f);
void fleet_bypass_tick(struct fleet *f, int64_t now_ms);
/* What the store says of a preflight. */
void fleet_bypass_read(struct fleet_upstream *u,
    const struct store_reply *reply);

#endif
