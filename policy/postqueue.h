/*
 * postqueue - a line of `postqueue -j`: one message, as postqueue(1) "JSON
 * OBJECT FORMAT" has it. Its texts come from strangers.
 */
#ifndef POLICY_POSTQUEUE_H
#define POLICY_POSTQUEUE_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

#define POSTQUEUE_ID_MAX 32	/* a long queue id has about 16 */

struct postqueue_message {
	char id[POSTQUEUE_ID_MAX + 1];	/* letters and digits */
	int64_t arrived_s;
};

/* A recipient that it waits for, and why, without the code; all borrowed. */
typedef void postqueue_recipient(void *arg,
    const struct postqueue_message *message, struct span address,
    struct span why);

/* Tell of each recipient of a deferred message. False: the line is none, but
 * what postqueue says in place of one. */
bool postqueue_read(struct span line, postqueue_recipient *each, void *arg);

#endif
