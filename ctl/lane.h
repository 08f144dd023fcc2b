/*
 * lane - the transport of a destination as figures and text: how many
 * processes it has, which next hops, and how patient it is with them.
 */
#ifndef CTL_LANE_H
#define CTL_LANE_H

#include "core/plan.h"
#include "ctl/live.h"

#include <stdint.h>
#include <stdio.h>

/* Before a destination's name: its lane in master.cf. */
#define LANE_PREFIX "mw-"

/* Processes for all connections, and for those who wait for one. */
uint32_t lane_size(const struct plan *p, const struct destination *d);
/* Does mail for domains known by their MX leave through the catch-all's lane?
 * It does where that goes to the recipient's own MX. */
bool lane_joins_catch_all(const struct plan *p, const struct destination *d);
/* How long it waits for replies before the message, in seconds; 0: as long as
 * any smtp(8), because there is nobody else to ask. */
int64_t lane_patience_s(const struct plan *p, const struct destination *d);
/* A table of next hops cannot say "or the recipient's own MX". */
bool lane_loses_mx(const struct plan *p, const struct destination *d);
/*
 * "mw-NAME:" and all next hops in the order of the routes, a line. An upstream
 * that is the recipient's own MX stands there as the domain, where there is
 * one (NULL: there is none); where it is all there is, an empty next hop says
 * the same.
 */
void lane_write(FILE *to, const struct plan *p, const struct destination *d,
    const struct domain *domain);
/* Does a service of master.cf ask a gate, whatever its destination? */
bool lane_is_one(const struct live *live, const struct service *s);

#endif
