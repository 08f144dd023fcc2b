/*
 * local - the store in this process's memory: what stands in while Redis is
 * away, and what simulations and tests run on. Same answers, one host.
 * Not thread-safe; bounded: at most 65,536 leases a destination.
 */
#ifndef STORE_LOCAL_H
#define STORE_LOCAL_H

#include "store/request.h"

struct store_local;

struct store_local *store_local_new(void);
void store_local_free(struct store_local **local);
/* Answers at once; -1 with ERR_UNAVAILABLE only when a bound is reached. */
int store_local_call(struct store_local *local,
    const struct store_request *request, int64_t now_ms,
    struct store_reply *out_reply, struct err *err) MW_MUST_CHECK;

#endif
