/*
 * view - what this host knows of an upstream: the fleet's breaker, its own of
 * trouble that it alone sees, and what an operator has said. A value, from the
 * last snapshot; never blocks.
 *
 * An operator opens or closes an upstream; he holds a destination, or lets
 * its held mail go.
 */
#ifndef CORE_VIEW_H
#define CORE_VIEW_H

#include "core/breaker.h"
#include "core/throttle.h"

#define INCIDENT_MAX 24
#define VIEW_HOST_MAX 64	/* bytes of a host's name */
#define SAMPLE_MAX 60		/* Redis keeps short values compact; docs/store.md */

enum override_state {
	OVERRIDE_NONE = 0,
	OVERRIDE_OPEN, OVERRIDE_CLOSED,		/* of an upstream */
	OVERRIDE_HOLD, OVERRIDE_RELEASE,	/* of a destination */
};

struct override {
	enum override_state state;
	int64_t until_ms;	/* fleet time */
	uint32_t rate;		/* RELEASE: messages a second and host; 0: as configured */
	char by[33];
	char reason[64];
};

/* What the store keeps of an upstream's state, versioned as a whole. */
struct upstream_record {
	struct breaker breaker;
	int64_t version;	/* 0: never written */
	struct throttle throttle;
	char incident[INCIDENT_MAX + 1];	/* "" while closed, if not by a step back */
	char rule[OUTCOME_RULE_NAME_MAX + 1];	/* the last bad outcome's rule ... */
	char sample[SAMPLE_MAX + 1];		/* ... and the start of its text */
};

/* Of an upstream past the filter: would it take our mail? Fleet time. */
struct preflight {
	int64_t good_ms;	/* the last time it said so; 0: never */
	int64_t locked_ms;	/* it takes the filter's mail only, until then */
};

struct upstream_view {
	bool known;		/* read from the store at least once */
	int64_t seen_ms;	/* fleet time of the last reading */
	struct upstream_record record;
	struct upstream_record own;	/* of this host alone (core/alone); no version, no throttle */
	struct override override;
	struct preflight preflight;
};

/* What waits in Postfix's queue for a destination: of one host, or of all. */
struct backlog {
	int64_t at_ms;		/* when it was last counted, fleet time; 0: never */
	uint32_t messages;
	uint32_t expiring;	/* of these, soon too old for Postfix to keep */
	int64_t oldest_ms;	/* when the oldest arrived, since 1970; 0: none */
};

/* A host's own breaker, as others see it: for people, and the host itself. */
struct alone_view {
	char host[VIEW_HOST_MAX + 1];
	enum breaker_state state;
	uint32_t allowance;	/* per mille */
	int64_t until_ms;
	char incident[INCIDENT_MAX + 1];
};

/* All that decisions are made on, by the plan's indices. */
struct snapshot {
	const struct upstream_view *upstreams;
	const struct override *holds;	/* of the destinations */
	const uint32_t *queued;		/* messages of the destinations in this
					 * host's queue; NULL: not known */
};

/* Is an operator's word of this kind in force? */
bool override_says(const struct override *o, enum override_state state,
    int64_t now_ms);

bool override_same(const struct override *a, const struct override *b);

/* The record to go by on this host: its own where that lets less through. */
const struct upstream_record *view_record(const struct upstream_view *v);

/* The state that counts here and now: an override that has not ended wins, else
 * the worse of the fleet's and this host's own. */
enum breaker_state view_state(const struct upstream_view *v, int64_t now_ms);
/* Share of the traffic it may get now, 0..1000, override included. */
uint32_t view_allowance(const struct upstream_view *v, int64_t now_ms);
/* Fleet-wide cap on connections now, override and the fleet's breaker included. */
uint32_t view_connections(const struct upstream_view *v, uint32_t configured,
    int64_t now_ms);
/* What two hosts' queues hold together; counts stop at the largest number. */
void backlog_add(struct backlog *sum, const struct backlog *one);
/* How many of them this host may make, for all that its own breaker says. */
uint32_t view_own_connections(const struct upstream_view *v, int64_t now_ms);
bool override_state_parse(struct span name, enum override_state *out);
/* "open", "closed", "hold", "release"; "" for none. */
const char *override_state_name(enum override_state state);
bool record_sane(const struct upstream_record *r);

#endif
