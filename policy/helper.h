/*
 * helper - another program, run for the event loop: one at a time, what it
 * says a line at a time, and no longer than its deadline.
 *
 * The loop never waits for it. It gets no descriptor of ours but its own
 * output, where its errors go too. What it started itself ends with it where
 * it has to be killed.
 */
#ifndef POLICY_HELPER_H
#define POLICY_HELPER_H

#include "base/err.h"
#include "base/span.h"

#include <event2/event.h>
#include <stdbool.h>

#define HELPER_LINE_MAX 65536	/* bytes; what is longer is passed over */
#define HELPER_WORDS_MAX 16	/* of a command, what is added included */

struct helper;

struct helper_options {
	int deadline_s;		/* it is killed then */
	/* without its end; borrowed */
	void (*line)(void *arg, struct span line);
	/* Once for each that was started. well: it ended by itself, with 0. */
	void (*ended)(void *arg, bool well);
	void *arg;
};

struct helper *helper_new(struct event_base *base,
    const struct helper_options *options);
/* One that runs is killed, and nothing is heard of it. */
void helper_free(struct helper **helper);
bool helper_runs(const struct helper *helper);
struct helper_job {
	const char *command;		/* words with blanks between them */
	const char *const *more;	/* words to be added, up to NULL */
	const char *const *environment;	/* up to NULL; NULL: ours */
};
/* Start it. None may be running. */
int helper_start(struct helper *helper, const struct helper_job *job,
    struct err *err) MW_MUST_CHECK;

#endif
