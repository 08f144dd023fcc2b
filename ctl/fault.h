/*
 * fault - what can be wrong with Mailweir's place in Postfix: one row each in
 * a table, with why it matters; and those that were found, each with the line
 * that puts it right.
 */
#ifndef CTL_FAULT_H
#define CTL_FAULT_H

#include "base/compiler.h"
#include "config/config.h"
#include "ctl/live.h"

enum fault {
	/* Postfix itself */
	FAULT_POSTFIX_OLD, FAULT_NO_SOCKETMAP, FAULT_NO_TLS,
	/* where mail comes in */
	FAULT_NO_POLICY, FAULT_NO_END_OF_DATA, FAULT_NO_MILTER, FAULT_HIDDEN,
	FAULT_PERMIT_BEFORE, FAULT_POLICY_NOT_LAST, FAULT_UNLISTED,
	FAULT_RELAY_AFTER, FAULT_POLICY_ACTION, FAULT_POLICY_TIMEOUT,
	FAULT_MILTER_ACTION, FAULT_MILTER_TIMEOUT, FAULT_MILTER_PROTOCOL,
	/* lanes */
	FAULT_NO_LANE, FAULT_LANE_PROGRAM, FAULT_LANE_SIZE, FAULT_NO_GATE,
	FAULT_TLS_POLICY, FAULT_NO_OUTCOME, FAULT_LANE_CACHE,
	FAULT_LANE_PATIENCE, FAULT_LANE_LOG, FAULT_LANE_FALLBACK,
	FAULT_CONCURRENCY, FAULT_INITIAL, FAULT_COHORT, FAULT_RECIPIENT_LIMIT,
	FAULT_RATE_DELAY, FAULT_STALE_LANE, FAULT_STALE_LIMIT,
	/* ways */
	FAULT_NO_TABLE, FAULT_NO_FILE, FAULT_TABLE_MISSING, FAULT_TABLE_LANE,
	FAULT_SHADOWED, FAULT_WILDCARD, FAULT_TABLE_UNREAD, FAULT_CATCH_ALL,
	FAULT_RELAY_TRANSPORT, FAULT_RELAYHOST, FAULT_BYPASS,
	FAULT_UNKNOWN_NEXTHOP, FAULT_STALE_ENTRY,
	/* sockets */
	FAULT_NO_SOCKET, FAULT_SOCKET_CLOSED, FAULT_CHROOT,
};

/* Where the line is that puts it right. */
enum place {
	PLACE_NONE,		/* nowhere in this Postfix */
	PLACE_MAIN,		/* where: a parameter */
	PLACE_OPTION,		/* where: NAME/TYPE/PARAMETER, an -o */
	PLACE_FIELD,		/* where: NAME/TYPE/FIELD of master.cf */
	PLACE_SERVICE,		/* where: NAME/TYPE; value: the whole of it */
	PLACE_TABLE,		/* where: a domain in our transport table */
	PLACE_HAND,		/* where: a file or ""; value: line, command */
};
/* out: it is to be taken out, and value is nothing. */
struct change {
	enum place place;
	struct span where, value;
	bool out;
};

struct finding {
	enum fault fault;
	enum place place;
	bool out;
	char *what, *where, *value;
};
struct findings {
	struct finding *list;
	uint32_t n, room;
};

/* What all checks are given. wanted: main.cf, master.cf (a service a line) and
 * the transport table, as they should be. */
struct wired {
	const struct config *config;
	const struct live *live;
	struct lines main, master, entries;
	struct findings *found;
};

/* One more; change is copied, fmt says what is wrong. */
void fault_found(struct findings *f, enum fault fault,
    const struct change *change, const char *fmt, ...) MW_PRINTF(4, 5);
/* The same for a service's -o: "SERVICE: NAME: what". Where its value needs
 * blanks, no command sets it. */
void fault_in_option(struct findings *f, enum fault fault,
    const struct service *s, const char *name, struct span right,
    const char *what);
void findings_free(struct findings *f);
/* The line to change alone, without its file. */
void finding_print_line(const struct finding *f);
/* "NAME: what", why it matters, and the line; of a kind a few in full. */
void findings_print(const struct findings *f, const struct live *live);

void check_build(const struct wired *w);
void check_intake(const struct wired *w);
void check_lanes(const struct wired *w);
void check_ways(const struct wired *w);
void check_sockets(const struct wired *w);

#endif
