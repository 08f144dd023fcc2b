/*
 * conn - one connection to Redis that never blocks; others wait for it.
 *
 * Of hiredis it uses the buffers and the parser, not the asynchronous layer:
 * hiredis 0.14 has no timeouts there, frees contexts on its own and may call
 * back while it does.
 */
#ifndef STORE_CONN_H
#define STORE_CONN_H

#include "base/buf.h"
#include "base/err.h"
#include "base/net.h"
#include "store/health.h"

struct conn;
struct redisReply;

/* Of the functions that may fail, each sets ERR_UNAVAILABLE where the
 * connection is lost, ERR_SYNTAX where the other side does not speak the
 * protocol of Redis. Either way it is of no more use. */

/* Starts to connect; NULL where that failed at once. */
struct conn *conn_new(const struct address *where, struct err *err)
    MW_MUST_CHECK;
void conn_free(struct conn **conn);
int conn_fd(const struct conn *conn);

/* Queue bytes. */
void conn_put(struct conn *conn, struct span bytes);
/* Write what can be written; *out_more: wait until it is writable. */
int conn_write(struct conn *conn, bool *out_more, struct err *err)
    MW_MUST_CHECK;
/* Read what is there; the end of it is a failure, too. */
int conn_read(struct conn *conn, struct err *err) MW_MUST_CHECK;
/* The next complete answer of what was read, or NULL. Free it. */
int conn_next(struct conn *conn, struct redisReply **out_reply,
    struct err *err) MW_MUST_CHECK;

/* Queue AUTH, SELECT as far as they are wanted, PING, and ROLE where sentinels
 * said who it is; returns how many answers that makes. */
unsigned conn_greet(struct conn *conn, const struct store_options *options);
/* One of these answers, of which so many were due: is it as it should be? */
enum store_trouble conn_greeted(const struct store_options *options,
    unsigned due, const struct redisReply *said, struct err *err) MW_MUST_CHECK;

#endif
