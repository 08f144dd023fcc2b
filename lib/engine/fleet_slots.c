#include "lib/engine/fleet_parts.h"

#include <assert.h>

static_assert(LINE_GRANT_MS < FLEET_SLOTS_TTL_MS,
    "nobody spends what the store may have given to others");

/* What was taken back is free for those who wait elsewhere once the store
 * hears that we know of it. */
static bool
others_wait(const struct report *r, const struct store_reply *reply)
{
	return reply->u.slots.granted < r->held &&
	    reply->u.slots.waiting > r->waiting;
}

static void
reported(void *arg, const struct store_reply *reply, const struct err *err)
{
	struct fleet_upstream *u = arg;
	const struct report *r = &u->report;
	struct fleet *f = u->fleet;

	(void)err;
	u->reporting = false;
	if (reply == NULL)
		u->slots_at_ms = fleet_now(f) + FLEET_RETRY_MS;
	else
		fleet_note_time(f, reply);
	if (reply != NULL && others_wait(r, reply))
		u->slots_at_ms = 0;
	if (r->epoch != u->epoch) {
		u->slots_at_ms = 0;
		return;
	}
	line_grant(u->line, reply != NULL ? reply->u.slots.granted : r->held,
	    u->slots_sent_ms);
	line_serve(u->line, fleet_now(f));
}

/*
 * Until the answer is here, nothing is spent beyond what is reported as in
 * use: the store may give the rest to another host in the same moment.
 */
static void
report_now(struct fleet_upstream *u)
{
	const struct line_state s = line_state(u->line, fleet_now(u->fleet));
	const bool busy = s.in_use + s.old > 0 || s.waiting > 0;

	u->report = (struct report){ u->epoch, s.granted, s.waiting };
	line_void(u->line);
	u->reporting = true;
	u->was_short = line_is_short(u->line, fleet_now(u->fleet));
	u->slots_sent_ms = fleet_now(u->fleet);
	u->slots_at_ms = fleet_now(u->fleet) +
	    fleet_pace(u->fleet, busy ? PACE_SLOTS : PACE_SLOTS_IDLE);
	fleet_send(u->fleet, &(struct store_request){
		.verb = STORE_SLOTS,
		.name = u->name,
		.u.slots = {
			.host = u->fleet->host,
			.in_use = s.in_use,
			.waiting = s.waiting,
			.old = s.old,
			.held = s.granted,
			.cap = fleet_connections(u),
			.limit = fleet_limit(u),
			.ttl_ms = FLEET_SLOTS_TTL_MS,
			.settle_ms = FLEET_SETTLE_MS,
		},
	    }, reported, u);
}

static bool
report_is_due(const struct fleet_upstream *u, int64_t now_ms)
{
	if (u->reporting)
		return false;
	return now_ms >= u->slots_at_ms ||
	    (line_is_short(u->line, now_ms) &&
	    now_ms >= u->slots_sent_ms + fleet_pace(u->fleet,
	    u->was_short ? PACE_SLOTS_SHORT : PACE_SLOTS_WANTED));
}

/*
 * The last trial of the fleet was ours, and failed. Where our own link is what
 * is broken, the next one would fail as well, for all: so others come first
 * for as long as a first wait.
 */
static bool
gives_way(const struct fleet_upstream *u, int64_t fleet_ms)
{
	const struct breaker *b = &u->view.record.breaker;

	return b->state == BREAKER_HALF_OPEN &&
	    view_state(&u->view, fleet_ms) == BREAKER_HALF_OPEN &&
	    b->trips == u->failed_trips && u->fleet->hosts > 1 &&
	    fleet_ms - b->since_ms < u->rules.open_for_ms;
}

/*
 * The line's limit is what this host's own breaker says, an operator's word
 * included. Who waits in line when it falls to nothing goes elsewhere.
 */
static void
follow_limit(struct fleet_upstream *u, int64_t now_ms)
{
	const int64_t fleet_ms = fleet_time(u->fleet, now_ms);
	const uint32_t limit = gives_way(u, fleet_ms) ? 0 :
	    view_own_connections(&u->view, fleet_ms);

	if (limit == u->limit)
		return;
	u->limit = limit;
	line_set_limit(u->line, limit);
	if (limit == 0)
		line_expire(u->line, INT64_MAX);
	u->slots_at_ms = 0;
}

uint32_t
fleet_held(const struct fleet_upstream *u)
{
	return u->reporting && u->report.epoch == u->epoch ? u->report.held :
	    line_state(u->line, fleet_now(u->fleet)).granted;
}

void
fleet_slots_tick(struct fleet_upstream *u, int64_t now_ms)
{
	follow_limit(u, now_ms);
	line_serve(u->line, now_ms);
	line_expire(u->line, now_ms);
	if (report_is_due(u, now_ms))
		report_now(u);
}
