/*
 * release - what this host held back goes to work again, oldest first and at
 * a pace, once an upstream may take it.
 *
 *	upstream recovers, or a hold ends: a recovery of the destination
 *	  -> a look into the queue (postqueue -j)
 *	  -> its held messages, one by one (postqueue -i), at release.rate
 *	  -> another look, until one finds nothing
 *
 * Postfix alone tries a message that it has kept for two hours only after
 * another hour. A message is let go once in a recovery; where it is held
 * again, Postfix's own schedule has it.
 */
#ifndef POLICY_RELEASE_H
#define POLICY_RELEASE_H

#include "policy/server.h"

#define RELEASE_TICK_MS 200

struct release;

struct release *release_new(struct server *server);
void release_free(struct release **release);
/* The server has another configuration. */
void release_reload(struct release *release);
/* See what may go, and let it go; every RELEASE_TICK_MS. */
void release_tick(struct release *release);

#endif
