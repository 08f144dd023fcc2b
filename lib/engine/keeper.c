#include "engine/keeper.h"

#include "base/clock.h"
#include "base/mem.h"
#include "core/census.h"
#include "engine/held.h"
#include "engine/pace.h"
#include "engine/sight.h"
#include "engine/tally.h"
#include "store/pool.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TICK_MS 500		/* leases are put right */
#define HEARTBEAT_MS 5000
#define GIVEN_MS 5		/* what is given back may wait for others */

/* What waits for a destination: as counted last, and taken in since. */
struct queue {
	int64_t counted_ms;
	uint32_t counted, since;
};

struct keeper {
	struct keeper_options options;
	struct store_pool *pool;
	struct held *held;
	struct tally *tally;
	_Atomic int64_t offset_ms;	/* the fleet's clock less the local one */
	_Atomic uint32_t hosts;		/* live ones when last known */

	pthread_mutex_t mutex;		/* guards sight and queues */
	struct sight *sight;
	struct queue *queues;

	pthread_t clerk, porter;
	bool running;
	int stop[2];			/* a pipe; closing it ends both */
	int given_fd;			/* wakes the porter ... */
	atomic_bool given;		/* ... who has been woken already */
	int64_t tick_ms;
	/* The clerk's. */
	struct census census;
	int64_t states_at, holds_at, renew_at, tally_at, beat_at;
};

static int
ask(struct keeper *k, const struct store_request *request,
    struct store_reply *out)
{
	struct err err;

	if (store_pool_call(k->pool, request, out, &err) == -1)
		return -1;
	atomic_store(&k->offset_ms, out->now_ms - clock_mono_ms());
	return 0;
}

/* Ask where only success matters. */
static bool
tell(struct keeper *k, const struct store_request *request)
{
	struct store_reply reply;

	if (ask(k, request, &reply) == -1)
		return false;
	store_reply_clear(&reply);
	return true;
}

static const struct destination *
destination_of(const struct keeper *k, uint32_t destination)
{
	return &k->options.plan->destinations[destination];
}

/* This host's part of a cap while nobody can be asked; 0: no cap. */
static uint32_t
share_of(struct keeper *k, uint32_t cap)
{
	uint32_t share = cap / atomic_load(&k->hosts);

	return cap > 0 && share == 0 ? 1 : share;
}

static struct store_request
take_request(const struct keeper *k, uint32_t destination,
    const char *member, uint32_t limit)
{
	return (struct store_request){
		.verb = STORE_LEASE_TAKE,
		.name = destination_of(k, destination)->name,
		.u.lease_take = {
			.member = member,
			.limit = limit,
			.ttl_ms = k->options.plan->lease_ttl_ms,
		},
	};
}

static uint32_t
members_of(const struct held_batch *b, const char *out[HELD_BATCH])
{
	static_assert(HELD_BATCH <= STORE_MEMBERS_MAX, "one batch, one request");
	for (uint32_t i = 0; i < b->n; i++)
		out[i] = b->members[i];
	return b->n;
}

static bool
enter(struct keeper *k, const struct held_batch *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		struct store_request rq = take_request(k, b->destination,
		    b->members[i], 0);

		if (!tell(k, &rq))
			return false;
	}
	return true;
}

static const struct held_batch *
batch_of_one(struct held_batch *b, uint32_t destination, const char *member)
{
	b->destination = destination;
	b->n = 1;
	span_copy(b->members[0], sizeof(b->members[0]), span_of(member));
	return b;
}

static bool
drop(struct keeper *k, const struct held_batch *b)
{
	const char *members[HELD_BATCH];
	const uint32_t n = members_of(b, members);

	return tell(k, &(struct store_request){
		.verb = STORE_LEASE_DROP,
		.name = destination_of(k, b->destination)->name,
		.u.lease_drop = { members, n },
	});
}

static bool
renew(struct keeper *k, const struct held_batch *b, uint64_t *out_missing)
{
	const char *members[HELD_BATCH];
	struct store_reply reply;
	struct store_request rq = {
		.verb = STORE_LEASE_RENEW,
		.name = destination_of(k, b->destination)->name,
		.u.lease_renew = {
			.members = members,
			.n = members_of(b, members),
			.ttl_ms = k->options.plan->lease_ttl_ms,
		},
	};

	if (ask(k, &rq, &reply) == -1)
		return false;
	*out_missing = reply.u.renew.missing;
	store_reply_clear(&reply);
	return true;
}

static bool
work_off(struct keeper *k, const struct held_batch *b, uint64_t *out_missing)
{
	switch (b->work) {
	case HELD_ENTER:
		return enter(k, b);
	case HELD_RENEW:
		return renew(k, b, out_missing);
	case HELD_DROP:
		return drop(k, b);
	}
	return false;
}

/* Do all that is due of one kind, or as much as the store takes. */
static void
carry(struct keeper *k, enum held_work work)
{
	struct held_batch batch;
	bool answered = true;

	while (answered && held_due(k->held, work, &batch)) {
		uint64_t missing = 0;

		answered = work_off(k, &batch, &missing);
		held_done(k->held, &batch, answered, missing);
	}
}

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

	if (ask(k, &rq, &reply) == -1) {
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

		if (ask(k, &(struct store_request){
			.verb = STORE_DESTINATION,
			.name = destination_of(k, i)->name,
			.u.destination.host = k->options.host,
		    }, &reply) == -1)
			return;
		note_destination(k, i, &reply);
		store_reply_clear(&reply);
	}
}

static void
send_tally(struct keeper *k)
{
	for (uint32_t i = 0; i < k->options.plan->n_destinations; i++) {
		struct store_request rq = {
			.verb = STORE_COUNT,
			.name = destination_of(k, i)->name,
		};

		if (tally_take(k->tally, i, rq.u.count.add) && !tell(k, &rq))
			tally_put_back(k->tally, i, rq.u.count.add);
	}
}

static void
count_hosts(struct keeper *k)
{
	struct store_reply reply;
	int64_t heard_ms = 0;
	uint32_t live = 0;

	if (ask(k, &(struct store_request){ .verb = STORE_HOSTS },
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

	tell(k, &(struct store_request){
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

static void
tick(struct keeper *k, int64_t now_ms)
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
	carry(k, HELD_DROP);
	if (is_time(&k->renew_at, plan->lease_ttl_ms / 3, now_ms))
		held_begin_round(k->held);
	carry(k, HELD_RENEW);
	carry(k, HELD_ENTER);
	if (is_time(&k->tally_at, pace_ms(PACE_COUNTERS, hosts,
	    plan->n_destinations), now_ms))
		send_tally(k);
	if (is_time(&k->beat_at, HEARTBEAT_MS, now_ms))
		beat(k);
}

/* Wait so long; false when the end has come. */
static bool
rest(const struct keeper *k, int64_t ms)
{
	struct pollfd end = { .fd = k->stop[0], .events = POLLIN };
	int n = poll(&end, 1, (int)ms);

	return n == 0 || (n == -1 && errno == EINTR);
}

/* Signals are the program's own affair. */
static void
hear_no_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
}

static void *
clerk(void *arg)
{
	struct keeper *k = arg;

	hear_no_signals();
	while (rest(k, k->tick_ms))
		tick(k, clock_mono_ms());
	return NULL;
}

/* Wait until something was given back; false when the end has come. */
static bool
rest_until_given(struct keeper *k)
{
	struct pollfd fds[] = {
		{ .fd = k->stop[0], .events = POLLIN },
		{ .fd = k->given_fd, .events = POLLIN },
	};
	eventfd_t times;

	while (poll(fds, MW_N_OF(fds), -1) == -1 && errno == EINTR)
		continue;
	return fds[0].revents == 0 && eventfd_read(k->given_fd, &times) == 0;
}

/* Carries what is given back, as far as it did not go with what was taken
 * meanwhile: so no session waits for it. */
static void *
porter(void *arg)
{
	struct keeper *k = arg;

	hear_no_signals();
	while (rest_until_given(k) && rest(k, GIVEN_MS)) {
		atomic_store(&k->given, false);
		carry(k, HELD_DROP);
	}
	return NULL;
}

static int
failed(struct err *err, const char *what, int error)
{
	return err_set(err, ERR_SYSTEM, "%s: %s", what, strerror(error));
}

static int
start_threads(struct keeper *k, struct err *err)
{
	int error;

	error = pthread_create(&k->clerk, NULL, clerk, k);
	if (error != 0)
		return failed(err, "thread", error);
	error = pthread_create(&k->porter, NULL, porter, k);
	if (error != 0) {
		close(k->stop[1]);
		k->stop[1] = -1;
		pthread_join(k->clerk, NULL);
		return failed(err, "thread", error);
	}
	k->running = true;
	return 0;
}

static int
open_pipes(struct keeper *k, struct err *err)
{
	k->given_fd = eventfd(0, EFD_CLOEXEC);
	if (pipe2(k->stop, O_CLOEXEC) == -1 || k->given_fd == -1)
		return failed(err, "pipe", errno);
	return 0;
}

struct keeper *
keeper_new(const struct keeper_options *options, struct err *err)
{
	struct keeper *k = mem_new(1, sizeof(*k));
	const struct plan *plan = options->plan;

	k->options = *options;
	k->pool = store_pool_new(&options->store, options->health,
	    options->health_arg);
	k->held = held_new(plan->n_destinations);
	k->tally = tally_new(plan->n_destinations);
	k->offset_ms = clock_wall_ms() - clock_mono_ms();
	k->hosts = 1;
	pthread_mutex_init(&k->mutex, NULL);
	k->sight = sight_new(plan);
	k->queues = mem_new(plan->n_destinations, sizeof(*k->queues));
	k->tick_ms = plan->lease_ttl_ms / 3 < TICK_MS ?
	    plan->lease_ttl_ms / 3 : TICK_MS;
	k->stop[0] = k->stop[1] = -1;
	tick(k, clock_mono_ms());
	if (open_pipes(k, err) == -1 || start_threads(k, err) == -1)
		keeper_free(&k);
	return k;
}

void
keeper_close(struct keeper *k)
{
	if (!k->running)
		return;
	k->running = false;
	close(k->stop[1]);
	k->stop[1] = -1;
	pthread_join(k->clerk, NULL);
	pthread_join(k->porter, NULL);
	held_close(k->held, INT64_MAX);
	carry(k, HELD_DROP);
	send_tally(k);
}

void
keeper_free(struct keeper **keeper)
{
	struct keeper *k = *keeper;

	if (k == NULL)
		return;
	keeper_close(k);
	close(k->stop[0]);
	close(k->stop[1]);
	close(k->given_fd);
	store_pool_free(&k->pool);
	held_free(&k->held);
	tally_free(&k->tally);
	pthread_mutex_destroy(&k->mutex);
	sight_unpin(&k->sight->now);
	mem_free(k->queues);
	mem_free(k);
	*keeper = NULL;
}

static bool
take_below_share(struct keeper *k, uint32_t destination, const char *member)
{
	return held_add_below(k->held, destination, member,
	    share_of(k, destination_of(k, destination)->cap));
}

bool
keeper_take(struct keeper *k, uint32_t destination, const char *member)
{
	const uint32_t cap = destination_of(k, destination)->cap;
	struct store_request rq = take_request(k, destination, member, cap);
	struct store_reply reply;
	const char *drops[HELD_BATCH];
	struct held_batch batch;
	bool answered;

	/* A link that is down is tried by the clerk; no mail waits for it. */
	if (!store_pool_up(k->pool))
		return take_below_share(k, destination, member);
	held_ask(k->held, destination, member, &batch);
	rq.u.lease_take.drops = drops;
	rq.u.lease_take.n_drops = members_of(&batch, drops);
	answered = store_pool_up(k->pool) && ask(k, &rq, &reply) == 0;
	held_done(k->held, &batch, answered, 0);
	if (!answered && take_below_share(k, destination, member))
		return true;
	if (!answered) {	/* it may have been granted all the same */
		keeper_give_back(k, destination, member);
		return false;
	}
	if (!reply.u.lease.granted) {
		held_denied(k->held, destination, member);
		return false;
	}
	if (!held_add(k->held, destination, member))
		drop(k, batch_of_one(&batch, destination, member));
	return true;
}

void
keeper_give_back(struct keeper *k, uint32_t destination, const char *member)
{
	held_give(k->held, destination, member,
	    clock_mono_ms() + k->options.plan->lease_ttl_ms);
	if (!atomic_exchange(&k->given, true))
		eventfd_write(k->given_fd, 1);
}

const struct snapshot *
keeper_look(struct keeper *k, int64_t *out_now_ms)
{
	const struct snapshot *seen;

	pthread_mutex_lock(&k->mutex);
	seen = sight_pin(k->sight);
	pthread_mutex_unlock(&k->mutex);
	*out_now_ms = clock_mono_ms() + atomic_load(&k->offset_ms);
	return seen;
}

void
keeper_look_away(struct keeper *k, const struct snapshot *seen)
{
	pthread_mutex_lock(&k->mutex);
	sight_unpin(seen);
	pthread_mutex_unlock(&k->mutex);
}

void
keeper_count_verdict(struct keeper *k, uint32_t destination,
    const struct intake_verdict *verdict)
{
	tally_verdict(k->tally, destination, verdict);
}

void
keeper_count_accepted(struct keeper *k, uint32_t destination, bool waits)
{
	tally_add(k->tally, destination, DEST_ACCEPTED, 1);
	if (!waits)
		return;
	pthread_mutex_lock(&k->mutex);
	k->queues[destination].since++;
	sight_change(&k->sight)->queued[destination]++;
	pthread_mutex_unlock(&k->mutex);
}
