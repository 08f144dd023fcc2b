/*
 * held - the leases that this process holds, and what the store has yet to
 * hear of them.
 *
 * Sessions take and give back; what is due is carried to the store by others.
 *
 *	on our word --ENTER--> stored --RENEW--> stored, or on our word again
 *	      \                  /                          where it was missing
 *	       +-- given back --+--DROP--> gone
 *
 * A place that was given back can be passed on to the next session, which holds
 * it while the store still has it under the old name; both are told to it at
 * once, later (DROP, with names to enter). There are never more held that way
 * than places the store has for those who gave back.
 *
 * A lease that its session gives back, or takes again, while the store is being
 * asked about it stays known until that was put right: so a late answer brings
 * none back to life and loses none that is held.
 *
 * Knows no store, does no I/O. Any thread; its mutex is held for moments.
 */
#ifndef ENGINE_HELD_H
#define ENGINE_HELD_H

#include "base/compiler.h"
#include "core/lease.h"

#include <stdbool.h>
#include <stdint.h>

#define HELD_BATCH 64
/* Given back, with the store away: no more are remembered. They expire. */
#define HELD_GIVEN_MAX 65536

enum held_work {
	HELD_ENTER,		/* held, and the store may not know it */
	HELD_RENEW,
	HELD_DROP,		/* given back, and the store may still know it */
};

struct held_batch {
	enum held_work work;
	uint32_t destination;
	uint32_t n;		/* 0..HELD_BATCH */
	char members[HELD_BATCH][LEASE_NAME_MAX + 1];
	uint32_t n_enter;	/* DROP: held in the places of others */
	char enter[HELD_BATCH][LEASE_NAME_MAX + 1];
};

struct held;

struct held *held_new(uint32_t n_destinations);
void held_free(struct held **held);

/* Take a place that was given back here; false when there is none, and the store
 * is to be asked. */
bool held_pass(struct held *held, uint32_t destination, const char *member);
/*
 * The store is asked for it now, and nothing else is said of it until one of the
 * next three was called. False when the place that the store has by this name
 * was passed on: it has to hear of that first (DROP). What is to be dropped of
 * the same destination (n may be 0) can go with the question, and must be
 * brought back by held_done(). Waits while the store is being told that this
 * very lease is given back.
 */
bool held_ask(struct held *held, uint32_t destination, const char *member,
    struct held_batch *out_drops) MW_MUST_CHECK;
/* The store did not grant it. */
void held_denied(struct held *held, uint32_t destination, const char *member);
/* The store granted it. False, and it is not held, after held_close(). */
bool held_add(struct held *held, uint32_t destination, const char *member);
/* Take it on our word, while less than limit of the destination are held
 * (0: no limit). False when not, and after held_close(). */
bool held_add_below(struct held *held, uint32_t destination,
    const char *member, uint32_t limit);
/* Its session has no more use for it; the store forgets it by itself at
 * forget_ms. Where it is not held somebody else may have taken it, and it is
 * given back all the same. */
void held_give(struct held *held, uint32_t destination, const char *member,
    int64_t forget_ms);
/* Give back all that is held; from now on nothing is. */
void held_close(struct held *held, int64_t forget_ms);
uint32_t held_count(struct held *held, uint32_t destination);
/* ... of which the store has yet to hear that they are: held on our word. */
uint32_t held_unheard(struct held *held, uint32_t destination);
/* Is there anything that was given back or passed on, of which the store has yet
 * to hear? */
bool held_owes(struct held *held);

/* Another round begins, of RENEW: what is held now is due once in it; of DROP:
 * the names of who has come in the places of others are due, and the places
 * that nobody had use for since the last round began. */
void held_begin_round(struct held *held, enum held_work work);
/* What is due of one kind, of one destination; false when nothing is. Whatever
 * came out must be brought back by held_done(). */
bool held_due(struct held *held, enum held_work work, struct held_batch *out);
/* answered: the store did it; missing: bit i says that members[i] was not
 * there (RENEW). */
void held_done(struct held *held, const struct held_batch *batch,
    bool answered, uint64_t missing);
/* Forget what was given back and has expired in the store. */
void held_forget(struct held *held, int64_t now_ms);

#endif
