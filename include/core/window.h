/*
 * window - how often each class of outcome was seen lately, by host.
 *
 * Time is cut into WINDOW_BUCKETS equal buckets; the oldest fall out. It is
 * a value of counts only: Redis keeps the same rows (BUCKET:CLASS:HOST) and
 * this is what they are read into. Hosts are small numbers that the caller
 * gives out.
 */
#ifndef CORE_WINDOW_H
#define CORE_WINDOW_H

#include "core/outcome.h"

#include <stdbool.h>
#include <stdint.h>

#define WINDOW_BUCKETS 24
#define WINDOW_HOSTS 64		/* further hosts share the last number */
#define WINDOW_ROWS (WINDOW_BUCKETS * 64)
#define WINDOW_SLOTS 4096	/* a power of two, well above WINDOW_ROWS */

struct window_row {
	int64_t bucket;		/* start of the bucket divided by its length */
	uint8_t class;		/* enum outcome_class */
	uint8_t host;		/* 0..WINDOW_HOSTS-1 */
	uint32_t count;
};

/* All zeros is an empty one. */
struct window {
	uint32_t n;
	struct window_row rows[WINDOW_ROWS];
	/* Where rows are found: number of the row + 1, 0 for none. */
	uint16_t slots[WINDOW_SLOTS];
};

/* Length of a bucket for a window of this length: window/24, at least 1 ms. */
int64_t window_bucket_ms(int64_t window_ms);
/* Which bucket a moment falls into. */
int64_t window_bucket(int64_t window_ms, int64_t now_ms);

/* Add count to a row (made when missing). When all rows are taken, rows older
 * than the window go first; if none is, the class with most rows joins its two
 * oldest buckets, host by host, so that totals stay true and news keeps its
 * time. */
void window_add(struct window *w, int64_t window_ms, int64_t now_ms,
    enum outcome_class class, uint8_t host, uint32_t count);
/* As window_add for a row whose bucket is known, perhaps as it was read from
 * Redis: one that makes no sense (bucket, class) is left out. */
void window_add_row(struct window *w, const struct window_row *row);
void window_clear(struct window *w);

/*
 * What the window says now. Points: 2 an outcome, 1 for TROUBLE_HALF.
 * good/bad look at the newest buckets only, as many as it takes to hold
 * min_outcomes outcomes (all of the window if there are fewer): much traffic
 * is judged fast, little traffic is judged on all there is.
 */
struct evidence {
	uint32_t good, bad;	/* points */
	uint32_t outcomes;	/* observations behind them */
	uint32_t slow, dns;	/* outcomes in the whole window */
	uint32_t new_dns;	/* of these, in the buckets of good/bad */
	uint32_t hosts;		/* hosts with good or bad points in the whole window */
	uint32_t bad_hosts;	/* of these, at least half as bad as all together */
	uint32_t senders;	/* hosts, and those that came no further than DNS */
	uint32_t dns_hosts;	/* of these, with more DNS trouble than all else */
	uint32_t streak;	/* bad outcomes since the last good one; the caller's */
	uint32_t total_good, total_bad;	/* points of the whole window */
	uint32_t ignored;	/* outcomes that say nothing, in the whole window */
};
struct evidence window_evidence(const struct window *w, int64_t window_ms,
    uint32_t min_outcomes, int64_t now_ms);

#endif
