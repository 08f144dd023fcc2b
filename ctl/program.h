/*
 * program - runs one of Postfix's programs and hears what it says.
 */
#ifndef CTL_PROGRAM_H
#define CTL_PROGRAM_H

#include "base/buf.h"
#include "base/err.h"

/* Run words (the last one NULL) with input on its standard input, and append
 * its standard output to out. -1 where it cannot be run or does not end with
 * 0, with the last that it said of errors. */
int program_run(const char *const *words, struct span input, struct buf *out,
    struct err *err) MW_MUST_CHECK;
/* As program_run, of a command of words with blanks between them, and more
 * words behind it. What it says of errors is in out as well. */
int program_command(const char *command, const char *const *more,
    struct span input, struct buf *out, struct err *err) MW_MUST_CHECK;
/* All that a descriptor gives; closes it. */
int program_read(int fd, struct buf *out, struct err *err) MW_MUST_CHECK;

#endif
