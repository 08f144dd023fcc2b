/*
 * story - what one lane process's questions, in their order, say about the
 * upstreams it talked to. Pure; one small value per socket connection.
 *
 *	gate P -> outcome			P delivered or failed: its outcome
 *	gate P -> gate A -> outcome		P failed and nothing said why: moved-on
 *	gate P -> outcome ok -> gate A		P took some recipients, put off others
 *	gate P refused -> gate A		nothing to learn of P
 *
 * A slot is free at the next gate, STORY_LINGER_MS after the last outcome
 * that ends a transaction, STORY_LINGER_OPEN_MS after one that may not, or at
 * end of file. One that was refused as too many (slow) rests before anybody
 * gets it again. (smtp(8) sends QUIT only after the last outcome; freed at once,
 * the next connection might arrive before it.) So does one whose process ended
 * without an outcome: it was killed, and what it asked here may be closed before
 * its connection is.
 */
#ifndef CORE_STORY_H
#define CORE_STORY_H

#include "core/outcome.h"

#include <stdbool.h>
#include <stdint.h>

#define STORY_LINGER_MS 10
#define STORY_LINGER_OPEN_MS 1000

/* All zeros is a connection of which nothing is known. */
struct story {
	bool granted;		/* holds a slot of upstream, since began_ms */
	bool observed;		/* something of this grant was counted */
	bool judged_slow;
	bool too_many;		/* its last outcome is SLOW */
	uint32_t upstream;
	int64_t began_ms;
	int64_t free_at_ms;	/* with outcomes: when the slot comes free */
	uint32_t outcomes;	/* reports since the grant */
	uint64_t last_report;	/* fingerprint of the last one */
};

/* What has been learnt; zeros: nothing. */
struct story_news {
	bool free_slot;		/* give back a slot of upstream ... */
	bool rest;		/* ... but let it rest before it is given again */
	bool observe;		/* count class as an observation of upstream */
	uint32_t upstream;
	enum outcome_class class;
	int64_t began_ms;	/* when that attempt began */
	bool moved_on;		/* that class is MOVED_ON */
};

/* A gate question arrived: the earlier grant, if any, is over. */
struct story_news story_gate(struct story *s);
/* ... and was granted at now_ms. */
void story_granted(struct story *s, uint32_t upstream, int64_t now_ms);
/*
 * A final status: its class, a fingerprint of its text, and whether the
 * transaction may go on. A report identical to the last one of this grant is
 * one of a burst and not observed again; nor is any after judged_slow.
 */
struct story_news story_outcome(struct story *s, enum outcome_class class,
    uint64_t report, bool may_go_on, int64_t now_ms);
/* Time passed: the linger is over, or the slot is held longer than
 * slow_after_ms without an outcome (TROUBLE, once). */
struct story_news story_tick(struct story *s, int64_t slow_after_ms,
    int64_t now_ms);
/* When story_tick wants to be called; INT64_MAX for never. */
int64_t story_next_ms(const struct story *s, int64_t slow_after_ms);
/* The connection is closed. */
struct story_news story_end(struct story *s);

#endif
