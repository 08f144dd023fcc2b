/*
 * follow - a process that follows the mail log, so that no disk is ever on a
 * path that Postfix waits for: a file has no read that does not block.
 *
 * What it finds it says in a pipe, a message a line: one of enum follow_said,
 * then text. It never waits for whoever reads there; what does not fit is
 * dropped and counted. It ends with the process that started it.
 */
#ifndef POLICY_FOLLOW_H
#define POLICY_FOLLOW_H

#include "base/err.h"
#include "wire/maillog.h"

#include <sys/types.h>

enum follow_said {
	FOLLOW_LINE = 'l',	/* of an attempt from which smtp(8) may go on */
	FOLLOW_FINE = 'f',	/* the file is being read, after all */
	FOLLOW_TROUBLE = 't',	/* it cannot be: why */
	FOLLOW_DROPPED = 'd',	/* how many lines were */
};
#define FOLLOW_MESSAGE_MAX (MAILLOG_LINE_MAX + 2)	/* newline included */

/* Returns its pid and the pipe's other end, which does not block, or -1. */
pid_t follow_start(const char *path, int *out_fd, struct err *err)
    MW_MUST_CHECK;

#endif
