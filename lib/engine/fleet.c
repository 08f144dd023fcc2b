#include "engine/fleet.h"

#include "base/chance.h"
#include "base/mem.h"
#include "base/printable.h"
#include "observe/event.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define OBSERVE_SOON_MS 20	/* collect a burst, then send */
#define OBSERVE_IDLE_MS 1000
#define SLOTS_BUSY_MS 200
#define SLOTS_IDLE_MS 1000
#define SLOTS_SHORT_MS 100	/* while demand is not met */
#define SLOTS_SOON_MS 10	/* when it has just arisen */
#define RETRY_MS 200		/* after the store failed us */
#define EVENTS_KEPT 10000
#define OUTCOME_EVENT_MS 60000	/* one event a class and upstream in this time */

/* Outcomes on their way to the store. */
struct batch {
	uint32_t counts[OUTCOME_CLASSES];
	bool had_good;
	uint32_t bad_tail;
	uint32_t n;
};

struct fleet_upstream {
	struct fleet *fleet;
	char name[PLAN_NAME_MAX + 1];
	int index;			/* in the plan; -1: no longer there */
	struct breaker_rules rules;
	uint32_t connections;
	struct upstream_view view;
	struct evidence evidence;	/* of the view's state */
	struct line *line;
	struct batch fresh;		/* began in the present state */
	struct batch late;		/* began before it: totals only */
	char rule[OUTCOME_RULE_NAME_MAX + 1];	/* the last bad outcome's */
	char sample[SAMPLE_MAX + 1];
	int64_t event_ms[OUTCOME_CLASSES];	/* when one was last told */
	int64_t observe_at_ms, slots_at_ms;
	int64_t slots_sent_ms;
	bool observing, committing, reporting;
	bool was_short;			/* at the last report */
	uint32_t epoch;			/* grants asked for before it are void */
	struct fleet_upstream *next;	/* all that ever were */
};

struct fleet {
	const struct plan *plan;
	char host[STORE_HOST_MAX + 1];
	struct store_port port;
	int64_t (*clock)(void);
	int64_t offset_ms;		/* fleet clock - monotonic clock */
	struct fleet_upstream *all;
	struct fleet_upstream **by_index;
	struct upstream_view *views;
};

/* What an answer needs to find its way back. */
struct errand {
	struct fleet_upstream *u;
	struct batch batch;
	bool late;
	uint32_t epoch;
	struct upstream_record from, to;
	bool afresh;
};

static int64_t
local_now(const struct fleet *f)
{
	return f->clock();
}

static struct errand *
errand_new(struct fleet_upstream *u)
{
	struct errand *e = mem_new(1, sizeof(*e));

	e->u = u;
	return e;
}

static void
send_request(struct fleet *f, const struct store_request *request,
    store_done *done, void *arg)
{
	f->port.send(f->port.self, request, done, arg);
}

static void
nothing_to_do(void *arg, const struct store_reply *reply,
    const struct err *err)
{
	(void)arg, (void)reply, (void)err;
}

static void
tell(struct fleet *f, const struct event *event)
{
	struct event_pair pairs[EVENT_PAIRS];
	struct store_pair fields[EVENT_PAIRS];
	const size_t n = event_pairs(event, pairs);

	event_log(event);
	for (size_t i = 0; i < n; i++)
		fields[i] = (struct store_pair){ pairs[i].name, pairs[i].value };
	send_request(f, &(struct store_request){
		.verb = STORE_EVENT_ADD,
		.name = "",
		.u.event_add = { .pairs = fields, .n = (uint32_t)n,
		    .keep = EVENTS_KEPT },
	    }, nothing_to_do, NULL);
}

static void
publish_view(struct fleet_upstream *u)
{
	if (u->index >= 0)
		u->fleet->views[u->index] = u->view;
}

static uint32_t
connections_now(const struct fleet_upstream *u)
{
	return view_connections(&u->view, u->connections,
	    fleet_time(u->fleet, local_now(u->fleet)));
}

/*
 * Take over what the store says. A fall of the cap makes the grant void: it
 * was given under the old one, and the sum of all hosts must not pass the
 * new one before each has asked again.
 */
static void
adopt(struct fleet_upstream *u, const struct upstream_record *record,
    const struct override *override)
{
	const uint32_t before = connections_now(u);

	u->view.known = true;
	u->view.record = *record;
	if (override != NULL)
		u->view.override = *override;
	publish_view(u);
	if (connections_now(u) == before)
		return;
	if (connections_now(u) < before) {
		u->epoch++;
		line_void(u->line);
	}
	if (connections_now(u) == 0)	/* nobody in line will be served */
		line_expire(u->line, INT64_MAX);
	u->slots_at_ms = 0;
}

static void
batch_add(struct batch *b, enum outcome_class class, uint32_t n)
{
	const struct outcome_weight weight = outcome_weight(class);

	b->counts[class] += n;
	b->n += n;
	if (weight.good > 0) {
		b->had_good = true;
		b->bad_tail = 0;
	} else if (weight.bad > 0)
		b->bad_tail += n;
}

/* A batch that could not be sent goes before what was collected since. */
static void
batch_put_back(struct batch *b, const struct batch *unsent)
{
	if (!b->had_good)
		b->bad_tail += unsent->bad_tail;
	b->had_good |= unsent->had_good;
	b->n += unsent->n;
	for (size_t i = 0; i < OUTCOME_CLASSES; i++)
		b->counts[i] += unsent->counts[i];
}

static void
note_time(struct fleet *f, const struct store_reply *reply)
{
	f->offset_ms = reply->now_ms - local_now(f);
}

static void step(struct fleet_upstream *u);

static void
tell_state(struct fleet_upstream *u, const struct upstream_record *from,
    const struct upstream_record *to)
{
	if (from->breaker.state == to->breaker.state &&
	    from->breaker.step == to->breaker.step)
		return;
	tell(u->fleet, &(struct event){
		.kind = EVENT_STATE,
		.host = u->fleet->host,
		.upstream = u->name,
		.from = from->breaker.state,
		.to = to->breaker.state,
		.reason = to->breaker.reason,
		.allowance = breaker_allowance(&to->breaker),
		.rule = to->rule,
		.sample = to->sample,
		.incident = to->incident[0] != '\0' ? to->incident :
		    from->incident,
	    });
}

static void
committed(void *arg, const struct store_reply *reply, const struct err *err)
{
	struct errand *e = arg;
	struct fleet_upstream *u = e->u;

	u->committing = false;
	if (reply != NULL) {
		note_time(u->fleet, reply);
		adopt(u, &reply->u.commit.record, NULL);
		if (reply->u.commit.stale || e->afresh)
			u->evidence = (struct evidence){ 0 };
		if (!reply->u.commit.stale)
			tell_state(u, &e->from, &e->to);
		/* A stale one is read and decided again. */
		u->observe_at_ms = 0;
	}
	(void)err;
	mem_free(e);
}

static void
name_incident(char dst[INCIDENT_MAX + 1], int64_t fleet_ms)
{
	snprintf(dst, INCIDENT_MAX + 1, "%llx%03x",
	    (unsigned long long)(fleet_ms / 1000),
	    (unsigned)chance_below(0x1000));
}

/* The record that goes with the breaker's next state. */
static struct upstream_record
next_record(const struct fleet_upstream *u, const struct breaker *next,
    int64_t fleet_ms)
{
	struct upstream_record to = u->view.record;

	to.breaker = *next;
	if (next->state == BREAKER_CLOSED) {
		to.incident[0] = to.rule[0] = to.sample[0] = '\0';
		return to;
	}
	if (to.incident[0] == '\0')
		name_incident(to.incident, fleet_ms);
	if (next->state == BREAKER_OPEN || next->state == BREAKER_SHEDDING) {
		memcpy(to.rule, u->rule, sizeof(to.rule));
		memcpy(to.sample, u->sample, sizeof(to.sample));
	}
	return to;
}

static void
commit(struct fleet_upstream *u, const struct breaker *next, int64_t fleet_ms)
{
	struct errand *e = errand_new(u);

	e->from = u->view.record;
	e->to = next_record(u, next, fleet_ms);
	e->afresh = breaker_starts_afresh(&e->from.breaker, next);
	u->committing = true;
	send_request(u->fleet, &(struct store_request){
		.verb = STORE_COMMIT,
		.name = u->name,
		.u.commit = { .record = e->to, .version = e->from.version,
		    .afresh = e->afresh },
	    }, committed, e);
}

/* Let the breaker see the evidence and the time; commit what it becomes. */
static void
step(struct fleet_upstream *u)
{
	const int64_t fleet_ms = fleet_time(u->fleet, local_now(u->fleet));
	struct breaker next;

	if (u->committing || u->index < 0)
		return;
	next = breaker_step(&u->rules, u->view.record.breaker, &u->evidence,
	    chance_below(1000), fleet_ms);
	if (!breaker_same(&next, &u->view.record.breaker))
		commit(u, &next, fleet_ms);
}

static void
observed(void *arg, const struct store_reply *reply, const struct err *err)
{
	struct errand *e = arg;
	struct fleet_upstream *u = e->u;
	struct fleet *f = u->fleet;

	(void)err;
	if (!e->late)
		u->observing = false;
	if (reply == NULL) {
		batch_put_back(e->late ? &u->late : &u->fresh, &e->batch);
		u->observe_at_ms = local_now(f) + RETRY_MS;
		mem_free(e);
		return;
	}
	note_time(f, reply);
	if (!e->late && !u->committing) {
		adopt(u, &reply->u.upstream.record,
		    &reply->u.upstream.override);
		u->evidence = window_evidence(&reply->u.upstream.window,
		    u->rules.window_ms, u->rules.min_outcomes, reply->now_ms);
		u->evidence.streak = reply->u.upstream.streak;
		step(u);
	}
	mem_free(e);
}

static void
send_batch(struct fleet_upstream *u, struct batch *batch, bool late)
{
	struct errand *e = errand_new(u);
	struct store_request request = {
		.verb = STORE_OBSERVE,
		.name = u->name,
		.u.observe = {
			.host = u->fleet->host,
			.window_ms = u->rules.window_ms,
			/* No record has version -1: only the totals grow. */
			.version = late ? -1 : u->view.record.version,
			.had_good = batch->had_good,
			.bad_tail = batch->bad_tail,
		},
	};

	memcpy(request.u.observe.counts, batch->counts, sizeof(batch->counts));
	e->batch = *batch;
	e->late = late;
	*batch = (struct batch){ 0 };
	send_request(u->fleet, &request, observed, e);
}

static void
observe_now(struct fleet_upstream *u)
{
	u->observe_at_ms = local_now(u->fleet) + OBSERVE_IDLE_MS;
	u->observing = true;
	send_batch(u, &u->fresh, false);
	if (u->late.n > 0)
		send_batch(u, &u->late, true);
}

static void
reported(void *arg, const struct store_reply *reply, const struct err *err)
{
	struct errand *e = arg;
	struct fleet_upstream *u = e->u;
	struct fleet *f = u->fleet;

	(void)err;
	u->reporting = false;
	if (reply == NULL)
		u->slots_at_ms = local_now(f) + RETRY_MS;
	else {
		note_time(f, reply);
		if (e->epoch == u->epoch)
			line_grant(u->line, reply->u.slots.granted, local_now(f));
		else
			u->slots_at_ms = 0;
	}
	mem_free(e);
}

static void
report_now(struct fleet_upstream *u)
{
	const struct line_state s = line_state(u->line, local_now(u->fleet));
	const bool busy = s.in_use > 0 || s.waiting > 0;
	struct errand *e = errand_new(u);

	e->epoch = u->epoch;
	u->reporting = true;
	u->was_short = line_is_short(u->line, local_now(u->fleet));
	u->slots_sent_ms = local_now(u->fleet);
	u->slots_at_ms = local_now(u->fleet) +
	    (busy ? SLOTS_BUSY_MS : SLOTS_IDLE_MS);
	send_request(u->fleet, &(struct store_request){
		.verb = STORE_SLOTS,
		.name = u->name,
		.u.slots = {
			.host = u->fleet->host,
			.in_use = s.in_use,
			.waiting = s.waiting,
			.held = s.granted,
			.cap = connections_now(u),
			.ttl_ms = FLEET_SLOTS_TTL_MS,
			.settle_ms = FLEET_SETTLE_MS,
		},
	    }, reported, e);
}

static bool
report_is_due(const struct fleet_upstream *u, int64_t now_ms)
{
	const int64_t pause = u->was_short ? SLOTS_SHORT_MS : SLOTS_SOON_MS;

	if (u->reporting)
		return false;
	return now_ms >= u->slots_at_ms ||
	    (line_is_short(u->line, now_ms) &&
	    now_ms >= u->slots_sent_ms + pause);
}

static struct fleet_upstream *
by_name(struct fleet *f, const char *name)
{
	for (struct fleet_upstream *u = f->all; u != NULL; u = u->next)
		if (strcmp(u->name, name) == 0)
			return u;
	return NULL;
}

static struct fleet_upstream *
add_upstream(struct fleet *f, const char *name)
{
	struct fleet_upstream *u = mem_new(1, sizeof(*u));

	u->fleet = f;
	snprintf(u->name, sizeof(u->name), "%s", name);
	u->line = line_new();
	u->next = f->all;
	f->all = u;
	return u;
}

static void
use_plan(struct fleet *f, const struct plan *plan)
{
	f->plan = plan;
	f->by_index = mem_resize(f->by_index, plan->n_upstreams,
	    sizeof(struct fleet_upstream *));
	f->views = mem_resize(f->views, plan->n_upstreams,
	    sizeof(*f->views));
	for (struct fleet_upstream *u = f->all; u != NULL; u = u->next)
		u->index = -1;
	for (uint32_t i = 0; i < plan->n_upstreams; i++) {
		const struct upstream *up = &plan->upstreams[i];
		struct fleet_upstream *u = by_name(f, up->name);

		if (u == NULL)
			u = add_upstream(f, up->name);
		u->index = (int)i;
		u->rules = up->breaker;
		u->connections = up->connections;
		u->observe_at_ms = u->slots_at_ms = 0;
		f->by_index[i] = u;
		publish_view(u);
	}
}

struct fleet *
fleet_new(const struct fleet_options *options, int64_t wall_ms)
{
	struct fleet *f = mem_new(1, sizeof(*f));

	snprintf(f->host, sizeof(f->host), "%s", options->host);
	f->port = options->port;
	f->clock = options->clock;
	/* Until the store has told its own. */
	f->offset_ms = wall_ms - local_now(f);
	use_plan(f, options->plan);
	return f;
}

void
fleet_free(struct fleet **fleet)
{
	struct fleet *f = *fleet;

	if (f == NULL)
		return;
	while (f->all != NULL) {
		struct fleet_upstream *u = f->all;

		f->all = u->next;
		line_free(&u->line);
		mem_free(u);
	}
	mem_free(f->by_index);
	mem_free(f->views);
	mem_free(f);
	*fleet = NULL;
}

void
fleet_reload(struct fleet *fleet, const struct plan *plan)
{
	use_plan(fleet, plan);
}

void
fleet_tick(struct fleet *fleet, int64_t now_ms)
{
	for (struct fleet_upstream *u = fleet->all; u != NULL; u = u->next) {
		line_expire(u->line, now_ms);
		if (u->index < 0 && line_state(u->line, now_ms).in_use == 0)
			continue;
		if (!u->observing && now_ms >= u->observe_at_ms)
			observe_now(u);
		else if (u->view.known && u->view.record.breaker.until_ms > 0 &&
		    fleet_time(fleet, now_ms) >=
		    u->view.record.breaker.until_ms)
			step(u);
		if (report_is_due(u, now_ms))
			report_now(u);
	}
}

void
fleet_changed(struct fleet *fleet, struct span name)
{
	for (struct fleet_upstream *u = fleet->all; u != NULL; u = u->next)
		if (span_eq(span_of(u->name), name))
			u->observe_at_ms = 0;
}

void
fleet_flush(struct fleet *fleet)
{
	for (struct fleet_upstream *u = fleet->all; u != NULL; u = u->next)
		observe_now(u);
}

void
fleet_store_is_back(struct fleet *fleet)
{
	for (struct fleet_upstream *u = fleet->all; u != NULL; u = u->next)
		u->observe_at_ms = u->slots_at_ms = 0;
}

int64_t
fleet_time(const struct fleet *fleet, int64_t now_ms)
{
	return now_ms + fleet->offset_ms;
}

const struct upstream_view *
fleet_views(const struct fleet *fleet)
{
	return fleet->views;
}

struct fleet_upstream *
fleet_upstream(struct fleet *fleet, uint32_t index)
{
	assert(index < fleet->plan->n_upstreams);
	return fleet->by_index[index];
}

struct line *
fleet_line(struct fleet_upstream *u)
{
	return u->line;
}

const struct upstream_view *
fleet_view(const struct fleet_upstream *u)
{
	return &u->view;
}

const char *
fleet_name(const struct fleet_upstream *u)
{
	return u->name;
}

int
fleet_index(const struct fleet_upstream *u)
{
	return u->index;
}

int64_t
fleet_slow_after(const struct fleet_upstream *u)
{
	return u->rules.slow_after_ms;
}

/* Outcomes that no breaker acts on, but a person should see, once a minute. */
static void
tell_outcome(struct fleet_upstream *u, struct outcome outcome,
    struct span text, int64_t now_ms)
{
	char sample[SAMPLE_MAX + 1];

	if (outcome.class != OUTCOME_POLICY && outcome.class != OUTCOME_LOCAL &&
	    outcome.class != OUTCOME_UNKNOWN)
		return;
	if (u->event_ms[outcome.class] != 0 &&
	    now_ms < u->event_ms[outcome.class] + OUTCOME_EVENT_MS)
		return;
	u->event_ms[outcome.class] = now_ms;
	tell(u->fleet, &(struct event){
		.kind = EVENT_OUTCOME,
		.host = u->fleet->host,
		.upstream = u->name,
		.class = outcome_class_name(outcome.class),
		.rule = outcome.rule,
		.sample = printable(sample, sizeof(sample), text),
		.incident = u->view.record.incident,
	    });
}

void
fleet_observe(struct fleet *fleet, struct fleet_upstream *u,
    struct outcome outcome, struct span text, int64_t began_ms, int64_t now_ms)
{
	const bool late = fleet_time(fleet, began_ms) <
	    u->view.record.breaker.since_ms;

	batch_add(late ? &u->late : &u->fresh, outcome.class, 1);
	if (outcome_weight(outcome.class).bad > 0) {
		snprintf(u->rule, sizeof(u->rule), "%s", outcome.rule);
		printable(u->sample, sizeof(u->sample), text);
	}
	if (u->observe_at_ms > now_ms + OBSERVE_SOON_MS)
		u->observe_at_ms = now_ms + OBSERVE_SOON_MS;
	tell_outcome(u, outcome, text, now_ms);
}
