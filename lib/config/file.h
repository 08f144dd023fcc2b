/*
 * file - a whole file of the administrator's, read to a limit.
 */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include "base/buf.h"
#include "base/err.h"

/* Everything in path, a regular file of at most out's maximum, into the empty
 * out. Returns 0, or -1 with err. */
int file_read(const char *path, struct buf *out, struct err *err) MW_MUST_CHECK;
/*
 * As file_read, for a password: never through a symbolic link, and refused
 * where every user of the machine may read or write it.
 */
int file_read_secret(const char *path, struct buf *out, struct err *err)
    MW_MUST_CHECK;

#endif
