/*
 * command - a request as Redis wants to hear it: which script, which keys,
 * which arguments. The one place that knows the names of keys.
 */
#ifndef STORE_COMMAND_H
#define STORE_COMMAND_H

#include "base/buf.h"
#include "store/request.h"

#define STORE_LIST_MAX 1000	/* hosts or events in one answer */

struct command {
	enum store_verb verb;
	/* what is needed to read the answer */
	char host[STORE_HOST_MAX + 1];
	int64_t window_ms;
	uint32_t n;
	/* keys and arguments in the Redis protocol, and how many they are */
	struct buf args;
	unsigned argc;
};

/* -1 with ERR_SYNTAX where names are longer than any configuration allows.
 * Free it either way. */
int command_make(struct command *c, const char *prefix,
    const struct store_request *request, struct err *err) MW_MUST_CHECK;
void command_free(struct command *c);
/* Append what is to be sent: the script by name, or as text for a server
 * that does not know it yet. */
void command_by_name(const struct command *c, struct buf *out);
void command_by_text(const struct command *c, struct buf *out);

/* One argument, as the Redis protocol wants it. */
void command_word(struct buf *out, struct span word);
/* The channel on which changes are told. */
void command_channel(struct buf *out, const char *prefix);

#endif
