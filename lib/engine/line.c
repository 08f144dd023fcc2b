#include "engine/line.h"

#include "base/bucket.h"
#include "base/mem.h"

#include <assert.h>
#include <stddef.h>

struct line {
	uint32_t granted, in_use, waiting;
	int64_t granted_ms;		/* when that was asked for */
	uint32_t limit;
	uint32_t resting;		/* of those in use */
	int64_t rested_ms;		/* when these are free again */
	int64_t fell_ms;		/* when the cap was lowered last */
	uint32_t old;			/* beside those in use */
	int64_t turned_ms;		/* these began by then */
	int64_t rate;
	struct bucket tokens;
	int64_t wish_until_ms;
	struct line_waiter head;	/* of a ring: next is first in line */
};

static void
take_out(struct line_waiter *w)
{
	w->prev->next = w->next;
	w->next->prev = w->prev;
	w->in->waiting--;
	w->next = w->prev = NULL;
	w->in = NULL;
}

static uint32_t
above(uint32_t most, uint32_t in_use)
{
	return most > in_use ? most - in_use : 0;
}

static uint32_t
smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t
free_slots(const struct line *line)
{
	return above(smaller(line->granted, line->limit), line->in_use);
}

/* Has the grant ended? */
static bool
is_over(const struct line *line, int64_t now_ms)
{
	return now_ms - line->granted_ms >= LINE_GRANT_MS;
}

/* Did this attempt begin before the last turn? */
static bool
is_old(const struct line *line, int64_t began_ms)
{
	return began_ms <= line->turned_ms;
}

/*
 * A slot, and a token where there is a rate. None in the millisecond of a
 * turn: nobody could tell afterwards on which side of it that one began.
 */
static bool
take(struct line *line, int64_t now_ms)
{
	if (free_slots(line) == 0 || is_old(line, now_ms) ||
	    is_over(line, now_ms))
		return false;
	if (line->rate > 0 &&
	    !bucket_take(&line->tokens, line->rate, now_ms))
		return false;
	line->in_use++;
	return true;
}

/* All at once, the first of them after its time: none rests for longer. */
static void
end_rest(struct line *line, int64_t now_ms)
{
	if (line->resting == 0 || now_ms < line->rested_ms)
		return;
	line->in_use -= line->resting;
	line->resting = 0;
	line_serve(line, now_ms);
}

struct line *
line_new(void)
{
	struct line *line = mem_new(1, sizeof(*line));

	line->limit = UINT32_MAX;
	line->head.next = line->head.prev = &line->head;
	line->turned_ms = line->fell_ms = INT64_MIN;
	return line;
}

void
line_free(struct line **line)
{
	if (*line == NULL)
		return;
	assert((*line)->waiting == 0);
	mem_free(*line);
	*line = NULL;
}

void
line_set_rate(struct line *line, int64_t rate)
{
	line->rate = rate;
}

void
line_set_limit(struct line *line, uint32_t limit)
{
	line->limit = limit;
}

bool
line_take(struct line *line, int64_t now_ms)
{
	if (line->waiting > 0 || !take(line, now_ms))
		return false;
	line->wish_until_ms = 0;
	return true;
}

void
line_force(struct line *line, int64_t now_ms)
{
	if (is_old(line, now_ms))
		line->old++;
	else
		line->in_use++;
}

void
line_wait(struct line *line, struct line_waiter *w, int64_t deadline_ms)
{
	assert(w->in == NULL && w->done != NULL);
	w->in = line;
	w->deadline_ms = deadline_ms;
	w->prev = line->head.prev;
	w->next = &line->head;
	w->prev->next = w;
	w->next->prev = w;
	line->waiting++;
}

void
line_leave(struct line_waiter *w)
{
	if (w->in != NULL)
		take_out(w);
}

void
line_give(struct line *line, int64_t began_ms, int64_t now_ms)
{
	if (is_old(line, began_ms)) {
		assert(line->old > 0);
		line->old--;
		return;
	}
	assert(line->in_use > line->resting);
	line->in_use--;
	line_serve(line, now_ms);
}

void
line_rest(struct line *line, int64_t began_ms, int64_t now_ms)
{
	if (is_old(line, began_ms)) {
		line_give(line, began_ms, now_ms);
		return;
	}
	assert(line->in_use > line->resting);
	if (began_ms <= line->fell_ms) {
		line->in_use--;
		line_void(line);
	} else if (line->resting++ == 0)
		line->rested_ms = now_ms + LINE_REST_MS;
}

void
line_wish(struct line *line, int64_t now_ms)
{
	line->wish_until_ms = now_ms + LINE_WISH_MS;
}

void
line_grant(struct line *line, uint32_t granted, int64_t asked_ms)
{
	line->granted = granted;
	line->granted_ms = asked_ms;
}

void
line_void(struct line *line)
{
	if (line->granted > line->in_use)
		line->granted = line->in_use;
}

/* It fell by what was refused: were these counted as in use as well, so many
 * of those that are well would not be followed by another. */
void
line_fall(struct line *line, int64_t now_ms)
{
	line->in_use -= line->resting;
	line->resting = 0;
	line->fell_ms = now_ms;
	line_void(line);
}

/* Those that rest are connections no more. */
void
line_turn(struct line *line, int64_t now_ms)
{
	line->old += line->in_use - line->resting;
	line->granted = line->in_use = line->resting = 0;
	line->turned_ms = now_ms;
}

/*
 * Only those who wait now are served: done() may put the same waiter in line
 * again, and must not be served twice in one go.
 */
void
line_serve(struct line *line, int64_t now_ms)
{
	for (uint32_t n = line->waiting; n > 0; n--) {
		struct line_waiter *first = line->head.next;

		if (first == &line->head || !take(line, now_ms))
			return;
		take_out(first);
		first->done(first, true, now_ms);
	}
}

void
line_expire(struct line *line, int64_t now_ms)
{
	struct line_waiter *w;

	end_rest(line, now_ms);
	w = line->head.next;
	/*
	 * Deadlines are not in order (gate.spill is shorter than gate.wait), so
	 * all are looked at. Start over after each answer: done() may change
	 * the line.
	 */
	while (w != &line->head) {
		if (w->deadline_ms > now_ms) {
			w = w->next;
			continue;
		}
		take_out(w);
		w->done(w, false, now_ms);
		w = line->head.next;
	}
}

struct line_state
line_state(const struct line *line, int64_t now_ms)
{
	const bool wish = line->waiting == 0 && line->wish_until_ms > now_ms;

	return (struct line_state){
		.granted = is_over(line, now_ms) ? 0 : line->granted,
		.in_use = line->in_use,
		.granted_ms = line->granted_ms,
		.old = line->old,
		.waiting = smaller(wish ? 1 : line->waiting,
		    above(line->limit, line->in_use)),
		.free = free_slots(line),
	};
}

bool
line_is_short(const struct line *line, int64_t now_ms)
{
	const struct line_state s = line_state(line, now_ms);

	return s.waiting > 0 && s.in_use >= s.granted;
}
