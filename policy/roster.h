/*
 * roster - which hosts of the fleet are there: our own heartbeat, and news of
 * those that came and went.
 */
#ifndef POLICY_ROSTER_H
#define POLICY_ROSTER_H

#include "config/config.h"
#include "store/request.h"

struct roster;

/* count is told, each time the roster was read, how many hosts there are. */
struct roster *roster_new(struct store_port port,
    void (*count)(void *arg, uint32_t live), void *arg);
void roster_free(struct roster **roster);
/* All that were heard of when it was last read, and in the week before;
 * borrowed until it is read again. */
const struct store_host *roster_hosts(const struct roster *roster,
    uint32_t *out_n);
/* Say that we are there, and read who else is. */
void roster_beat(struct roster *roster, const struct config *config,
    const char *version);

#endif
