/*
 * ledger - which smtp(8) processes hold a slot of which upstream, and what a
 * loop has to know of the fleet, kept where the end of a loop leaves it.
 *
 * A process goes on with its connection when the loop that granted it dies,
 * so the next loop has to count it, until that process says something again or
 * is gone. What was granted goes over to the next loop, too, with what is on
 * hold, and how many hosts share rates and caps: while the store is away there
 * is nothing else to go by. The ledger is memory that parent and loop share;
 * in a service manager's runtime directory, which is memory as well, it
 * outlives the parent.
 *
 * Slots are void after the time that a grant lasts: by then the fleet has given
 * them to others.
 */
#ifndef POLICY_LEDGER_H
#define POLICY_LEDGER_H

#include "policy/server.h"

#define LEDGER_ROWS 4096	/* as many as connections: CONN_MAX */
#define LEDGER_NO_ROW UINT32_MAX
/* From a process' first word, which tells how it fared, to the end of its
 * connection. */
#define LEDGER_PARTING_MS 100

struct ledger;

/* In folder, or where that is NULL or fails in memory of this process and its
 * children. NULL: there is no memory. */
struct ledger *ledger_open(const char *folder);
void ledger_free(struct ledger **l);

/* A process holds a slot from now on; LEDGER_NO_ROW: there is no room, or the
 * process is not known (0). */
uint32_t ledger_note(struct ledger *l, int64_t pid, const char *upstream);
/* ... and has none any more; fine for LEDGER_NO_ROW. */
void ledger_strike(struct ledger *l, uint32_t row);

/* A loop begins: its lines go on where those of the last one ended, and what
 * was on hold is. */
void ledger_inherit(struct ledger *l, const struct server *server,
    int64_t now_ms);
/* How many hosts there were, as the last loop knew; 0: it did not. */
uint32_t ledger_hosts(const struct ledger *l);
/* A process has asked or reported. */
void ledger_heard(struct ledger *l, int64_t pid, int64_t now_ms);
/* This loop ends, and the processes go on: what comes now strikes nothing. */
void ledger_bequeath(struct ledger *l);
/* Time passed: whatever was inherited and is over is given back, and what is
 * known of the fleet now is written down. */
void ledger_tick(struct ledger *l, const struct server *server,
    int64_t now_ms);

#endif
