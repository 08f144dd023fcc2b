/*
 * postqueue - what Postfix's own programs say of its queue: a line of
 * `postqueue -j`, one message, as postqueue(1) "JSON OBJECT FORMAT" has it, and
 * a time as postconf(1) prints it. Texts in it come from strangers.
 */
#ifndef WIRE_POSTQUEUE_H
#define WIRE_POSTQUEUE_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

#define POSTQUEUE_ID_MAX 32	/* a long queue id has about 16 */

struct postqueue_message {
	char id[POSTQUEUE_ID_MAX + 1];	/* letters and digits */
	int64_t arrived_s;		/* since 1970 */
};

/* A recipient that it waits for, and why, without the code; all borrowed. */
typedef void postqueue_recipient(void *arg,
    const struct postqueue_message *message, struct span address,
    struct span why);

/* Tell of each recipient of a deferred message. False: the line is none, but
 * what postqueue says in place of one. */
bool postqueue_read(struct span line, postqueue_recipient *each, void *arg);

/* The command by which another program of the same Postfix is run:
 * "/usr/sbin/postqueue -c DIR" is "/usr/sbin/postconf -c DIR". False where
 * command runs no postqueue, or dst is too small. */
bool postqueue_sibling(const char *command, const char *program, char *dst,
    size_t size);

/* A time with its unit, one of s, m, h, d and w: postconf(5). 0..10 years. */
bool postqueue_time(struct span text, int64_t *out_ms);

#endif
