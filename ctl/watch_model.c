#include "ctl/watch_model.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define KEPT 12			/* readings, one a second */

struct counts {
	int64_t at_ms;
	uint64_t (*outcomes)[OUTCOME_CLASSES];	/* by upstream */
	uint64_t (*counters)[DEST_COUNTERS];	/* by destination */
};

struct watch_past {
	const struct plan *plan;
	uint32_t n;		/* readings ever kept */
	struct counts kept[KEPT];	/* a ring */
};

static const char *const sort_names[] = {
	[WATCH_BY_TROUBLE] = "trouble",
	[WATCH_BY_NAME] = "name",
	[WATCH_BY_USE] = "use",
	[WATCH_BY_RATE] = "rate",
};

/* The oldest that is not too old; where all are, the newest: rates go on over
 * a time without readings. */
static const struct counts *
base(const struct watch_past *past, int64_t now_ms)
{
	const struct counts *found = NULL;

	for (uint32_t i = 1; i <= KEPT && i <= past->n; i++) {
		const struct counts *c = &past->kept[(past->n - i) % KEPT];

		if (c->at_ms >= now_ms)
			continue;
		if (found != NULL && c->at_ms < now_ms - WATCH_SPAN_MS)
			break;
		found = c;
	}
	return found;
}

/* Counters that shrank are those of a store that was emptied. */
static uint32_t
tenths(uint64_t from, uint64_t to, int64_t ms)
{
	uint64_t grown;

	if (to <= from || ms <= 0)
		return 0;
	grown = (to - from) * 10000 / (uint64_t)ms;
	return grown > UINT32_MAX ? UINT32_MAX : (uint32_t)grown;
}

uint32_t
watch_rate(const struct watch_past *past, const struct status *now,
    bool destination, uint32_t index, int k)
{
	const struct counts *then = base(past, now->now_ms);

	if (then == NULL)
		return 0;
	return destination ?
	    tenths(then->counters[index][k],
	        now->destinations[index].counters[k],
	        now->now_ms - then->at_ms) :
	    tenths(then->outcomes[index][k],
	        now->upstreams[index].totals[k],
	        now->now_ms - then->at_ms);
}

static enum health_grade
grade_of(enum breaker_state state)
{
	return state == BREAKER_OPEN ? HEALTH_WRONG : HEALTH_PARTLY;
}

static struct watch_row
upstream_row(const struct watch_past *past, const struct status *s,
    uint32_t index)
{
	const struct upstream_status *u = &s->upstreams[index];
	const enum breaker_state state = view_state(&u->view, s->now_ms);
	const bool full = u->waiting > 0 && u->in_use >= u->cap;
	struct watch_row row = {
		.index = index, .name = u->upstream->name,
		.fine = state == BREAKER_CLOSED && !full && u->n_alone == 0,
		.grade = grade_of(state),
		.state = breaker_state_name(state),
		.in_use = u->in_use, .cap = u->cap,
		.u.up = { .waiting = u->waiting,
		    .allowance = view_allowance(&u->view, s->now_ms),
		    .next_ms = status_override(s, &u->view.override) != NULL ?
		    u->view.override.until_ms - s->now_ms :
		    status_next_step(s, u) },
	};

	for (int k = 0; k < OUTCOME_CLASSES; k++) {
		const struct outcome_weight w =
		    outcome_weight((enum outcome_class)k);
		const uint32_t rate = watch_rate(past, s, false, index, k);

		row.rate += rate;
		row.u.up.good += w.good > 0 ? rate : 0;
		row.u.up.bad += w.bad > 0 ? rate : 0;
	}
	return row;
}

static struct watch_row
destination_row(const struct watch_past *past, const struct status *s,
    uint32_t index)
{
	const struct destination_status *d = &s->destinations[index];
	const bool full = d->destination->cap > 0 &&
	    d->leases >= d->destination->cap;
	uint32_t rate[DEST_COUNTERS];

	for (int k = 0; k < DEST_COUNTERS; k++)
		rate[k] = watch_rate(past, s, true, index, k);
	return (struct watch_row){
		.destination = true, .index = index,
		.name = d->destination->name,
		.fine = !d->on_hold && !full && d->backlog.expiring == 0,
		.grade = d->on_hold || d->backlog.expiring > 0 ?
		    HEALTH_WRONG : HEALTH_PARTLY,
		.state = d->on_hold ? "hold" : d->backlog.expiring > 0 ?
		    "expiring" : full ? "cap" : "ok",
		.in_use = d->leases, .cap = d->destination->cap,
		.rate = rate[DEST_ACCEPTED] + rate[DEST_DEFERRED] +
		    rate[DEST_DELIVERED],
		.u.dest = { .queued = d->backlog.messages,
		    .delivered = rate[DEST_DELIVERED],
		    .rerouted = rate[DEST_REROUTED],
		    .at_cap = rate[DEST_DEFERRED_CAP],
		    .on_hold = rate[DEST_DEFERRED_HOLD],
		    .late = rate[DEST_DEFERRED_LATE],
		    .would = rate[DEST_WOULD_DEFER] +
		        rate[DEST_WOULD_REFUSE] },
	};
}

static int
compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int
by_place(const struct watch_row *a, const struct watch_row *b)
{
	return compare(a->index, b->index);
}

static uint64_t
urgency(const struct watch_row *row)
{
	return row->fine ? HEALTH_GRADES : row->grade;
}

static int
by_trouble(const void *a, const void *b)
{
	const int c = compare(urgency(a), urgency(b));

	return c != 0 ? c : by_place(a, b);
}

static int
by_name(const void *a, const void *b)
{
	const struct watch_row *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Per mille of the cap; without one, of a cap that nobody has. */
static uint64_t
use(const struct watch_row *row)
{
	const uint64_t of = row->cap > 0 ? row->cap : UINT32_MAX;

	return (uint64_t)row->in_use * 1000000000 / of;
}

static int
by_use(const void *a, const void *b)
{
	const int c = compare(use(b), use(a));

	return c != 0 ? c : by_place(a, b);
}

static int
by_rate(const void *a, const void *b)
{
	const struct watch_row *x = a, *y = b;
	const int c = compare(y->rate, x->rate);

	return c != 0 ? c : by_place(a, b);
}

static int (*const orders[])(const void *, const void *) = {
	[WATCH_BY_TROUBLE] = by_trouble,
	[WATCH_BY_NAME] = by_name,
	[WATCH_BY_USE] = by_use,
	[WATCH_BY_RATE] = by_rate,
};

static bool
is_wanted(const struct watch_row *row, const char *filter)
{
	return strcasestr(row->name, filter) != NULL ||
	    strcasestr(row->state, filter) != NULL;
}

struct watch_past *
watch_past_new(const struct plan *p)
{
	struct watch_past *past = mem_new(1, sizeof(*past));

	past->plan = p;
	for (int i = 0; i < KEPT; i++) {
		struct counts *c = &past->kept[i];

		c->outcomes = mem_new(p->n_upstreams, sizeof(*c->outcomes));
		c->counters = mem_new(p->n_destinations,
		    sizeof(*c->counters));
	}
	return past;
}

void
watch_past_free(struct watch_past **past)
{
	if (*past == NULL)
		return;
	for (int i = 0; i < KEPT; i++) {
		mem_free((*past)->kept[i].outcomes);
		mem_free((*past)->kept[i].counters);
	}
	mem_free(*past);
	*past = NULL;
}

void
watch_past_keep(struct watch_past *past, const struct status *s)
{
	struct counts *c = &past->kept[past->n++ % KEPT];

	c->at_ms = s->now_ms;
	for (uint32_t i = 0; i < past->plan->n_upstreams; i++)
		memcpy(c->outcomes[i], s->upstreams[i].totals,
		    sizeof(c->outcomes[i]));
	for (uint32_t i = 0; i < past->plan->n_destinations; i++)
		memcpy(c->counters[i], s->destinations[i].counters,
		    sizeof(c->counters[i]));
}

const char *
watch_sort_name(enum watch_sort sort)
{
	return sort_names[sort];
}

uint32_t
watch_rows_max(const struct plan *p)
{
	return p->n_upstreams + p->n_destinations;
}

uint32_t
watch_rows(const struct watch_past *past, const struct status *now,
    enum watch_sort sort, const char *filter, struct watch_row *out)
{
	uint32_t n = 0, ups;

	for (uint32_t i = 0; i < now->plan->n_upstreams; i++) {
		out[n] = upstream_row(past, now, i);
		n += is_wanted(&out[n], filter);
	}
	ups = n;
	for (uint32_t i = 0; i < now->plan->n_destinations; i++) {
		out[n] = destination_row(past, now, i);
		n += is_wanted(&out[n], filter);
	}
	if (n > 0) {
		qsort(out, ups, sizeof(*out), orders[sort]);
		qsort(out + ups, n - ups, sizeof(*out), orders[sort]);
	}
	return n;
}
