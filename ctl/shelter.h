/*
 * shelter - Postfix returns a message that has waited for
 * maximal_queue_lifetime. What would not outlive a hold goes into Postfix's
 * hold queue, where nothing grows too old, and comes back with a new age at the
 * release. For this host's queue; by root, as postsuper(1) demands.
 *
 * A list of what was put there lies beside the daemons' sockets, so that no
 * message is let go which an administrator holds for reasons of his own.
 */
#ifndef CTL_SHELTER_H
#define CTL_SHELTER_H

#include "base/err.h"
#include "config/config.h"

/* Hold each message for the destination which will be too old by until_ms,
 * wall clock; *out_n: how many. */
int shelter_keep(const struct config *config, uint32_t destination,
    int64_t until_ms, uint32_t *out_n, struct err *err) MW_MUST_CHECK;
/* Bring them back. */
int shelter_end(const struct config *config, uint32_t destination,
    uint32_t *out_n, struct err *err) MW_MUST_CHECK;
/* How many are on the list; 0 where it cannot be read. */
uint32_t shelter_count(const struct config *config, uint32_t destination);

#endif
