/*
 * pool - the store for threads: their requests pooled on one connection to
 * Redis, so that all of them are under way at once, however long an answer takes.
 * Whoever comes first writes and reads for the others. No lock is held while one
 * waits.
 *
 * A call takes at most options.timeout_ms. Once one got no answer in that time,
 * or the connection is lost, the pool is down: calls fail at once with
 * ERR_UNAVAILABLE, save one a retry interval (200 ms) that tries it. Any thread.
 */
#ifndef STORE_POOL_H
#define STORE_POOL_H

#include "store/health.h"
#include "store/request.h"

struct store_pool;

struct store_pool *store_pool_new(const struct store_options *options,
    store_health_fn *health, void *arg);
void store_pool_free(struct store_pool **pool);
/* 0 and *out_reply (store_reply_clear it), or -1: ERR_UNAVAILABLE,
 * ERR_TIMEOUT or ERR_SYNTAX (an odd answer). */
int store_pool_call(struct store_pool *pool,
    const struct store_request *request, struct store_reply *out_reply,
    struct err *err) MW_MUST_CHECK;
bool store_pool_up(const struct store_pool *pool);

#endif
