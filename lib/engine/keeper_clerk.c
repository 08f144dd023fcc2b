#include "lib/engine/keeper_parts.h"

#include "base/clock.h"
#include "engine/pace.h"

#define HEARTBEAT_MS 5000

static void
read_upstream(struct keeper *k, uint32_t index)
{
	const struct upstream *u = &k->options.plan->upstreams[index];
	struct upstream_view *view;
	struct store_reply reply;
	struct store_request rq = {
		.verb = STORE_OBSERVE,
		.name = u->name,
		.u.observe.host = k->options.host,
	};

	if (keeper_ask(k, &rq, &reply) == -1) {
		/* policyd tells of this host for as long as it can be heard. */
		pthread_mutex_lock(&k->mutex);
		view = &sight_change(&k->sight)->views[index];
		view->own = (struct upstream_record){ 0 };
		pthread_mutex_unlock(&k->mutex);
		return;
	}
	pthread_mutex_lock(&k->mutex);
	view = &sight_change(&k->sight)->views[index];
	view->known = true;
	view->record = reply.u.upstream.record;
	view->own = store_alone_record(&reply, k->options.host);
	view->override = reply.u.upstream.override;
	view->preflight = reply.u.upstream.preflight;
	view->seen_ms = reply.now_ms;
	pthread_mutex_unlock(&k->mutex);
	store_reply_clear(&reply);
}

static void
read_states(struct keeper *k)
{
	for (uint32_t i = 0; i < k->options.plan->n_upstreams; i++)
		read_upstream(k, i);
}

/* The mutex is held. What is not in the queue any more, or was not counted
 * for a while, is as good as nothing. */
static void
note_backlog(struct queue *q, const struct backlog *here)
{
	if (q->counted_ms == here->at_ms)
		return;
	*q = (struct queue){ here->at_ms, here->messages, 0 };
}

/* Most readings bring nothing new, and nobody's sight is copied for them. */
static void
note_destination(struct keeper *k, uint32_t index,
    const struct store_reply *reply)
{
	const struct override *hold = &reply->u.destination.hold;
	struct queue *q = &k->queues[index];
	struct sight *s;

	pthread_mutex_lock(&k->mutex);
	note_backlog(q, &reply->u.destination.here);
	if (k->sight->queued[index] != q->counted + q->since ||
	    !override_same(&k->sight->holds[index], hold)) {
		s = sight_change(&k->sight);
		s->holds[index] = *hold;
		s->queued[index] = q->counted + q->since;
	}
	pthread_mutex_unlock(&k->mutex);
}

static void
read_holds(struct keeper *k)
{
	for (uint32_t i = 0; i < k->options.plan->n_destinations; i++) {
		struct store_reply reply;

		if (keeper_ask(k, &(struct store_request){
			.verb = STORE_DESTINATION,
			.name = keeper_destination(k, i)->name,
			.u.destination.host = k->options.host,
		    }, &reply) == -1)
			return;
		note_destination(k, i, &reply);
		store_reply_clear(&reply);
	}
}

static void
count_hosts(struct keeper *k)
{
	struct store_reply reply;
	int64_t heard_ms = 0;
	uint32_t live = 0;

	if (keeper_ask(k, &(struct store_request){ .verb = STORE_HOSTS },
	    &reply) == -1)
		return;
	for (uint32_t i = 0; i < reply.u.hosts.n; i++)
		heard_ms = census_heard(heard_ms,
		    reply.u.hosts.list[i].seen_ms, reply.now_ms);
	for (uint32_t i = 0; i < reply.u.hosts.n; i++)
		live += census_lives(reply.u.hosts.list[i].seen_ms, heard_ms);
	atomic_store(&k->hosts, census_take(&k->census, reply.u.hosts.n, live,
	    heard_ms, clock_mono_ms()));
	store_reply_clear(&reply);
}

static void
beat(struct keeper *k)
{
	const struct keeper_options *o = &k->options;

	keeper_tell(k, &(struct store_request){
		.verb = STORE_HEARTBEAT,
		.u.heartbeat = {
			.host = o->host,
			.version = o->version,
			.digest = o->digest,
			.mode = o->plan->mode == PLAN_ENFORCE ?
			    "enforce" : "observe",
		},
	});
	count_hosts(k);
}

static bool
is_time(int64_t *at, int64_t every_ms, int64_t now_ms)
{
	if (now_ms < *at)
		return false;
	*at = now_ms + every_ms;
	return true;
}

void
keeper_send_tally(struct keeper *k)
{
	for (uint32_t i = 0; i < k->options.plan->n_destinations; i++) {
		struct store_request rq = {
			.verb = STORE_COUNT,
			.name = keeper_destination(k, i)->name,
		};

		if (tally_take(k->tally, i, rq.u.count.add) && !keeper_tell(k, &rq))
			tally_put_back(k->tally, i, rq.u.count.add);
	}
}

void
keeper_tick(struct keeper *k, int64_t now_ms)
{
	const struct plan *plan = k->options.plan;
	const uint32_t hosts = atomic_load(&k->hosts);

	if (is_time(&k->states_at, pace_ms(PACE_LOOK, hosts,
	    plan->n_upstreams), now_ms))
		read_states(k);
	if (is_time(&k->holds_at, pace_ms(PACE_LOOK_HOLDS, hosts,
	    plan->n_destinations), now_ms))
		read_holds(k);
	held_forget(k->held, now_ms);
	keeper_drop_given(k);
	if (is_time(&k->renew_at, plan->lease_ttl_ms / 3, now_ms))
		held_begin_round(k->held, HELD_RENEW);
	keeper_carry(k, HELD_RENEW);
	keeper_carry(k, HELD_ENTER);
	if (is_time(&k->tally_at, pace_ms(PACE_COUNTERS, hosts,
	    plan->n_destinations), now_ms))
		keeper_send_tally(k);
	if (is_time(&k->beat_at, HEARTBEAT_MS, now_ms))
		beat(k);
}

void *
keeper_clerk(void *arg)
{
	struct keeper *k = arg;

	while (keeper_rest(k, k->tick_ms))
		keeper_tick(k, clock_mono_ms());
	return NULL;
}
