/*
 * lines - a Postfix file, or what postconf prints, as Postfix reads it:
 * continued lines joined, blanks folded, comments gone; each line a key and a
 * value. The last one of a key counts.
 */
#ifndef CTL_LINES_H
#define CTL_LINES_H

#include "base/buf.h"
#include "base/err.h"
#include "base/table.h"

#define LINES_MAX (64 << 20)	/* bytes: 100,000 domains fit */

struct lines {
	struct buf text;
	struct span *list;
	uint32_t n, room;
	struct table *keys;
	char sep;
};

/* sep: what ends the key, '=' or ' ' (or a tab). */
struct lines lines_new(struct span raw, char sep);
/* Of a file; of a missing one, none. */
int lines_read(const char *path, char sep, struct lines *out, struct err *err)
    MW_MUST_CHECK;
void lines_free(struct lines *l);

struct span lines_key(const struct lines *l, uint32_t i);
struct span lines_value(const struct lines *l, uint32_t i);
/* The value of a key; at NULL where there is none. */
struct span lines_find(const struct lines *l, struct span key);

#endif
