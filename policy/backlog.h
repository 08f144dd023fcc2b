/*
 * backlog - how many messages wait in this host's queue for each destination,
 * and which of them Postfix will soon return as too old.
 *
 * Counted in each look that policy/release takes into the queue, and told to
 * the store, where the milter and `mailweir status` find it. Messages about to
 * expire are an event, once an hour a destination.
 */
#ifndef POLICY_BACKLOG_H
#define POLICY_BACKLOG_H

#include "policy/server.h"
#include "wire/postqueue.h"

struct backlogs;

struct backlogs *backlogs_new(struct server *server);
void backlogs_free(struct backlogs **backlogs);
/* The server has another configuration. */
void backlogs_reload(struct backlogs *backlogs);

/* A look into the queue: begin, note each recipient, end. A look that fails has
 * no end. lifetime_ms: postconf(5) maximal_queue_lifetime. */
void backlogs_begin(struct backlogs *backlogs, int64_t lifetime_ms);
void backlogs_note(struct backlogs *backlogs, uint32_t destination,
    const struct postqueue_message *message);
void backlogs_end(struct backlogs *backlogs);

/* A message was taken in that will wait. */
void backlogs_add(struct backlogs *backlogs, uint32_t destination);
/* How many wait, by the plan's destination index; borrowed. */
const uint32_t *backlogs_queued(const struct backlogs *backlogs);

#endif
