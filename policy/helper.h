/*
 * helper - another program, run for the event loop: one at a time, what it
 * says a line at a time, and no longer than its deadline.
 *
 * The loop never waits for it. It gets no descriptor of ours but its own
 * output, where its errors go too.
 */
#ifndef POLICY_HELPER_H
#define POLICY_HELPER_H

#include "base/err.h"
#include "base/span.h"

#include <event2/event.h>
#include <stdbool.h>

#define HELPER_DEADLINE_SECONDS 60
#define HELPER_LINE_MAX 65536	/* bytes; what is longer is passed over */
#define HELPER_WORDS_MAX 16	/* of a command, what is added included */

struct helper;

struct helper_events {
	/* without its end; borrowed */
	void (*line)(void *arg, struct span line);
	/* Once for each that was started. well: it ended by itself, with 0. */
	void (*ended)(void *arg, bool well);
	void *arg;
};

struct helper *helper_new(struct event_base *base,
    const struct helper_events *events);
/* One that runs is killed, and nothing is heard of it. */
void helper_free(struct helper **helper);
bool helper_runs(const struct helper *helper);
/* Start command, words with blanks between them, with more words added (NULL:
 * the end of them). None may be running. */
int helper_start(struct helper *helper, const char *command,
    const char *const *more, struct err *err) MW_MUST_CHECK;

#endif
