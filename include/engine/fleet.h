/*
 * fleet - what all hosts together know of the upstreams and what operators
 * say, in this process's memory, and how it gets there.
 *
 * Questions are answered from memory. Outcomes are collected, sent in
 * batches, and what comes back (the shared record, the window of all hosts)
 * is stepped by core/breaker and committed by version. Grants of slots are
 * asked for ahead of need. While the store is away, records are frozen,
 * slots stay as granted, and outcomes wait to be sent. What this host alone
 * sees moves a breaker of its own (core/alone), with the store or without.
 *
 * One thread, no descriptor. Store and clock are given to it, so that tests
 * and simulations run it without Redis and without waiting; the fleet's clock
 * is learnt from the store's answers.
 */
#ifndef ENGINE_FLEET_H
#define ENGINE_FLEET_H

#include "core/plan.h"
#include "core/view.h"
#include "engine/line.h"
#include "observe/history.h"
#include "store/request.h"

struct fleet;
struct fleet_upstream;

/* Grants of slots end so long after a host's last report. */
#define FLEET_SLOTS_TTL_MS 10000
/* What is told of this host alone ends so long after it. */
#define FLEET_ALONE_TTL_MS 5000
/* After the store lost all rows, hosts keep what they hold for this long. */
#define FLEET_SETTLE_MS 1200
/* How often fleet_tick wants to be called. */
#define FLEET_TICK_MS 50

struct fleet_options {
	const struct plan *plan;	/* borrowed until fleet_reload or fleet_free */
	const char *host;
	struct store_port port;
	int64_t (*clock)(void);		/* monotonic, ms */
};

/* wall_ms: stands for the fleet's clock until the store has told it. */
struct fleet *fleet_new(const struct fleet_options *options, int64_t wall_ms);
/* Answers that are still on their way must have arrived or been refused. */
void fleet_free(struct fleet **fleet);
/* Another plan; upstreams are carried over by name, with all they hold. */
void fleet_reload(struct fleet *fleet, const struct plan *plan);

/* How many hosts share the upstreams' rates; at least 1, as it is at first. */
void fleet_set_hosts(struct fleet *fleet, uint32_t hosts);

/* Send what is due, step what is due, answer whose deadline passed. */
void fleet_tick(struct fleet *fleet, int64_t now_ms);
/* The store says that an upstream's record, or what an operator says of it or
 * of a destination, changed (publish). */
void fleet_changed(struct fleet *fleet, struct span name);
/* Send all outcomes that wait; for the end of the process. */
void fleet_flush(struct fleet *fleet);
/* The store is up again: read and report at once. */
void fleet_store_is_back(struct fleet *fleet);

/* The fleet's clock at a local moment. */
int64_t fleet_time(const struct fleet *fleet, int64_t now_ms);
/* Views by the plan's upstream index. */
const struct upstream_view *fleet_views(const struct fleet *fleet);
/* All that core/decide wants; good until the next reload. */
struct snapshot fleet_snapshot(const struct fleet *fleet);

/* The upstream at an index of the plan; lives as long as the fleet. */
struct fleet_upstream *fleet_upstream(struct fleet *fleet, uint32_t index);
struct line *fleet_line(struct fleet_upstream *u);
const struct upstream_view *fleet_view(const struct fleet_upstream *u);
/* Its configured name; borrowed for as long as the fleet lives. */
const char *fleet_name(const struct fleet_upstream *u);
/* Its index in the present plan, -1 when a reload took it away. */
int fleet_index(const struct fleet_upstream *u);
int64_t fleet_slow_after(const struct fleet_upstream *u);
/* How many connections are this host's until the store says otherwise. */
uint32_t fleet_held(const struct fleet_upstream *u);

/* An attempt of real mail begins here. */
void fleet_asked(struct fleet_upstream *u, int64_t now_ms);
/* Has it not answered attempts of this host for a while? (core/silence) */
bool fleet_is_silent(const struct fleet_upstream *u, int64_t now_ms);

/* A delivery has ended that might have gone through u or through another: was
 * the mail taken, by whomever? (core/review) */
void fleet_fared(struct fleet_upstream *u, bool good);
/* What has been counted, as the store told it last; for those who look on. */
struct fleet_counts {
	int64_t told_ms;	/* the fleet's clock; 0: never */
	uint64_t totals[OUTCOME_CLASSES];	/* all hosts, ever */
	uint32_t in_use, waiting;	/* connections of all hosts */
	uint32_t n_alone;	/* hosts that alone see trouble there */
	struct alone_view alone[WINDOW_HOSTS];
	struct history history;
	uint64_t here[OUTCOME_CLASSES];	/* seen by this process */
};
const struct fleet_counts *fleet_counts(const struct fleet_upstream *u);
struct fleet_destination {
	int64_t told_ms;
	uint64_t counters[DEST_COUNTERS];
	uint32_t leases;
	struct backlog backlog;	/* of all hosts' queues */
};
/* An operator holds the destination at this index of the plan until then, on the
 * fleet's clock; so somebody else has read, and it goes until we have. */
void fleet_recall_hold(struct fleet *fleet, uint32_t destination,
    int64_t until_ms);
/* By the plan's destination index; good until the next reload. */
const struct fleet_destination *fleet_destinations(const struct fleet *fleet);

/*
 * An outcome of an attempt that began at began_ms. Counts for the breaker if
 * the attempt began after the present state did. rule and text say why, for
 * the record of an opening; text may be hostile.
 */
void fleet_observe(struct fleet *fleet, struct fleet_upstream *u,
    struct outcome outcome, struct span text, int64_t began_ms,
    int64_t now_ms);
/* A preflight of it was good, or a delivery past the filter; counts as soon as
 * the store knows of it, which is told once in FLEET_PREFLIGHT_MS. */
#define FLEET_PREFLIGHT_MS 5000
void fleet_preflight(struct fleet_upstream *u, int64_t now_ms);
/* It takes the filter's mail only: no host leads any past the filter to it for
 * breaker.open_max. */
void fleet_lock(struct fleet_upstream *u, int64_t now_ms);
/* A permanent answer of it was kept in the queue, and why: an event, once a
 * minute. text may be hostile. */
void fleet_shielded(struct fleet_upstream *u, const char *why,
    struct span text, int64_t now_ms);

#endif
