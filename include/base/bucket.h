/*
 * bucket - a token bucket: so many tokens a second, and at once no more than
 * come in a second (or one, where fewer come).
 *
 * A small value without a clock; all zeros is a full one. The rate comes in
 * with each question, so that it may change from one to the next.
 */
#ifndef BASE_BUCKET_H
#define BASE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* Rates are in millionths of a token a second: a share of 1 a second is
 * still a rate. */
#define BUCKET_ONE_A_SECOND INT64_C(1000000)
#define BUCKET_RATE_MAX (1000000 * BUCKET_ONE_A_SECOND)

struct bucket {
	int64_t owed;		/* billionths of a token until it is full */
	int64_t at_ms;		/* as of then */
};

/* Take a token, if there is one. rate: 1..BUCKET_RATE_MAX. */
bool bucket_take(struct bucket *b, int64_t rate, int64_t now_ms);

#endif
