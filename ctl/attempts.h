/*
 * attempts - which upstream a line of a mail log is about, and whether it is
 * one more report about an attempt that was told before.
 *
 * A line with a recipient belongs to the destination of its lane, or else of
 * the recipient. One without (smtp(8) went on to its next host) belongs to that
 * of its lane, or else to the first destination that uses the host.
 */
#ifndef CTL_ATTEMPTS_H
#define CTL_ATTEMPTS_H

#include "config/config.h"
#include "core/replay.h"
#include "wire/maillog.h"

#include <stdint.h>

struct attempts;

enum attempt {
	ATTEMPT_NONE,		/* nothing new about any */
	ATTEMPT_ELSEWHERE,	/* at a host that is no upstream's */
	ATTEMPT_PLAYED,
};

/* Both are borrowed. */
struct attempts *attempts_new(const struct config *config,
    struct replay *replay);
void attempts_free(struct attempts **a);
/* Play what the line says; time_ms: the line's, in UTC. */
enum attempt attempts_play(struct attempts *a,
    const struct maillog_line *line, int64_t time_ms);
/* How many hosts' logs it has seen, 64 at the most. */
size_t attempts_hosts(const struct attempts *a);

#endif
