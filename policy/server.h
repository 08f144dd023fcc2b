/*
 * server - the policy daemon's event loop: what all its connections share.
 *
 * One thread that never waits. It ends by itself when its parent is gone.
 */
#ifndef POLICY_SERVER_H
#define POLICY_SERVER_H

#include "config/config.h"
#include "core/shares.h"
#include "engine/fleet.h"
#include "engine/intake.h"
#include "engine/tally.h"
#include "policy/companion.h"
#include "policy/pulse.h"

#include <event2/event.h>

struct backlogs;
struct conn;
struct desk;
struct feed;
struct ledger;
struct notify;
struct prober;
struct resolver;

/* Open connections of one sort, the newest first. */
struct conn_set {
	struct conn *first;
	uint32_t n;
};

struct server {
	struct event_base *base;
	const struct config *config;
	struct store_port port;
	struct fleet *fleet;
	uint32_t hosts;		/* live ones in the fleet; 0: not known */
	struct intake *intake;
	struct companion milter;
	struct tally *tally;
	struct prober *prober;
	struct ledger *ledger;
	struct resolver *resolver;
	struct event *mx_timer;	/* on while requests wait for DNS: */
	uint32_t n_mx_waits;
	struct backlogs *backlogs;
	struct feed *feed;
	struct shares *shares;	/* by the plan's destination index */
	struct pulse pulse;	/* how late the loop's tick comes */
	struct desk *desk;
	struct notify *notify;
	struct conn_set postfix, watchers;	/* who asks on the sockets */
};

struct server_start {
	const char *config_path;
	struct config *config;	/* the server's from now on */
	int policy_fd, map_fd, status_fd;	/* listening; -1: off */
	struct ledger *ledger;	/* shared with the parent; borrowed */
	int alive_fd;		/* a byte every SERVER_ALIVE_MS goes here */
};
#define SERVER_ALIVE_MS 250

/* Run until SIGTERM or SIGINT; returns the process's exit status. */
int server_run(const struct server_start *start);

/* What connections ask of it. */
static inline const struct plan *
server_plan(const struct server *s)
{
	return &s->config->plan;
}
/* All that decisions are made on; good until the next reload. */
struct snapshot server_snapshot(const struct server *s);
/* Now, on the fleet's clock. */
int64_t server_fleet_ms(const struct server *s);

#endif
