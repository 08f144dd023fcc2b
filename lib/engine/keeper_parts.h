/*
 * keeper_parts - what the sources of engine/keeper share: keeper.c has what
 * sessions ask, and begins and ends it all, keeper_clerk.c reads states and
 * sends what was counted, keeper_porter.c carries leases between engine/held
 * and the store.
 */
#ifndef ENGINE_KEEPER_PARTS_H
#define ENGINE_KEEPER_PARTS_H

#include "core/census.h"
#include "engine/held.h"
#include "engine/keeper.h"
#include "engine/sight.h"
#include "engine/tally.h"
#include "store/pool.h"

#include <pthread.h>
#include <stdatomic.h>

/* What waits for a destination: as counted last, and taken in since. */
struct queue {
	int64_t counted_ms;
	uint32_t counted, since;
};

struct keeper {
	struct keeper_options options;
	struct store_pool *pool;
	struct held *held;
	struct tally *tally;
	_Atomic int64_t offset_ms;	/* the fleet's clock less the local one */
	_Atomic uint32_t hosts;		/* live ones when last known */
	_Atomic int64_t *roomy_ms;	/* until then, by destination */
	_Atomic int64_t any_roomy_ms, any_tight_ms;	/* until then, or not */

	pthread_mutex_t mutex;		/* guards sight and queues */
	struct sight *sight;
	struct queue *queues;

	pthread_t clerk, porter;
	bool running;
	int stop[2];			/* a pipe; closing it ends both */
	int given_fd;			/* wakes the porter ... */
	atomic_bool given;		/* ... who has been woken already */
	int64_t tick_ms;
	/* The clerk's. */
	struct census census;
	int64_t states_at, holds_at, renew_at, tally_at, beat_at;
};

/* Each answer tells the fleet's time. Any thread. */
int keeper_ask(struct keeper *k, const struct store_request *request,
    struct store_reply *out);
/* ... where only success matters. */
bool keeper_tell(struct keeper *k, const struct store_request *request);
const struct destination *keeper_destination(const struct keeper *k,
    uint32_t destination);
/* Wait so long; false when the end has come. */
bool keeper_rest(const struct keeper *k, int64_t ms);

/* keeper_clerk.c */
void *keeper_clerk(void *keeper);
/* What the clerk does again and again. */
void keeper_tick(struct keeper *k, int64_t now_ms);
void keeper_send_tally(struct keeper *k);
/* keeper_porter.c */
void *keeper_porter(void *keeper);
void keeper_wake_porter(struct keeper *k);
/* Do all that is due of one kind, or as much as the store takes. Any thread. */
void keeper_carry(struct keeper *k, enum held_work work);
/* ... of all that was given back or passed on by now. */
void keeper_drop_given(struct keeper *k);
/* Take a place over that was given back here, where there is room for others. */
bool keeper_pass_lease(struct keeper *k, uint32_t destination,
    const char *member);
/* Ask the store for a lease, while it has less than limit (0: no limit); what is
 * to be given back of its destination goes with the question. -1: no answer. */
int keeper_ask_lease(struct keeper *k, uint32_t destination,
    const char *member, uint32_t limit, bool *out_granted);
/* Give this one back at once, whoever held it. */
void keeper_drop(struct keeper *k, uint32_t destination, const char *member);

#endif
