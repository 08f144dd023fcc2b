#include "core/replay.h"

#include "base/chance.h"
#include "base/mem.h"
#include "base/printable.h"
#include "core/route.h"

#include <assert.h>
#include <stdio.h>

#define LOOK_MS 1000		/* as often as the daemons, where time matters */
#define PAST 32			/* states that are remembered */

/* One upstream's run. */
struct run {
	const struct breaker_rules *rules;
	struct window window;
	uint32_t streak;
	struct breaker past[PAST];	/* a ring of what came before */
	uint32_t n_past;		/* ever */
	int64_t looked_ms;	/* when the breaker was last stepped */
	int64_t seen_ms;	/* when something was last observed */
	int64_t trial_ends_ms;	/* HALF_OPEN: the one trial is over then */
	char rule[OUTCOME_RULE_NAME_MAX + 1];	/* the last bad outcome's */
	char sample[SAMPLE_MAX + 1];
	struct replay_totals totals;
};

struct replay {
	const struct plan *plan;
	replay_change_fn *on_change;
	void *arg;
	int64_t now_ms;
	struct run *runs;		/* by upstream index, and */
	struct upstream_view *views;	/* with them what routes look at */
};

static struct breaker *
breaker_of(struct replay *r, uint32_t upstream)
{
	return &r->views[upstream].record.breaker;
}

static void
tell(const struct replay *r, uint32_t upstream, const struct breaker *next)
{
	const struct run *u = &r->runs[upstream];
	const bool accused = next->state == BREAKER_OPEN ||
	    next->state == BREAKER_SHEDDING;

	r->on_change(r->arg, &(struct replay_change){
		.time_ms = next->since_ms,
		.upstream = upstream,
		.from = r->views[upstream].record.breaker.state,
		.to = next->state,
		.reason = next->reason,
		.allowance = breaker_allowance(next),
		.rule = accused ? u->rule : "",
		.sample = accused ? u->sample : "",
	    });
}

/* Let the breaker see the evidence and the time, as whoever keeps the record
 * does: another state, another evidence. */
static void
step(struct replay *r, uint32_t upstream, int64_t now_ms)
{
	struct run *u = &r->runs[upstream];
	struct breaker *b = breaker_of(r, upstream);
	struct evidence seen = window_evidence(&u->window,
	    u->rules->window_ms, u->rules->min_outcomes, now_ms);
	struct breaker next;

	seen.streak = u->streak;
	next = breaker_step(u->rules, *b, &seen, chance_below(1000), now_ms);
	u->looked_ms = now_ms;
	if (breaker_starts_afresh(b, &next)) {
		window_clear(&u->window);
		u->streak = 0;
	}
	if (next.state != b->state || next.step != b->step) {
		tell(r, upstream, &next);
		u->totals.openings += next.state == BREAKER_OPEN;
		u->past[u->n_past++ % PAST] = *b;
	}
	*b = next;
}

/*
 * When time alone may change the breaker next; INT64_MAX for never. Evidence
 * that has left the window says nothing new, so silence is not walked through
 * second by second.
 */
static int64_t
next_look(const struct run *u, const struct breaker *b)
{
	const int64_t look = u->looked_ms + LOOK_MS;
	const int64_t fresh_until = u->seen_ms + u->rules->window_ms + LOOK_MS;
	int64_t next = INT64_MAX;

	if (b->until_ms > 0)
		next = b->until_ms > u->looked_ms ? b->until_ms : look;
	if (b->state != BREAKER_CLOSED && look <= fresh_until && look < next)
		next = look;
	return next;
}

static void
pass_time(struct replay *r)
{
	for (uint32_t i = 0; i < r->plan->n_upstreams; i++) {
		int64_t look;

		while ((look = next_look(&r->runs[i], breaker_of(r, i))) <=
		    r->now_ms)
			step(r, i, look);
	}
}

/* The state an attempt began under: its gate asked then. */
static const struct breaker *
breaker_at(struct replay *r, uint32_t upstream, int64_t ms)
{
	const struct run *u = &r->runs[upstream];
	const struct breaker *b = breaker_of(r, upstream);

	for (uint32_t i = 1; i <= PAST && i <= u->n_past && ms < b->since_ms;
	    i++)
		b = &u->past[(u->n_past - i) % PAST];
	return b;
}

static bool
is_let_through(struct replay *r, const struct replay_fact *fact,
    int64_t began_ms)
{
	const struct breaker *b = breaker_at(r, fact->upstream, began_ms);
	struct run *u = &r->runs[fact->upstream];

	if (b->state == BREAKER_HALF_OPEN) {
		if (began_ms < u->trial_ends_ms)
			return false;
		u->trial_ends_ms = r->now_ms;
		return true;
	}
	return chance_below(1000) < breaker_allowance(b);
}

static int
route_of(const struct destination *d, uint32_t upstream)
{
	for (uint32_t i = 0; i < d->n_routes; i++)
		if (d->routes[i].upstream == upstream)
			return (int)i;
	return -1;
}

static bool
is_bad(const struct replay_fact *fact)
{
	return outcome_weight(fact->outcome.class).bad > 0;
}

static void
count_saved(struct replay *r, const struct replay_fact *fact)
{
	struct replay_totals *totals = &r->runs[fact->upstream].totals;
	const struct destination *d =
	    &r->plan->destinations[fact->destination];
	const int route = route_of(d, fact->upstream);

	assert(route >= 0);
	totals->saved++;
	totals->saved_bad += is_bad(fact);
	if (route_alternate(d, route, r->views, r->now_ms) >= 0)
		totals->rerouted++;
	else
		totals->held++;
}

static void
observe(struct replay *r, const struct replay_fact *fact)
{
	struct run *u = &r->runs[fact->upstream];

	window_add(&u->window, u->rules->window_ms, r->now_ms,
	    fact->outcome.class, fact->host, 1);
	u->seen_ms = r->now_ms;
	if (outcome_weight(fact->outcome.class).good > 0)
		u->streak = 0;
	if (is_bad(fact)) {
		u->streak++;
		snprintf(u->rule, sizeof(u->rule), "%s", fact->outcome.rule);
		printable(u->sample, sizeof(u->sample), fact->text);
	}
}

/* Too long without an answer is an outcome, and the answer then is none. */
static struct replay_fact
judged(const struct replay *r, const struct replay_fact *fact)
{
	const struct run *u = &r->runs[fact->upstream];
	struct replay_fact f = *fact;

	if (f.took_ms > u->rules->slow_after_ms) {
		f.outcome = (struct outcome){ f.again ? OUTCOME_IGNORE :
		    OUTCOME_TROUBLE, "slow-answer" };
		f.text = SPAN("no answer yet");
	}
	return f;
}

/* A first report about an attempt: would it have been made? */
static bool
attempt(struct replay *r, const struct replay_fact *fact, int64_t began_ms)
{
	struct replay_totals *totals = &r->runs[fact->upstream].totals;

	totals->attempts++;
	totals->bad += is_bad(fact);
	if (is_let_through(r, fact, began_ms))
		return true;
	count_saved(r, fact);
	return false;
}

struct replay *
replay_new(const struct plan *plan, replay_change_fn *on_change, void *arg)
{
	struct replay *r = mem_new(1, sizeof(*r));

	r->plan = plan;
	r->on_change = on_change;
	r->arg = arg;
	r->runs = mem_new(plan->n_upstreams, sizeof(*r->runs));
	r->views = mem_new(plan->n_upstreams, sizeof(*r->views));
	for (uint32_t i = 0; i < plan->n_upstreams; i++) {
		r->runs[i].rules = &plan->upstreams[i].breaker;
		r->views[i].known = true;
	}
	return r;
}

void
replay_free(struct replay **replay)
{
	if (*replay == NULL)
		return;
	mem_free((*replay)->runs);
	mem_free((*replay)->views);
	mem_free(*replay);
	*replay = NULL;
}

bool
replay_add(struct replay *r, const struct replay_fact *fact)
{
	const struct replay_fact f = judged(r, fact);
	int64_t began_ms;

	if (f.time_ms > r->now_ms)
		r->now_ms = f.time_ms;
	began_ms = r->now_ms - f.took_ms;
	pass_time(r);
	r->runs[f.upstream].totals.outcomes[f.outcome.class]++;
	if (!f.again && !attempt(r, &f, began_ms))
		return false;
	/* What began before a change does not judge it. */
	if (began_ms >= breaker_of(r, f.upstream)->since_ms) {
		observe(r, &f);
		step(r, f.upstream, r->now_ms);
	}
	return true;
}

const struct replay_totals *
replay_totals(const struct replay *r, uint32_t upstream)
{
	return &r->runs[upstream].totals;
}

enum breaker_state
replay_state(const struct replay *r, uint32_t upstream)
{
	return r->views[upstream].record.breaker.state;
}
