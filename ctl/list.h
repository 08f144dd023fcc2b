/*
 * list - what stands in a Postfix parameter that holds several things, with
 * commas or blanks between them.
 *
 * A word in braces is one word. In a list of restrictions, what a restriction
 * is asked about ("check_policy_service unix:x") belongs to it.
 */
#ifndef CTL_LIST_H
#define CTL_LIST_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct list {
	struct span *at;	/* into the text that it was made from */
	uint32_t n;
};

struct list list_words(struct span text);
struct list list_restrictions(struct span text);
void list_free(struct list *l);
/*
 * The same value without a blank, which postconf -P does not take: a comma
 * does as well between words. False, and nothing in out, where a word in
 * braces has braces within, for what stands there may need its blanks.
 */
bool list_blankless(struct span value, struct buf *out);

/*
 * "{ unix:x, timeout=2s }", or just "unix:x": a server, and what is said of
 * it (at NULL where nothing is).
 */
struct span server_name(struct span word);
struct span server_option(struct span word, const char *option);

/* "2s", "1m" or a bare number, in seconds; -1 for what is none. */
int64_t postfix_seconds(struct span text);

#endif
