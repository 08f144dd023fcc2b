/*
 * tail - follows a log file, a line at a time, as it is written, rotated and
 * cut.
 *
 * It begins at the end of the file: what was there before is history. A file
 * that comes into being later, or takes the place of the one followed, is read
 * from its start. The old one is read until the new one has something in it:
 * whoever writes is slower to change over than whoever renames. A file that
 * is cut (copytruncate) is read from its start again.
 *
 * Reading may block as files do; it is not for an event loop.
 */
#ifndef BASE_TAIL_H
#define BASE_TAIL_H

#include "base/err.h"
#include "base/span.h"

#define TAIL_LINE_MAX 4096	/* bytes; the rest of a longer line is left out */

enum tail_found {
	TAIL_LINE,		/* a whole one */
	TAIL_END,		/* all was read; ask again after a while */
	TAIL_TROUBLE,		/* it cannot be read; ask again after a while */
};

struct tail;

/* path is copied; nothing is opened yet. */
struct tail *tail_new(const char *path);
void tail_free(struct tail **t);
/* *out_line: without its newline, valid until the next call. *err: of a
 * trouble. */
enum tail_found tail_read(struct tail *t, struct span *out_line,
    struct err *err);

#endif
