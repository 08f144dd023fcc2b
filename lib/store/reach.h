/*
 * reach - a connection to Redis that is fit to be asked, for a thread that may
 * wait: greeted, and where sentinels are asked, by the word of one of them. It
 * knows no pool, and holds no lock.
 */
#ifndef STORE_REACH_H
#define STORE_REACH_H

#include "base/compiler.h"
#include "base/err.h"
#include "base/span.h"
#include "store/health.h"

#include <stdint.h>

struct conn;

/* Until the connection has one of poll()'s events: ERR_TIMEOUT at deadline_ms. */
int reach_wait(const struct conn *conn, short events, int64_t deadline_ms,
    struct err *err) MW_MUST_CHECK;
/* Send all of bytes; somebody else may read meanwhile. */
int reach_say(const struct conn *conn, struct span bytes, int64_t deadline_ms,
    struct err *err) MW_MUST_CHECK;
/* Why a connection is of no more use, by what these say, or conn's functions.
 * It is not the request's fault: ERR_SYNTAX becomes ERR_UNAVAILABLE. */
enum store_trouble reach_trouble(struct err *err);

/* STORE_FINE and *out_conn, or why there is none. *sentinel: which one to ask
 * first; it stays where it was right. */
enum store_trouble reach_redis(const struct store_options *options,
    uint32_t *sentinel, int64_t deadline_ms, struct conn **out_conn,
    struct err *err) MW_MUST_CHECK;

#endif
