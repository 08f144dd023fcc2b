/*
 * notify - notify.command, run for each event that this host tells.
 *
 * It stands between those who tell and the store: what goes to the stream of
 * events is noted on its way, with Redis away too. One runs at a time, at most
 * one a second, no longer than NOTIFY_SECONDS; a few wait, and what comes on top
 * of these is dropped and counted. Nobody waits for it, and its failure is a
 * line in the log.
 */
#ifndef POLICY_NOTIFY_H
#define POLICY_NOTIFY_H

#include "policy/server.h"
#include "store/request.h"

#include <stdint.h>

#define NOTIFY_SECONDS 15
#define NOTIFY_WAITING_MAX 32

struct notify;

/* The events that are sent to its port go on to this one. */
struct notify *notify_new(const struct server *server,
    struct store_port port);
/* One that runs is killed, and those that wait are forgotten. */
void notify_free(struct notify **notify);
struct store_port notify_port(struct notify *notify);
/* Start what may be started; every FLEET_TICK_MS. */
void notify_tick(struct notify *notify, int64_t now_ms);

struct notify_counts {
	uint64_t well, failed, dropped;
};
struct notify_counts notify_counts(const struct notify *notify);

#endif
