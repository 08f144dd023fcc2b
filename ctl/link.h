/*
 * link - what most verbs begin with: the configuration, and Redis.
 *
 * People wait up to two seconds for Redis, whatever the daemons do.
 */
#ifndef CTL_LINK_H
#define CTL_LINK_H

#include "config/config.h"
#include "ctl/verb.h"
#include "store/request.h"

#include <stdbool.h>

struct link;

/* The configuration of -c, yours; NULL when it is bad, which has been said. */
struct config *link_config(const struct options *o);

struct link *link_new(const struct config *config);
void link_free(struct link **link);
/* Ask; false when there was no answer, which has been said. Clear the reply. */
bool link_ask(struct link *link, const struct store_request *request,
    struct store_reply *out_reply) MW_MUST_CHECK;

/* A plain read of the upstream at an index of the plan. */
bool link_upstream(struct link *link, uint32_t index,
    struct store_reply *out_reply) MW_MUST_CHECK;

#endif
