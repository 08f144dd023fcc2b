/*
 * dial - a connection to Redis on the event loop that is made again, after a
 * pause, whenever it is lost. What is said on it is its owner's affair.
 *
 * With sentinels, one of them is asked each time, the next one where that
 * leads nowhere. Only when none of them leads to a primary is there a pause.
 */
#ifndef STORE_DIAL_H
#define STORE_DIAL_H

#include "base/buf.h"
#include "base/err.h"
#include "store/health.h"

#define DIAL_PATIENCE_MS 2000	/* with an answer that must come */
#define DIAL_SENTINEL_MS 500	/* with a sentinel's: there are others */

struct dial;
struct event_base;
struct redisReply;

/* None of them is called by dial_new or dial_free. */
struct dial_events {
	void (*ready)(void *arg);	/* connected and greeted: use it */
	/* An answer; false when the connection was given up over it. */
	bool (*said)(void *arg, const struct redisReply *said);
	void (*lost)(void *arg, enum store_trouble trouble,
	    const struct err *why);
	void *arg;
};

/* Connects on its own, at the next turn of the loop. options are borrowed. */
struct dial *dial_new(struct event_base *base,
    const struct store_options *options, const struct dial_events *events);
void dial_free(struct dial **dial);

/* Is there a connection, be it only one that is being made? */
bool dial_is_open(const struct dial *d);
bool dial_is_ready(const struct dial *d);
/* Send bytes, which are freed; while it is ready. */
void dial_put(struct dial *d, struct buf *bytes);

/* Give the connection up, for the reason in why. */
void dial_lose(struct dial *d, enum store_trouble trouble,
    const struct err *why);
/* ... for what did not come within DIAL_PATIENCE_MS. */
void dial_lose_patience(struct dial *d);
/* ... if that is so of a sentinel, or of the greeting. */
void dial_check(struct dial *d, int64_t now_ms);

#endif
