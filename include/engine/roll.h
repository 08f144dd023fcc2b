/*
 * roll - the leases that held keeps, by name: which are held and which were
 * given back, and how many places that leaves to be passed on.
 *
 * Knows no thread: held's mutex is held.
 */
#ifndef ENGINE_ROLL_H
#define ENGINE_ROLL_H

#include "core/lease.h"

#include <stdbool.h>
#include <stdint.h>

#define ROLL_BUCKETS 4096	/* a power of two */

struct lease {
	struct lease *next;
	uint32_t destination;
	uint32_t round;		/* taken or last renewed in */
	bool held;		/* a session has it */
	bool stored;		/* the store knows it, as far as we do */
	bool unheard;		/* held, and the store never granted it */
	bool busy;		/* the store is being told of it, */
	bool leaving;		/* namely that it is given back */
	bool asked;		/* a session asks the store for it */
	bool doubt;		/* ... while that is being told of it */
	bool passed;		/* held in the place of one that was given back */
	uint32_t since;		/* given back or passed on in this round */
	int64_t forget_ms;	/* not held: the store forgets it then */
	struct lease *before, *after;	/* not held, or passed: in their list */
	char member[LEASE_NAME_MAX + 1];
};

struct roll_list {
	struct lease *first, *last;
	uint32_t n;
};

struct roll {
	struct roll_list given, passed;
	uint32_t n_destinations;
	uint32_t *counts;	/* held, by destination */
	uint32_t *unheard;	/* ... of these, by their flag */
	int32_t *spare;		/* places that can be passed on: roll_worth() */
	int32_t *idle;		/* ... since roll_begin_turn(), all the time */
	struct lease *buckets[ROLL_BUCKETS];
};

void roll_init(struct roll *roll, uint32_t n_destinations);
void roll_free(struct roll *roll);

/* The link that points to the lease, or to where it would be added. */
struct lease **roll_find(struct roll *roll, uint32_t destination,
    const char *member);
/* A new one is one that was given back. */
struct lease **roll_find_or_add(struct roll *roll, uint32_t destination,
    const char *member);
/* One that was given back, and of which nothing is being said. */
void roll_forget(struct roll *roll, struct lease **at);

/* 1: a place that the store has for nobody; -1: somebody who uses such a one.
 * What it is being told of is neither. */
int32_t roll_worth(const struct lease *lease);
/* From now on is looked at how many nobody has use for. */
void roll_begin_turn(struct roll *roll);
/* Around each change of what a lease is worth. */
void roll_begin_change(struct roll *roll, const struct lease *lease);
void roll_end_change(struct roll *roll, const struct lease *lease);

/* These are changes, too. */
void roll_hold(struct roll *roll, struct lease *lease);
void roll_pass(struct roll *roll, struct lease *lease);
void roll_end_passing(struct roll *roll, struct lease *lease);
void roll_give(struct roll *roll, struct lease *lease);

#endif
