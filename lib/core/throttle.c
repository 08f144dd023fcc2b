#include "core/throttle.h"

#include <assert.h>

/* The longest wait before a refused step is tried again: so many doublings, one
 * less where there are some connections: one that is refused is a large part of
 * few. */
#define DOUBLINGS_MAX 4
#define SOME 4

/*
 * What is in use is known from reports that may be a second old: where load
 * has just begun they say too little. So one cut leaves a quarter at least.
 */
#define LEAST_PART 4
/* A step up is never larger than this part of what is configured. */
#define STEP_PART 4

/* Hosts read the fleet's clock over a network: so far ahead is no surprise,
 * further is a clock that was set back since. */
#define CLOCK_SLACK_MS 10000

static uint32_t
larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t
smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* A time that cannot be is none. */
static int64_t
believed(int64_t then_ms, int64_t now_ms)
{
	return then_ms - CLOCK_SLACK_MS <= now_ms ? then_ms : 0;
}

static uint32_t
lowest(const struct throttle_rules *rules, uint32_t configured)
{
	return smaller(rules->floor, configured);
}

/*
 * Did this attempt begin under the present cap? Hosts learn of a cut, and
 * connections under the old cap end, while some attempts are still made: those
 * of the first half of every_ms must not cut again.
 */
static bool
is_of_this_cap(const struct throttle_rules *rules, const struct throttle *t,
    int64_t began_ms)
{
	return began_ms - rules->every_ms / 2 > t->cut_ms;
}

/* Is the cap one step above one that had held? */
static bool
is_fresh_step(const struct throttle_rules *rules, const struct throttle *t,
    int64_t slow_ms)
{
	return t->raised_ms > t->cut_ms && slow_ms >= t->raised_ms &&
	    slow_ms - t->raised_ms <= rules->every_ms;
}

static struct throttle
taken_back(const struct throttle_rules *rules, struct throttle t,
    uint32_t configured, int64_t now_ms)
{
	const uint32_t cap = throttle_connections(&t, configured);
	const uint32_t step = t.step > 0 ? t.step : rules->raise;

	t.cap = larger(lowest(rules, configured), cap - smaller(step, cap));
	t.step = larger(1, step / 2);
	t.refused = smaller(t.refused + 1,
	    t.cap < SOME ? DOUBLINGS_MAX : DOUBLINGS_MAX - 1);
	t.cut_ms = now_ms;
	return t;
}

/*
 * A part of what is in use, as TCP does it (RFC 5681, 3.1): of a cap that is
 * twice what the upstream takes, seven tenths refuse as much as all of it.
 */
static struct throttle
cut(const struct throttle_rules *rules, struct throttle t, uint32_t configured,
    uint32_t in_use, int64_t now_ms)
{
	const uint32_t cap = throttle_connections(&t, configured);
	const uint32_t left = (uint32_t)(
	    (uint64_t)smaller(cap, in_use) * rules->cut / 1000);

	t.cap = larger(lowest(rules, configured),
	    larger(left, cap / LEAST_PART));
	t.refused = t.step = 0;
	t.cut_ms = now_ms;
	return t;
}

/* held: the step before this one was not refused. */
static uint32_t
next_step(const struct throttle_rules *rules, const struct throttle *t,
    uint32_t configured, bool held)
{
	const uint32_t most = larger(rules->raise, configured / STEP_PART);

	if (t->step == 0)
		return rules->raise;
	return held && t->step <= most / 2 ? 2 * t->step :
	    smaller(held ? most : t->step, most);
}

static struct throttle
raised(const struct throttle_rules *rules, struct throttle t,
    uint32_t configured, int64_t now_ms)
{
	const uint32_t cap = throttle_connections(&t, configured);
	const bool held = t.raised_ms > t.cut_ms;

	if (held)
		t.refused = 0;
	t.step = smaller(next_step(rules, &t, configured, held),
	    configured - cap);
	t.cap = cap + t.step < configured ? cap + t.step : 0;
	t.raised_ms = now_ms;
	return t;
}

static bool
may_cut(const struct throttle_rules *rules, const struct throttle *t,
    uint32_t configured, const struct throttle_seen *seen, int64_t now_ms)
{
	return throttle_connections(t, configured) >
	    lowest(rules, configured) &&
	    is_of_this_cap(rules, t, seen->slow_began_ms) &&
	    now_ms - t->cut_ms >= rules->every_ms;
}

/* A cap that is not in use proves nothing, however long it is there. */
static bool
may_raise(const struct throttle_rules *rules, const struct throttle *t,
    uint32_t configured, const struct throttle_seen *seen, int64_t now_ms)
{
	const uint32_t cap = throttle_connections(t, configured);
	const int64_t told_ms = believed(seen->slow_told_ms, now_ms);

	return cap < configured && seen->fine && seen->in_use >= cap &&
	    now_ms - told_ms >= rules->every_ms &&
	    now_ms - t->raised_ms >= rules->every_ms &&
	    now_ms - t->cut_ms >= rules->every_ms << t->refused;
}

uint32_t
throttle_connections(const struct throttle *t, uint32_t configured)
{
	return t->cap > 0 ? smaller(t->cap, configured) : configured;
}

struct throttle
throttle_step(const struct throttle_rules *rules, struct throttle t,
    uint32_t configured, const struct throttle_seen *seen, int64_t now_ms)
{
	assert(throttle_sane(&t));
	assert(configured > 0 && now_ms >= 0);

	t.cut_ms = believed(t.cut_ms, now_ms);
	t.raised_ms = believed(t.raised_ms, now_ms);
	/* A reload may have moved the floor. */
	if (t.cap > 0)
		t.cap = larger(t.cap, lowest(rules, configured));
	if (may_cut(rules, &t, configured, seen, now_ms))
		t = is_fresh_step(rules, &t, seen->slow_began_ms) ?
		    taken_back(rules, t, configured, now_ms) :
		    cut(rules, t, configured, seen->in_use, now_ms);
	else if (may_raise(rules, &t, configured, seen, now_ms))
		t = raised(rules, t, configured, now_ms);

	assert(throttle_sane(&t));
	return t;
}

bool
throttle_is_spent(const struct throttle_rules *rules, const struct throttle *t,
    uint32_t configured, int64_t began_ms)
{
	return throttle_connections(t, configured) <=
	    lowest(rules, configured) && is_of_this_cap(rules, t, began_ms);
}

bool
throttle_same(const struct throttle *a, const struct throttle *b)
{
	return a->cap == b->cap && a->refused == b->refused &&
	    a->step == b->step && a->cut_ms == b->cut_ms && a->raised_ms == b->raised_ms;
}

bool
throttle_sane(const struct throttle *t)
{
	return t->refused <= DOUBLINGS_MAX && t->cut_ms >= 0 &&
	    t->raised_ms >= 0;
}
