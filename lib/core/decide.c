#include "core/decide.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/number.h"

#include <assert.h>
#include <stdio.h>

static const char *const reason_names[] = {
	[DECIDE_FINE] = "fine",
	[DECIDE_AT_CAP] = "at-cap",
	[DECIDE_ON_HOLD] = "on-hold",
	[DECIDE_LATE] = "late",
	[DECIDE_QUEUE_FULL] = "queue-full",
	[DECIDE_OPEN] = "open",
	[DECIDE_DNS] = "dns",
	[DECIDE_SHED] = "shed",
	[DECIDE_NO_SLOT] = "no-slot",
	[DECIDE_RATE] = "rate",
	[DECIDE_SHARE] = "share",
	[DECIDE_TRIAL_TAKEN] = "trial-taken",
	[DECIDE_SILENT] = "silent",
	[DECIDE_BYPASS] = "bypass",
	[DECIDE_FORCED] = "forced",
};

static struct intake_verdict
deferred(const struct plan *p, const struct destination *d,
    enum decide_reason reason, struct dsn dsn, const char *text)
{
	struct intake_verdict v = {
		.reason = reason,
		.enforced = p->mode == PLAN_ENFORCE,
	};

	/* The administrator's own words may have come out too long. */
	if (!reply_make(451, dsn, text, d->name, &v.reply))
		(void)reply_make(451, dsn,
		    "Please try again later", NULL, &v.reply);
	return v;
}

static bool
is_queue_full(const struct plan *p, const struct destination *d,
    const struct snapshot *now)
{
	return p->hold_queue_limit > 0 && now->queued != NULL &&
	    now->queued[d - p->destinations] >= p->hold_queue_limit;
}

/* What hold has against mail from this client; reason: while on hold. */
static enum decide_reason
held_for(const struct plan *p, const struct destination *d,
    const struct snapshot *now, const struct client *c,
    enum decide_reason reason, int64_t now_ms)
{
	if (!decide_on_hold(p, d, now, now_ms))
		return DECIDE_FINE;
	if (!decide_is_submission(p, c))
		return p->hold_incoming ? reason : DECIDE_FINE;
	if (p->hold_submission)
		return reason;
	return is_queue_full(p, d, now) ? DECIDE_QUEUE_FULL : DECIDE_FINE;
}

static const struct override *
word_on(const struct plan *p, const struct destination *d,
    const struct snapshot *now)
{
	return &now->holds[d - p->destinations];
}

static bool
is_held(const struct plan *p, const struct destination *d,
    const struct snapshot *now, int64_t now_ms)
{
	return override_says(word_on(p, d, now), OVERRIDE_HOLD, now_ms);
}

/* Open for no other reason than that it cannot be looked up. */
static bool
is_lost(const struct upstream_view *v, int64_t now_ms)
{
	return view_state(v, now_ms) == BREAKER_OPEN &&
	    !override_says(&v->override, OVERRIDE_OPEN, now_ms) &&
	    view_record(v)->breaker.reason == BREAKER_DNS;
}

/* The code of a destination on hold: is DNS the cause, and nothing else? */
static struct dsn
cause(const struct plan *p, const struct destination *d,
    const struct snapshot *now, int64_t now_ms)
{
	if (is_held(p, d, now, now_ms))
		return REPLY_DSN_NOT_ACCEPTING;
	for (uint32_t i = 0; i < d->n_routes; i++)
		if (!d->routes[i].unfiltered &&
		    !is_lost(&now->upstreams[d->routes[i].upstream], now_ms))
			return REPLY_DSN_NOT_ACCEPTING;
	return REPLY_DSN_DIRECTORY;
}

/* For a destination on hold. */
static struct intake_verdict
put_off(const struct plan *p, const struct destination *d,
    const struct snapshot *now, enum decide_reason reason, const char *text,
    int64_t now_ms)
{
	const uint32_t first = d->routes[0].upstream;
	struct intake_verdict v = deferred(p, d, reason,
	    cause(p, d, now, now_ms), text);

	if (is_held(p, d, now, now_ms))
		return v;
	v.upstream = p->upstreams[first].name;
	snprintf(v.incident, sizeof(v.incident), "%s",
	    view_record(&now->upstreams[first])->incident);
	return v;
}

/* What an upstream's own state has against one more connection. */
static enum decide_reason
objection(const struct upstream_view *v, uint32_t draw, int64_t now_ms)
{
	if (override_says(&v->override, OVERRIDE_OPEN, now_ms))
		return DECIDE_FORCED;
	if (is_lost(v, now_ms))
		return DECIDE_DNS;
	if (view_state(v, now_ms) == BREAKER_OPEN)
		return DECIDE_OPEN;
	if (draw >= view_allowance(v, now_ms))
		return DECIDE_SHED;
	return DECIDE_FINE;
}

static bool
is_used_up(const struct plan *p, const struct destination *d, uint32_t route,
    const struct shares *shares, int64_t now_ms)
{
	return shares != NULL && shares_used_up(shares, p, d, route, now_ms);
}

static bool
is_open_bypass(const struct plan *p, const struct destination *d,
    uint32_t route, const struct upstream_view *views, int64_t now_ms)
{
	const struct route *r = &d->routes[route];

	return r->unfiltered &&
	    view_allowance(&views[r->upstream], now_ms) > 0 &&
	    route_bypass(p, d, route, views, now_ms) == BYPASS_OK;
}

/* Is there anybody behind this route who would take what it does not? */
static bool
has_alternate(const struct plan *p, const struct destination *d,
    uint32_t route, const struct upstream_view *views,
    const struct shares *shares, int64_t now_ms)
{
	int next = (int)route;

	while ((next = route_alternate(d, next, views, now_ms)) >= 0)
		if (!is_used_up(p, d, (uint32_t)next, shares, now_ms))
			return true;
	for (uint32_t i = route + 1; i < d->n_routes; i++)
		if (is_open_bypass(p, d, i, views, now_ms) &&
		    !is_used_up(p, d, i, shares, now_ms))
			return true;
	return false;
}

static struct gate_verdict
refused(const struct upstream_view *v, enum decide_reason reason)
{
	return (struct gate_verdict){
		.answer = GATE_REFUSE,
		.reason = reason,
		.next_try_ms = reason == DECIDE_FORCED ?
		    v->override.until_ms : view_record(v)->breaker.until_ms,
	};
}

/* A grant is worth a slot: how long to stand in line for one. */
static struct gate_verdict
with_slot(const struct plan *p, bool half_open, bool may_spill)
{
	struct gate_verdict verdict = {
		.answer = GATE_GRANT,
		.needs_slot = true,
		.alternate = may_spill,
		.wait_ms = p->gate_wait_ms,
		.wait_reason = half_open ? DECIDE_TRIAL_TAKEN : DECIDE_NO_SLOT,
	};

	if (may_spill)
		verdict.wait_ms = half_open ? 0 : p->gate_spill_ms;
	return verdict;
}

static const char *
phrase(enum decide_reason reason)
{
	switch (reason) {
	case DECIDE_AT_CAP:
	case DECIDE_NO_SLOT:
		return "is at its connection limit";
	case DECIDE_RATE:
		return "takes no more connections for now";
	case DECIDE_SHARE:
		return "takes no more than its share of the mail";
	case DECIDE_SHED:
		return "takes a part of the mail only";
	case DECIDE_TRIAL_TAKEN:
		return "is being tried again";
	case DECIDE_SILENT:
		return "does not answer";
	case DECIDE_BYPASS:
		return "is kept in reserve";
	case DECIDE_DNS:
		return "cannot be found in DNS";
	case DECIDE_FORCED:
		return "was paused by an operator";
	case DECIDE_FINE:
	case DECIDE_ON_HOLD:
	case DECIDE_LATE:
	case DECIDE_QUEUE_FULL:
	case DECIDE_OPEN:
		break;
	}
	return "is not accepting mail";
}

static int64_t
whole_seconds(int64_t ms)
{
	return ms < 1000 ? 1000 : ms - ms % 1000;
}

const char *
decide_reason_name(enum decide_reason reason)
{
	assert((unsigned)reason < MW_N_OF(reason_names));
	return reason_names[reason];
}

bool
decide_on_hold(const struct plan *p, const struct destination *d,
    const struct snapshot *now, int64_t now_ms)
{
	if (is_held(p, d, now, now_ms))
		return true;
	for (uint32_t i = 0; i < d->n_routes; i++) {
		const struct route *r = &d->routes[i];

		if (view_state(&now->upstreams[r->upstream], now_ms) ==
		    BREAKER_OPEN)
			continue;
		if (!r->unfiltered ||
		    route_bypass(p, d, i, now->upstreams, now_ms) ==
		    BYPASS_OK)
			return false;
	}
	return true;
}

bool
decide_is_submission(const struct plan *p, const struct client *c)
{
	if (p->submission_authenticated && c->sasl_username.len > 0)
		return true;
	for (uint32_t i = 0; i < p->n_submission_networks; i++)
		if (network_holds(&p->submission_networks[i], c->address))
			return true;
	return false;
}

/* With a catch-all destination among them, no mail of any kind can be taken. */
static bool
all_on_hold(const struct plan *p, const struct snapshot *now, int64_t now_ms)
{
	if (p->catch_all < 0)
		return false;
	for (uint32_t i = 0; i < p->n_destinations; i++)
		if (!decide_on_hold(p, &p->destinations[i], now, now_ms))
			return false;
	return true;
}

struct intake_verdict
decide_intake(const struct plan *p, const struct destination *d,
    const struct snapshot *now, const struct client *c, int64_t now_ms)
{
	const enum decide_reason reason = held_for(p, d, now, c,
	    DECIDE_ON_HOLD, now_ms);
	struct intake_verdict v = { .reason = DECIDE_FINE };

	if (reason == DECIDE_FINE)
		return v;
	v = put_off(p, d, now, reason, p->replies.hold, now_ms);
	if (all_on_hold(p, now, now_ms))
		(void)reply_make(421, v.reply.dsn,
		    "Service not available, closing transmission channel",
		    NULL, &v.reply);
	return v;
}

struct intake_verdict
decide_lease(const struct plan *p, const struct destination *d, bool granted)
{
	if (!granted)
		return deferred(p, d, DECIDE_AT_CAP, REPLY_DSN_NOT_ACCEPTING,
		    p->replies.cap);
	return (struct intake_verdict){ .reason = DECIDE_FINE };
}

struct intake_verdict
decide_late(const struct plan *p, const struct destination *d,
    const struct snapshot *now, const struct client *c, int64_t now_ms)
{
	const enum decide_reason reason = held_for(p, d, now, c, DECIDE_LATE,
	    now_ms);

	if (reason != DECIDE_FINE)
		return put_off(p, d, now, reason, p->replies.late, now_ms);
	return (struct intake_verdict){ .reason = DECIDE_FINE };
}

struct gate_verdict
decide_gate(const struct plan *p, const struct destination *d, uint32_t route,
    const struct snapshot *now, const struct shares *shares, uint32_t draw,
    int64_t now_ms)
{
	const struct route *r = &d->routes[route];
	const struct upstream_view *v = &now->upstreams[r->upstream];
	const bool held = is_held(p, d, now, now_ms);
	enum decide_reason reason = held ? DECIDE_FORCED :
	    objection(v, draw, now_ms);
	const enum bypass bypass = r->unfiltered ? route_bypass(p, d, route,
	    now->upstreams, now_ms) : BYPASS_OK;

	if (bypass != BYPASS_OK)
		return (struct gate_verdict){
			.answer = GATE_REFUSE,
			.reason = DECIDE_BYPASS,
			.bypass = bypass,
		};
	if (reason == DECIDE_FINE && is_used_up(p, d, route, shares, now_ms))
		reason = DECIDE_SHARE;
	if (p->mode == PLAN_OBSERVE)
		return (struct gate_verdict){
			.answer = GATE_GRANT,
			.reason = reason,
			.held = held,
			.would_refuse = reason != DECIDE_FINE,
		};
	if (held)
		return (struct gate_verdict){
			.answer = GATE_REFUSE,
			.reason = DECIDE_FORCED,
			.held = true,
			.next_try_ms = word_on(p, d, now)->until_ms,
		};
	if (reason != DECIDE_FINE)
		return refused(v, reason);
	return with_slot(p, view_state(v, now_ms) == BREAKER_HALF_OPEN,
	    has_alternate(p, d, route, now->upstreams, shares, now_ms));
}

enum decide_reason
decide_detour(const struct gate_prospect *p)
{
	if (p->state == BREAKER_HALF_OPEN && p->probed)
		return DECIDE_TRIAL_TAKEN;
	if (p->silent && p->busy)
		return DECIDE_SILENT;
	return DECIDE_FINE;
}

enum decide_release
decide_release(const struct plan *p, const struct destination *d,
    const struct snapshot *now, int64_t now_ms)
{
	enum decide_release best = RELEASE_NOTHING;

	if (p->mode == PLAN_OBSERVE || is_held(p, d, now, now_ms))
		return RELEASE_NOTHING;
	for (uint32_t i = 0; i < d->n_routes; i++) {
		const struct upstream_view *v =
		    &now->upstreams[d->routes[i].upstream];

		if (d->routes[i].unfiltered || !v->known)
			continue;
		if (view_state(v, now_ms) == BREAKER_HALF_OPEN)
			best = RELEASE_TRIALS;
		else if (view_allowance(v, now_ms) == 1000)
			return RELEASE_ALL;
	}
	return best;
}

struct reply
decide_held_reply(const char *who, enum decide_reason reason,
    int64_t wait_ms, const char *incident)
{
	const struct dsn dsn = reason == DECIDE_DNS ? REPLY_DSN_DIRECTORY :
	    REPLY_DSN_NOT_ACCEPTING;
	struct buf b = buf_new(REPLY_TEXT_MAX);
	char wait[24];
	struct reply reply;

	buf_addf(&b, "Mailweir: %s %s", who, phrase(reason));
	if (wait_ms >= 0)
		buf_addf(&b, ", next try in %s",
		    duration_format(whole_seconds(wait_ms), wait));
	if (incident[0] != '\0')
		buf_addf(&b, " (incident %s)", incident);
	if (!reply_make(451, dsn, buf_text(&b), NULL, &reply))
		(void)reply_make(451, dsn,
		    "Mailweir: mail has to wait", NULL, &reply);
	buf_free(&b);
	return reply;
}
