/*
 * desk - what the status listener shows: the papers on it are written from
 * memory when somebody asks, and serve all who ask within the next moment.
 *
 * No question reaches Redis. What is shown and nobody else keeps, the fleet's
 * latest events, is read in the background.
 */
#ifndef POLICY_DESK_H
#define POLICY_DESK_H

#include "policy/roster.h"
#include "policy/server.h"
#include "store/health.h"

struct desk;

struct desk_options {
	struct server *server;
	const struct roster *roster;
	int fd;			/* listening; -1: nobody can ask */
};

struct desk *desk_new(const struct desk_options *options);
/* Nobody can ask any more. */
void desk_close(struct desk *desk);
/* Answers that are still on their way must have arrived or been refused. */
void desk_free(struct desk **desk);
/* Every FLEET_TICK_MS. */
void desk_tick(struct desk *desk, int64_t now_ms);
/* What the papers will say: the link to Redis, and how a reload went. */
void desk_health(struct desk *desk, enum store_trouble trouble,
    const char *text);
void desk_reloaded(struct desk *desk, bool well);

struct desk_paper {
	const char *type;	/* of its content */
	struct span text;	/* good until the next turn of the loop */
};
/* The paper that lies under a path; false: none. */
bool desk_paper(struct desk *desk, struct span path, struct desk_paper *out);

#endif
