/*
 * keeper - the milter's hold on what the fleet shares: leases, counters and
 * the upstreams' states, for many threads.
 *
 * A thread of its own, the clerk, reads the states, renews what is held and
 * sends what was counted; another one, the porter, gives back what sessions have
 * no more use for, as far as nobody took it over and it did not go with a lease
 * that was taken meanwhile. Sessions wait for Redis when they take a lease,
 * where no place was passed on to them, and for store.timeout at most. While
 * Redis is away states stay as last read, leases are granted against this
 * host's share of each cap, and counters wait; when it is back it is told of
 * all of it.
 */
#ifndef ENGINE_KEEPER_H
#define ENGINE_KEEPER_H

#include "core/decide.h"
#include "core/lease.h"
#include "core/plan.h"
#include "core/view.h"
#include "store/health.h"

#include <stdbool.h>
#include <stdint.h>

struct keeper;

struct keeper_options {
	const struct plan *plan;	/* borrowed until keeper_free, as the strings */
	struct store_options store;
	const char *host, *version, *digest;
	store_health_fn *health;	/* from any thread */
	void *health_arg;
};

/* The states have been read once, if Redis answers. NULL with ERR_SYSTEM when
 * there is no thread to be had. */
struct keeper *keeper_new(const struct keeper_options *options,
    struct err *err) MW_MUST_CHECK;
/* Give back all leases, send the counters, and stand still: from now on
 * nothing is held. Sessions may still be there. */
void keeper_close(struct keeper *keeper);
/* As keeper_close; no session may be there. */
void keeper_free(struct keeper **keeper);

/*
 * Take a place under a destination's cap for a lease_name(). True when it is
 * held now; again by the same name is fine.
 */
bool keeper_take(struct keeper *keeper, uint32_t destination,
    const char *member);
/* Give it back; one that somebody else took under this name, too. */
void keeper_give_back(struct keeper *keeper, uint32_t destination,
    const char *member);

/* What is known of each upstream of the plan, and of each destination what
 * operators say and how much waits for it here; and the fleet's time. It does
 * not change until it is given back. */
const struct snapshot *keeper_look(struct keeper *keeper,
    int64_t *out_now_ms);
void keeper_look_away(struct keeper *keeper, const struct snapshot *seen);

/* Count what a verdict did to a transaction. */
void keeper_count_verdict(struct keeper *keeper, uint32_t destination,
    const struct intake_verdict *verdict);
/* Count a message that was accepted. waits: it will stay in the queue, for its
 * destination is on hold. */
void keeper_count_accepted(struct keeper *keeper, uint32_t destination,
    bool waits);

#endif
