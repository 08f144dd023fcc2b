/*
 * intake - leases for an event loop: asked of the fleet, with a deadline, and
 * of this host's own share when the fleet does not answer in time.
 *
 * What the store granted is kept in memory as well, so that a share which is
 * suddenly all there is does not start from nothing; and who was let in by that
 * share is told to the store before it is asked again. A place that is given back
 * is passed on to the next one who asks, where the cap leaves room for others;
 * else it is told to the store with the next lease that is asked for there, or
 * a moment later.
 */
#ifndef ENGINE_INTAKE_H
#define ENGINE_INTAKE_H

#include "store/request.h"

struct intake;

struct intake_options {
	struct store_port port;
	int64_t (*clock)(void);	/* monotonic, ms */
	/* Does the store answer, as far as is known? */
	bool (*up)(void *arg);
	/* intake_tick() wants to be called in so many ms, and not later. */
	void (*wake)(void *arg, int64_t ms);
	void *arg;
};

struct intake *intake_new(const struct intake_options *options);
/* Answers that are still on their way must have arrived or been refused. */
void intake_free(struct intake **intake);
/* How many hosts share the caps; at least 1. */
void intake_set_hosts(struct intake *intake, uint32_t hosts);

struct intake_lease {
	const char *destination;	/* name */
	const char *member;		/* lease_name() */
	uint32_t cap;			/* 0: none, always granted */
	int64_t ttl_ms;
};
/* A place that was given back here is held now; false: ask for one. The strings
 * of lease are copied, here and below. */
bool intake_pass(struct intake *intake, const struct intake_lease *lease);
/* granted: a place is held now. Never called from within intake_take. */
typedef void intake_done(void *arg, bool granted);
/* done is called exactly once. */
void intake_take(struct intake *intake, const struct intake_lease *lease,
    intake_done *done, void *arg);
/* Give it back; no answer is awaited. */
void intake_drop(struct intake *intake, const char *destination,
    const char *member);
/* Tell the store what it is time to tell. */
void intake_tick(struct intake *intake);
/* The end: ... all that was given back and passed on. Nothing is passed on from
 * now on. */
void intake_close(struct intake *intake);

#endif
