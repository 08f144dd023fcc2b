/*
 * throttle - how many connections an upstream bears that nobody told us the
 * limit of, as a pure value.
 *
 * Additive increase, multiplicative decrease: a slow outcome ("too many
 * connections") cuts the cap to a part of the connections in use, at most once
 * per every_ms; steps bring it back, one per every_ms, for as long as the cap
 * is really in use. Each that holds makes the next twice as large, up to a
 * quarter of what is configured, so that a limit that comes back is soon used;
 * one that is refused is taken back, and the next is half as large and waits
 * twice as long: a limit that was found is not tried all the time.
 *
 * Below the floor it never goes: a refusal there is trouble like any other,
 * and the breaker says whether it persists.
 */
#ifndef CORE_THROTTLE_H
#define CORE_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

/* Read-only for the life of a configuration. */
struct throttle_rules {
	uint32_t cut;		/* per mille that a cut leaves, 1..999 */
	uint32_t floor;		/* connections that are never cut, 1.. */
	uint32_t raise;		/* connections that come back at first, 1.. */
	int64_t every_ms;	/* no second cut, or raise, within this time */
};

/* All zeros: as configured, and nothing ever happened. Times are the fleet's. */
struct throttle {
	uint32_t cap;		/* connections of the fleet; 0: as configured */
	uint32_t refused;	/* steps up that were refused, one after the other */
	uint32_t step;		/* connections of the last step up, or of the next one after a refusal; 0: none since the cut */
	int64_t cut_ms;		/* when it was lowered last */
	int64_t raised_ms;	/* when it was raised last */
};

/* What was seen of the upstream. */
struct throttle_seen {
	int64_t slow_began_ms;	/* when the newest attempt with a slow outcome began; 0: none */
	int64_t slow_told_ms;	/* when the fleet's last slow outcome was heard of; 0: never */
	uint32_t in_use;	/* connections, at the hosts' last reports */
	bool fine;		/* it takes mail, the last outcome was a good one */
};

/* The cap in force: what is configured, or less. */
uint32_t throttle_connections(const struct throttle *t, uint32_t configured);

/* The throttle which follows t at now_ms; t itself where nothing changes. */
struct throttle throttle_step(const struct throttle_rules *rules,
    struct throttle t, uint32_t configured, const struct throttle_seen *seen,
    int64_t now_ms);

/* Was it at the floor already when an attempt began, so that a slow outcome of
 * it is not for the throttle to mend? */
bool throttle_is_spent(const struct throttle_rules *rules,
    const struct throttle *t, uint32_t configured, int64_t began_ms);

bool throttle_same(const struct throttle *a, const struct throttle *b);
/* False for one that no throttle_step() could have made. */
bool throttle_sane(const struct throttle *t);

#endif
