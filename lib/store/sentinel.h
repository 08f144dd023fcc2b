/*
 * sentinel - what is asked of Redis Sentinel and of the server that it names,
 * and how much of the answers is believed. When whom to ask is dial's affair
 * and pool's.
 */
#ifndef STORE_SENTINEL_H
#define STORE_SENTINEL_H

#include "base/buf.h"
#include "base/err.h"
#include "store/health.h"

#define SENTINEL_QUESTION_MAX 256

struct redisReply;

/* The question where the one of that name is; one answer. */
void sentinel_question(struct buf *out, const char *name);
/* STORE_FINE and *out_address, or why there is none. */
enum store_trouble sentinel_answer(const struct redisReply *said,
    struct address *out_address, struct err *err) MW_MUST_CHECK;
/*
 * The answer to ROLE: is it a primary that was connected to? A sentinel which
 * was cut off may name the one of yesterday.
 */
enum store_trouble sentinel_role(const struct redisReply *said,
    struct err *err) MW_MUST_CHECK;

#endif
