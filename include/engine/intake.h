/*
 * intake - leases for an event loop: asked of the fleet, with a deadline, and
 * of this host's own share when the fleet does not answer in time.
 *
 * What the store granted is kept in memory as well, so that a share which is
 * suddenly all there is does not start from nothing. What is given back is told to the
 * store with the next lease that is asked for there, or a moment later: under
 * load that is half of all that would have to be said.
 */
#ifndef ENGINE_INTAKE_H
#define ENGINE_INTAKE_H

#include "store/request.h"

struct intake;

struct intake_options {
	struct store_port port;
	int64_t (*clock)(void);	/* monotonic, ms */
	/* Something was given back: intake_flush() wants to be called within
	 * INTAKE_FLUSH_MS. */
	void (*given)(void *arg);
	void *arg;
};
#define INTAKE_FLUSH_MS 5

struct intake *intake_new(const struct intake_options *options);
/* Answers that are still on their way must have arrived or been refused. */
void intake_free(struct intake **intake);
/* How many hosts share the caps; at least 1. */
void intake_set_hosts(struct intake *intake, uint32_t hosts);

/* granted: a place is held now. Never called from within intake_take. */
typedef void intake_done(void *arg, bool granted);

struct intake_lease {
	const char *destination;	/* name */
	const char *member;		/* lease_name() */
	uint32_t cap;			/* 0: none, always granted */
	int64_t ttl_ms;
};
/* The strings of lease are copied. done is called exactly once. */
void intake_take(struct intake *intake, const struct intake_lease *lease,
    intake_done *done, void *arg);
/* Give it back; no answer is awaited. */
void intake_drop(struct intake *intake, const char *destination,
    const char *member);
/* Tell the store what was given back. */
void intake_flush(struct intake *intake);

#endif
