/*
 * line - one upstream's slots on this host, and those who wait for one.
 *
 * The fleet grants this host a number of slots ahead of need; the line spends
 * them from memory. Where the upstream has a rate, each new connection takes a
 * token as well. Who finds no slot or no token waits in order of arrival until
 * there are both, or until the waiter's deadline. Knows no store, no socket
 * and no clock.
 *
 * At a turn a new life begins: what is in use then is old from there on. It
 * holds no slot of those that are granted later, and leaves none as it ends.
 */
#ifndef ENGINE_LINE_H
#define ENGINE_LINE_H

#include <stdbool.h>
#include <stdint.h>

struct line;

/* Embedded in whoever waits; zeros: not waiting. */
struct line_waiter {
	struct line_waiter *next, *prev;
	struct line *in;
	int64_t deadline_ms;
	/* Called once, no longer in line: with a slot in hand, or without. */
	void (*done)(struct line_waiter *w, bool granted, int64_t now_ms);
};

/* How long a wish for a slot that nobody waits for is remembered. */
#define LINE_WISH_MS 10000
/* How long a refused slot rests. */
#define LINE_REST_MS 1000

struct line *line_new(void);
/* Nobody may be waiting. */
void line_free(struct line **line);

/* New connections here: millionths of one a second (base/bucket), 0 for no
 * limit, as it is at first. */
void line_set_rate(struct line *line, int64_t rate);

/* No more than so many in use, however many are granted; UINT32_MAX, as it is
 * at first: no limit. */
void line_set_limit(struct line *line, uint32_t limit);

/* Take a free slot, if there is one, the rate allows it, and nobody stands in
 * line before. */
bool line_take(struct line *line, int64_t now_ms);
/* Take one in any case, over grant and rate too: where they only observe, and
 * where it was taken before this line began. */
void line_force(struct line *line, int64_t now_ms);
/* Stand in line; w->done comes later, never from within this call. */
void line_wait(struct line *line, struct line_waiter *w, int64_t deadline_ms);
/* Leave the line without an answer; fine when not in it. */
void line_leave(struct line_waiter *w);
/* Give back a slot that was taken at began_ms; the first in line gets it where
 * the grant allows. */
void line_give(struct line *line, int64_t began_ms, int64_t now_ms);
/* Give back one that was refused as one connection too many, as the next in line
 * would only hear the same, or one whose end was not seen. It counts as in use
 * for LINE_REST_MS, or until the cap falls; where that fell since began_ms, the
 * grant is without it. */
void line_rest(struct line *line, int64_t began_ms, int64_t now_ms);
/* Somebody could have used a slot but did not wait: ask the fleet for one. */
void line_wish(struct line *line, int64_t now_ms);

/* The fleet's new grant; line_serve() serves with it. It ends LINE_GRANT_MS
 * after it was asked for, as where the process was stopped: it may be others'
 * by then. */
#define LINE_GRANT_MS 9000	/* less than FLEET_SLOTS_TTL_MS */
void line_grant(struct line *line, uint32_t granted, int64_t asked_ms);
/* The grant is void, or in doubt: keep only what is in use. */
void line_void(struct line *line);
/* The fleet's cap fell, and the grant, given under the old one, is void. */
void line_fall(struct line *line, int64_t now_ms);
/* A turn: all that is in use is old, and nothing is granted. */
void line_turn(struct line *line, int64_t now_ms);
/* Time passed: serve those for whom there is a token now. */
void line_serve(struct line *line, int64_t now_ms);
/* Answer those whose deadline has passed; free the slots that have rested. */
void line_expire(struct line *line, int64_t now_ms);

struct line_state {
	uint32_t granted;	/* 0 when that has ended */
	uint32_t in_use;
	int64_t granted_ms;	/* when that was asked for */
	uint32_t old;		/* in use since before the last turn */
	uint32_t waiting;	/* in line, or 1 for a wish; within the limit */
	uint32_t free;		/* of those granted, within the limit */
};
struct line_state line_state(const struct line *line, int64_t now_ms);
/* Is there demand that the grant does not meet? */
bool line_is_short(const struct line *line, int64_t now_ms);

#endif
