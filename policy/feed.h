/*
 * feed - what the mail log knows and no hook of Postfix's tells: why smtp(8)
 * went on to its next hop.
 *
 * With feed.maillog, a delivery that moved on counts as what the log's line
 * about it is classified as, once, in place of "moved on". Nothing else in the
 * log counts: final statuses are the status filter's to tell, and deliveries
 * that no gate was asked about have no witness but the log, which anybody on
 * this host may write to.
 */
#ifndef POLICY_FEED_H
#define POLICY_FEED_H

#include "policy/server.h"

struct feed;

struct feed *feed_new(struct server *server);
/* What waits for a reason is counted without; before fleet and prober go. */
void feed_free(struct feed **feed);
/* The configuration changed. */
void feed_reload(struct feed *feed);
void feed_tick(struct feed *feed, int64_t now_ms);
/* A delivery of the process pid (0: not known) moved on from u. Counts it, now
 * or in a moment. */
void feed_moved_on(struct feed *feed, int64_t pid, struct fleet_upstream *u,
    int64_t began_ms, int64_t now_ms);

#endif
