/*
 * map_conn - the socketmap that lanes ask: gate.DEST before each connection,
 * outcome.DEST after each delivery (socketmap_table(5)).
 *
 * All answers come from memory; only a full upstream makes a question wait,
 * in line for a slot or for its turn, and that holds up its own smtp(8)
 * process alone.
 *
 * This header is for its three parts: map_conn.c has the connection and the
 * story that it tells, map_gate.c the questions before a connection,
 * map_outcome.c what is made of the reports.
 */
#ifndef POLICY_MAP_CONN_H
#define POLICY_MAP_CONN_H

#include "core/decide.h"
#include "core/story.h"
#include "policy/conn.h"
#include "wire/socketmap.h"

struct refusal {
	char who[PLAN_NAME_MAX + 1];	/* upstream, or the destination that an
					 * operator holds; "": none in this
					 * delivery */
	enum decide_reason reason;
	int64_t next_try_ms;		/* fleet time; 0 unknown */
	char incident[INCIDENT_MAX + 1];
};

struct map_conn {
	struct conn conn;
	struct story story;
	struct fleet_upstream *at;	/* the story's upstream; NULL: none yet */
	uint32_t row;			/* of its slot in the ledger */
	bool heard;			/* it has asked or reported */
	struct event *timer;		/* when the story wants a look */
	struct refusal refusal;		/* the first of this delivery */
	bool delivering;		/* from the first gate to an outcome */
	uint64_t lookup_failed;		/* the last such report ... */
	int64_t lookup_failed_ms;	/* ... and when it came */
	uint32_t went;			/* bit i: through route i */
	/* The question that waits in line. */
	struct line_waiter waiter;
	char destination[PLAN_NAME_MAX + 1];	/* the last question's */
	struct fleet_upstream *asked;
	uint32_t draw;
	enum decide_reason wait_reason;
};

/* May mail of this destination, the lane's, go to this next hop? */
enum conn_next map_gate(struct map_conn *m, uint32_t lane, struct span nexthop);
/* A delivery of this lane ended so, or was put off. */
enum conn_next map_outcome(struct map_conn *m, uint32_t lane,
    struct span status);

enum conn_next map_answer(struct map_conn *m, enum socketmap_answer kind,
    const char *text);
void map_count(struct map_conn *m, uint32_t destination,
    enum dest_counter counter);
/* Act on what the story has learnt of m->at. */
void map_learn(struct map_conn *m, const struct story_news *news,
    const char *rule, struct span text, int64_t now_ms);
/* The story has changed: when is the next look at it? */
void map_set_timer(struct map_conn *m, int64_t now_ms);
/* The attempt before a question is over, whoever it was with. */
void map_end_last(struct map_conn *m, int64_t now_ms);
/* The place of an upstream, -1 for none, in a destination's routes, or -1. */
int map_place_of(const struct destination *d, int upstream);

#endif
