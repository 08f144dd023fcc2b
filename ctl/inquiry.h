/*
 * inquiry - what most verbs begin with: the configuration, and Redis.
 *
 * People wait up to two seconds for Redis, whatever the daemons do.
 */
#ifndef CTL_INQUIRY_H
#define CTL_INQUIRY_H

#include "config/config.h"
#include "ctl/verb.h"
#include "store/request.h"

#include <stdbool.h>

struct inquiry;

/* The configuration of -c, yours; NULL when it is bad, which has been said. */
struct config *inquiry_config(const struct options *o);

struct inquiry *inquiry_new(const struct config *config);
void inquiry_free(struct inquiry **q);
/* This host's name. */
const char *inquiry_host(const struct inquiry *q);
/* Ask; false when there was no answer: inquiry_trouble() says why. Clear the
 * reply. */
bool inquiry_ask(struct inquiry *q, const struct store_request *request,
    struct store_reply *out_reply) MW_MUST_CHECK;

/* A plain read of the upstream at an index of the plan. */
bool inquiry_upstream(struct inquiry *q, uint32_t index,
    struct store_reply *out_reply) MW_MUST_CHECK;

/* Why the last question had no answer, behind "Redis is"; valid until the
 * next. */
const char *inquiry_trouble(const struct inquiry *q);
/* Say it on standard error; the exit status for that. */
enum answer inquiry_away(const struct inquiry *q);

#endif
