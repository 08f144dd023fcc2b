/*
 * event - something that an administrator will want to find again: one
 * value, told alike in the log and in the stream mailweir:events.
 */
#ifndef OBSERVE_EVENT_H
#define OBSERVE_EVENT_H

#include "core/breaker.h"
#include "core/view.h"

#include <stdbool.h>
#include <stddef.h>

enum event_kind {
	EVENT_STATE,		/* an upstream's breaker changed */
	EVENT_OVERRIDE,		/* an operator forced it, or let go */
	EVENT_HOST_SEEN, EVENT_HOST_LOST,
	EVENT_THROTTLE,		/* the fleet's cap on connections changed */
	EVENT_OUTCOME,		/* an outcome that an operator should see: policy, local, slow, unknown */
	EVENT_SHIELD,		/* permanent answers were kept in the queue */
	EVENT_EXPIRING,		/* held messages will soon be too old for Postfix */
	EVENT_BYPASS,		/* a host begins to lead mail past the filter, or ends it */
};

struct event {
	enum event_kind kind;
	const char *host;	/* who tells; EVENT_HOST_*: who it is about */
	const char *upstream, *destination;	/* NULL where none is meant */
	bool own;		/* EVENT_STATE: of that host's own breaker */
	enum breaker_state from, to;	/* EVENT_STATE */
	enum breaker_reason reason;	/* EVENT_STATE */
	uint32_t allowance;		/* EVENT_STATE, per mille */
	uint32_t before, after;		/* EVENT_STATE, a step back: per mille good */
	uint32_t cap_from, cap_to;	/* EVENT_THROTTLE */
	const char *class;	/* EVENT_OUTCOME: outcome class */
	bool begins;			/* EVENT_BYPASS */
	const char *why;		/* EVENT_BYPASS: core/route's word for its end */
	const char *rule, *sample, *incident;	/* NULL or "": none; EVENT_SHIELD: rule is core/shield's */
	const struct override *override;	/* EVENT_OVERRIDE */
	uint32_t messages;		/* EVENT_EXPIRING: how many; sample: the first ones' queue ids */
	int64_t at_ms;			/* EVENT_EXPIRING: when the first one will be returned */
};

struct event_pair {
	const char *name;
	char value[201];	/* printable ASCII */
};
#define EVENT_PAIRS 12
#define EVENTS_KEPT 10000	/* in the stream, about */
/*
 * The event as fields; returns how many (1..). The first is "event": breaker,
 * override, host-seen, host-lost, throttle, outcome, shield, expiring or
 * bypass. Empty ones are left out; "scope" is "host" where a breaker is not
 * the fleet's.
 */
size_t event_pairs(const struct event *e, struct event_pair out[EVENT_PAIRS]);
/* One log line with the same fields; opening, expiring and a way past the
 * filter are warnings, others info. */
void event_log(const struct event *e);

#endif
