/*
 * watch_model - what watch shows, as values: a row for each upstream and each
 * destination, with rates from two readings. It knows no screen, no clock and
 * no Redis.
 */
#ifndef CTL_WATCH_MODEL_H
#define CTL_WATCH_MODEL_H

#include "observe/health.h"
#include "observe/status.h"

#define WATCH_FILTER_MAX PLAN_NAME_MAX
#define WATCH_SPAN_MS 10000	/* rates are of that time, about */

/* Counters as they stood in an earlier reading. */
struct watch_past;

struct watch_past *watch_past_new(const struct plan *p);
void watch_past_free(struct watch_past **past);
/* Keep what this reading counted; what is older than needed is forgotten. */
void watch_past_keep(struct watch_past *past, const struct status *s);

enum watch_sort { WATCH_BY_TROUBLE = 0, WATCH_BY_NAME, WATCH_BY_USE,
	WATCH_BY_RATE };
#define WATCH_SORTS 4
/* "trouble", "name", "use", "rate". */
const char *watch_sort_name(enum watch_sort sort);

/* Rates are tenths a second; all are 0 before there are two readings. */
struct watch_row {
	bool destination;
	uint32_t index;		/* of the plan */
	const char *name;
	bool fine;		/* nothing of what follows is amiss: */
	enum health_grade grade;
	const char *state;
	uint32_t in_use, cap;	/* cap 0: none */
	uint32_t rate;		/* of all that its counters say is mail */
	union {
		struct {
			uint32_t allowance, waiting;
			int64_t next_ms;	/* -1: nothing is planned */
			uint32_t good, bad;
		} up;
		struct {
			uint32_t queued;
			uint32_t delivered, rerouted;
			uint32_t at_cap, on_hold, late;	/* deferred, by reason */
			uint32_t would;	/* deferred or refused, in observe mode */
		} dest;
	} u;
};

/* The rate of one counter: of class k of an upstream, or of counter k of a
 * destination. */
uint32_t watch_rate(const struct watch_past *past, const struct status *now,
    bool destination, uint32_t index, int k);

/*
 * The rows whose name or state holds filter (in any case; "": all): upstreams
 * first, then destinations, each sorted. out: yours, watch_rows_max() rows;
 * returns how many there are.
 */
uint32_t watch_rows_max(const struct plan *p);
uint32_t watch_rows(const struct watch_past *past, const struct status *now,
    enum watch_sort sort, const char *filter, struct watch_row *out);

#endif
