#include "lib/engine/fleet_parts.h"

#include "base/chance.h"
#include "base/mem.h"
#include "base/printable.h"
#include "engine/announce.h"

#include <stdio.h>
#include <string.h>

#define BURST_MS 20		/* collect what comes at once, then send */
#define EVENT_MS 60000		/* one event of a kind and upstream in this time */

/* What an answer needs to find its way back. */
struct errand {
	struct fleet_upstream *u;
	struct batch batch;
	bool late;
	bool alone;		/* this host's own breaker was told of */
	struct upstream_record from, to;
	struct review review;
	bool afresh;
};

static struct errand *
errand_new(struct fleet_upstream *u)
{
	struct errand *e = mem_new(1, sizeof(*e));

	e->u = u;
	return e;
}

/* A trial has begun; or there was one, and who has just begun himself cannot
 * tell what hangs from the time before. */
static bool
is_after_turn(const struct fleet_upstream *u, const struct breaker *now)
{
	const struct breaker *before = &u->view.record.breaker;

	if (now->state == BREAKER_HALF_OPEN)
		return before->state != now->state ||
		    before->since_ms != now->since_ms;
	return now->state == BREAKER_RAMP && !u->view.known;
}

/*
 * Connections that hang from the time before it may hang for long. They do not
 * take the place of the trial, which is to find out whether others do.
 */
static void
begin_trial(struct fleet_upstream *u, const struct breaker *now)
{
	if (!is_after_turn(u, now))
		return;
	line_turn(u->line, fleet_now(u->fleet));
	u->epoch++;
	u->slots_at_ms = 0;
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
	const uint32_t before = fleet_connections(u);

	begin_trial(u, &record->breaker);
	u->view.known = true;
	u->view.record = *record;
	if (override != NULL)
		u->view.override = *override;
	fleet_publish_view(u);
	if (fleet_connections(u) == before)
		return;
	if (fleet_connections(u) < before) {
		u->epoch++;
		line_fall(u->line, fleet_now(u->fleet));
	}
	if (fleet_connections(u) == 0)	/* nobody in line will be served */
		line_expire(u->line, INT64_MAX);
	u->slots_at_ms = 0;
}

void
fleet_tell_state(struct fleet_upstream *u, const struct upstream_record *from,
    const struct upstream_record *to, bool own)
{
	if (from->breaker.state == to->breaker.state &&
	    from->breaker.step == to->breaker.step)
		return;
	announce(&u->fleet->port, &(struct event){
		.kind = EVENT_STATE,
		.host = u->fleet->host,
		.upstream = u->name,
		.own = own,
		.from = from->breaker.state,
		.to = to->breaker.state,
		.reason = to->breaker.reason,
		.allowance = breaker_allowance(&to->breaker),
		.before = u->review.before,
		.after = review_after(&u->review),
		.rule = to->rule,
		.sample = to->sample,
		.incident = to->incident[0] != '\0' ? to->incident :
		    from->incident,
	    });
}

static void
tell_throttle(struct fleet_upstream *u, const struct upstream_record *from,
    const struct upstream_record *to)
{
	const uint32_t before = throttle_connections(&from->throttle,
	    u->connections);
	const uint32_t now = throttle_connections(&to->throttle,
	    u->connections);

	if (before != now)
		announce(&u->fleet->port, &(struct event){
			.kind = EVENT_THROTTLE,
			.host = u->fleet->host,
			.upstream = u->name,
			.cap_from = before,
			.cap_to = now,
		    });
}

static void
committed(void *arg, const struct store_reply *reply, const struct err *err)
{
	struct errand *e = arg;
	struct fleet_upstream *u = e->u;

	u->committing = false;
	if (reply != NULL) {
		fleet_note_time(u->fleet, reply);
		adopt(u, &reply->u.commit.record, NULL);
		if (reply->u.commit.stale || e->afresh)
			u->evidence = (struct evidence){ 0 };
		if (!reply->u.commit.stale) {
			fleet_tell_state(u, &e->from, &e->to, false);
			tell_throttle(u, &e->from, &e->to);
			u->review = e->review;
		}
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

struct upstream_record
fleet_next_record(const struct fleet_upstream *u,
    const struct upstream_record *from, const struct breaker *next,
    int64_t fleet_ms)
{
	struct upstream_record to = *from;

	to.breaker = *next;
	if (next->state == BREAKER_CLOSED && next->backed == 0) {
		to.incident[0] = to.rule[0] = to.sample[0] = '\0';
		return to;
	}
	/* What began here, or everywhere, goes on under one name. */
	if (to.incident[0] == '\0')
		memcpy(to.incident, view_record(&u->view)->incident,
		    sizeof(to.incident));
	if (to.incident[0] == '\0')
		name_incident(to.incident, fleet_ms);
	if (next->state == BREAKER_OPEN || next->state == BREAKER_SHEDDING) {
		memcpy(to.rule, u->rule, sizeof(to.rule));
		memcpy(to.sample, u->sample, sizeof(to.sample));
	}
	return to;
}

/* What is to be looked at once this is committed. What only observes shifts no
 * mail. */
static struct review
next_review(const struct fleet_upstream *u, const struct breaker *next)
{
	const struct breaker *b = &u->view.record.breaker;

	if (next->since_ms == b->since_ms)
		return u->review;
	if (u->fleet->plan->mode != PLAN_ENFORCE)
		return (struct review){ 0 };
	return review_of(b, next, &u->evidence);
}

static void
commit(struct fleet_upstream *u, const struct breaker *next,
    const struct throttle *throttle, int64_t fleet_ms)
{
	struct errand *e = errand_new(u);

	e->from = u->view.record;
	e->to = fleet_next_record(u, &u->view.record, next, fleet_ms);
	e->to.throttle = *throttle;
	e->review = next_review(u, next);
	e->afresh = breaker_starts_afresh(&e->from.breaker, next);
	u->committing = true;
	fleet_send(u->fleet, &(struct store_request){
		.verb = STORE_COMMIT,
		.name = u->name,
		.u.commit = { .record = e->to, .version = e->from.version,
		    .afresh = e->afresh },
	    }, committed, e);
}

/* A cap that only observes, or that an operator or the breaker has put out of
 * force, proves nothing. */
static bool
throttle_is_in_force(const struct fleet_upstream *u)
{
	return u->fleet->plan->mode == PLAN_ENFORCE && fleet_connections(u) ==
	    throttle_connections(&u->view.record.throttle, u->connections);
}

/* Did one of the last outcomes say what is wrong? */
static bool
is_explained(const struct fleet_upstream *u, int64_t now_ms)
{
	return u->rule[0] != '\0' &&
	    now_ms < u->explained_ms + u->rules.window_ms;
}

/* It opened on deliveries that moved on, and now the reason is known. */
static bool
has_news(const struct fleet_upstream *u)
{
	const struct upstream_record *r = &u->view.record;

	return (r->breaker.state == BREAKER_OPEN ||
	    r->breaker.state == BREAKER_SHEDDING) && r->rule[0] == '\0' &&
	    is_explained(u, fleet_now(u->fleet));
}

/* Let breaker and throttle see the evidence and the time; commit what they
 * become. */
static void
step(struct fleet_upstream *u)
{
	const int64_t fleet_ms = fleet_time(u->fleet, fleet_now(u->fleet));
	struct throttle throttle = u->view.record.throttle;
	struct breaker next;

	if (u->committing || u->index < 0)
		return;
	next = breaker_step(&u->rules, u->view.record.breaker, &u->evidence,
	    chance_below(1000), fleet_ms);
	if (review_judge(&u->review, &u->rules, &u->view.record.breaker,
	    fleet_ms) == REVIEW_STEP_BACK)
		next = breaker_step_back(&u->rules, &u->view.record.breaker,
		    u->review.before, fleet_ms);
	/* One that was never written is now, so that redis-cli shows it. */
	if (u->view.record.version == 0 && next.since_ms == 0)
		next.since_ms = fleet_ms;
	if (throttle_is_in_force(u))
		throttle = throttle_step(&u->slow, throttle, u->connections,
		    &u->seen, fleet_ms);
	if (!breaker_same(&next, &u->view.record.breaker) ||
	    !throttle_same(&throttle, &u->view.record.throttle) ||
	    has_news(u))
		commit(u, &next, &throttle, fleet_ms);
}

/* What the store's answer says to the throttle. */
static void
note_load(struct fleet_upstream *u, const struct store_reply *reply)
{
	struct fleet_counts *c = &u->counts;

	if (reply->u.upstream.totals[OUTCOME_SLOW] != c->totals[OUTCOME_SLOW])
		u->seen.slow_told_ms = reply->now_ms;
	c->told_ms = reply->now_ms;
	memcpy(c->totals, reply->u.upstream.totals, sizeof(c->totals));
	c->in_use = reply->u.upstream.in_use;
	c->waiting = reply->u.upstream.waiting;
	c->n_alone = reply->u.upstream.n_alone;
	memcpy(c->alone, reply->u.upstream.alone, sizeof(c->alone));
	history_note(&c->history, c->totals, reply->now_ms);
	u->seen.in_use = c->in_use;
	u->seen.fine = reply->u.upstream.streak == 0 &&
	    u->view.record.breaker.state == BREAKER_CLOSED;
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
		u->observe_at_ms = fleet_now(f) + FLEET_RETRY_MS;
		if (!e->late)
			fleet_alone_step(u, true);
		mem_free(e);
		return;
	}
	fleet_note_time(f, reply);
	if (!e->late)
		u->alone_told = e->alone;
	fleet_bypass_read(u, reply);
	if (!e->late && !u->committing) {
		adopt(u, &reply->u.upstream.record,
		    &reply->u.upstream.override);
		u->evidence = window_evidence(&reply->u.upstream.window,
		    u->rules.window_ms, u->rules.min_outcomes, reply->now_ms);
		u->evidence.streak = reply->u.upstream.streak;
		note_load(u, reply);
		step(u);
		if (!u->committing)
			fleet_alone_step(u, breaker_is_alone(&u->rules,
			    &u->evidence));
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
			.alone_ttl_ms = FLEET_ALONE_TTL_MS,
		},
	};
	const bool alone = u->view.own.breaker.state != BREAKER_CLOSED;

	memcpy(request.u.observe.counts, batch->counts, sizeof(batch->counts));
	if (!late && (alone || u->alone_told))
		request.u.observe.alone = &u->view.own;
	e->batch = *batch;
	e->late = late;
	e->alone = alone;
	*batch = (struct batch){ 0 };
	fleet_send(u->fleet, &request, observed, e);
}

void
fleet_record_flush(struct fleet_upstream *u)
{
	u->observed_ms = fleet_now(u->fleet);
	u->observe_at_ms = u->observed_ms + fleet_pace(u->fleet, PACE_RECORD);
	u->observing = true;
	send_batch(u, &u->fresh, false);
	if (u->late.n > 0)
		send_batch(u, &u->late, true);
}

void
fleet_record_tick(struct fleet_upstream *u, int64_t now_ms)
{
	const int64_t until_ms = u->view.record.breaker.until_ms;

	if (!u->observing && now_ms >= u->observe_at_ms)
		fleet_record_flush(u);
	else if (u->view.known && until_ms > 0 &&
	    fleet_time(u->fleet, now_ms) >= until_ms)
		step(u);
}

/* Has one of its kind been told of late? */
static bool
is_news(int64_t *last_ms, int64_t now_ms)
{
	if (*last_ms != 0 && now_ms < *last_ms + EVENT_MS)
		return false;
	*last_ms = now_ms;
	return true;
}

/* Outcomes that no breaker acts on, but a person should see, once a minute. */
static void
tell_outcome(struct fleet_upstream *u, struct outcome outcome,
    struct span text, int64_t now_ms)
{
	char sample[SAMPLE_MAX + 1];

	if (outcome.class != OUTCOME_SLOW &&
	    outcome.class != OUTCOME_POLICY && outcome.class != OUTCOME_LOCAL &&
	    outcome.class != OUTCOME_UNKNOWN)
		return;
	if (!is_news(&u->event_ms[outcome.class], now_ms))
		return;
	announce(&u->fleet->port, &(struct event){
		.kind = EVENT_OUTCOME,
		.host = u->fleet->host,
		.upstream = u->name,
		.class = outcome_class_name(outcome.class),
		.rule = outcome.rule,
		.sample = printable(sample, sizeof(sample), text),
		.incident = view_record(&u->view)->incident,
	    });
}

/*
 * The upstream says: too many connections. Where there are as few as there may
 * be, that is trouble; whether it persists is the breaker's to say.
 */
static enum outcome_class
judge_slow(struct fleet_upstream *u, int64_t began_ms)
{
	if (u->seen.slow_began_ms < began_ms)
		u->seen.slow_began_ms = began_ms;
	return throttle_is_in_force(u) && throttle_is_spent(&u->slow,
	    &u->view.record.throttle, u->connections, began_ms) ?
	    OUTCOME_TROUBLE : OUTCOME_SLOW;
}

/* The reason that the record will name. That deliveries moved on, or found no
 * address, says little, and does not take the place of one that says more. */
static void
explain(struct fleet_upstream *u, struct outcome outcome, struct span text,
    int64_t now_ms)
{
	const bool vague = outcome.class == OUTCOME_MOVED_ON ||
	    outcome.class == OUTCOME_DNS;

	if ((outcome_weight(outcome.class).bad == 0 && !vague) ||
	    (vague && is_explained(u, now_ms)))
		return;
	snprintf(u->rule, sizeof(u->rule), "%s", outcome.rule);
	printable(u->sample, sizeof(u->sample), text);
	u->explained_ms = now_ms;
}

/* Nobody waits for the next one to go well, too. */
static bool
is_usual(const struct fleet_upstream *u, enum outcome_class class)
{
	return class == OUTCOME_OK &&
	    u->view.record.breaker.state == BREAKER_CLOSED &&
	    u->view.own.breaker.state == BREAKER_CLOSED;
}

/* The first after a pause at once, others at the fleet's pace. */
static void
tell_soon(struct fleet_upstream *u, enum outcome_class class, int64_t now_ms)
{
	int64_t at_ms = u->observed_ms + fleet_pace(u->fleet,
	    is_usual(u, class) ? PACE_OUTCOMES_USUAL : PACE_OUTCOMES);

	if (at_ms < now_ms + BURST_MS)
		at_ms = now_ms + BURST_MS;
	if (u->observe_at_ms > at_ms)
		u->observe_at_ms = at_ms;
}

void
fleet_observe(struct fleet *fleet, struct fleet_upstream *u,
    struct outcome outcome, struct span text, int64_t began_ms, int64_t now_ms)
{
	const bool late = fleet_time(fleet, began_ms) <
	    u->view.record.breaker.since_ms;

	if (outcome.class == OUTCOME_SLOW)
		outcome.class = judge_slow(u, fleet_time(fleet, began_ms));
	if (!late && u->view.record.breaker.state == BREAKER_HALF_OPEN &&
	    outcome_weight(outcome.class).bad > 0)
		u->failed_trips = u->view.record.breaker.trips + 1;
	if (outcome_weight(outcome.class).bad == 0)
		silence_ends(&u->silence);
	batch_add(late ? &u->late : &u->fresh, outcome.class);
	u->counts.here[outcome.class]++;
	alone_observe(&u->alone, &u->rules, outcome.class,
	    fleet_time(fleet, began_ms), fleet_time(fleet, now_ms));
	explain(u, outcome, text, now_ms);
	tell_soon(u, outcome.class, now_ms);
	tell_outcome(u, outcome, text, now_ms);
}

void
fleet_shielded(struct fleet_upstream *u, const char *why, struct span text,
    int64_t now_ms)
{
	char sample[SAMPLE_MAX + 1];

	if (!is_news(&u->shield_event_ms, now_ms))
		return;
	announce(&u->fleet->port, &(struct event){
		.kind = EVENT_SHIELD,
		.host = u->fleet->host,
		.upstream = u->name,
		.rule = why,
		.sample = printable(sample, sizeof(sample), text),
		.incident = view_record(&u->view)->incident,
	    });
}
