#include "lib/engine/keeper_parts.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TICK_MS 500		/* leases are put right */

static int
start_threads(struct keeper *k, struct err *err)
{
	if (thread_start(keeper_clerk, k, &k->clerk, err) == -1)
		return -1;
	if (thread_start(keeper_porter, k, &k->porter, err) == -1) {
		close(k->stop[1]);
		k->stop[1] = -1;
		pthread_join(k->clerk, NULL);
		return -1;
	}
	k->running = true;
	return 0;
}

static int
open_pipes(struct keeper *k, struct err *err)
{
	k->given_fd = eventfd(0, EFD_CLOEXEC);
	if (pipe2(k->stop, O_CLOEXEC) == -1 || k->given_fd == -1)
		return err_set(err, ERR_SYSTEM, "pipe: %s", strerror(errno));
	return 0;
}

static bool
take_below_share(struct keeper *k, uint32_t destination, const char *member)
{
	return held_add_below(k->held, destination, member,
	    lease_share(keeper_destination(k, destination)->cap,
	    atomic_load(&k->hosts)));
}

int
keeper_ask(struct keeper *k, const struct store_request *request,
    struct store_reply *out)
{
	struct err err;

	if (store_pool_call(k->pool, request, out, &err) == -1)
		return -1;
	atomic_store(&k->offset_ms, out->now_ms - clock_mono_ms());
	return 0;
}

bool
keeper_tell(struct keeper *k, const struct store_request *request)
{
	struct store_reply reply;

	if (keeper_ask(k, request, &reply) == -1)
		return false;
	store_reply_clear(&reply);
	return true;
}

const struct destination *
keeper_destination(const struct keeper *k, uint32_t destination)
{
	return &k->options.plan->destinations[destination];
}

bool
keeper_rest(const struct keeper *k, int64_t ms)
{
	struct pollfd end = { .fd = k->stop[0], .events = POLLIN };
	int n = poll(&end, 1, (int)ms);

	return n == 0 || (n == -1 && errno == EINTR);
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
	k->roomy_ms = mem_new(plan->n_destinations, sizeof(*k->roomy_ms));
	k->tick_ms = plan->lease_ttl_ms / 3 < TICK_MS ?
	    plan->lease_ttl_ms / 3 : TICK_MS;
	k->stop[0] = k->stop[1] = -1;
	keeper_tick(k, clock_mono_ms());
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
	keeper_drop_given(k);
	keeper_send_tally(k);
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
	mem_free((void *)k->roomy_ms);
	mem_free(k);
	*keeper = NULL;
}

bool
keeper_take(struct keeper *k, uint32_t destination, const char *member)
{
	const uint32_t cap = keeper_destination(k, destination)->cap;
	/* Back again, the store does not count these yet. */
	const uint32_t unheard = cap > 0 ? held_unheard(k->held, destination) : 0;
	bool granted;

	/* A link that is down is tried by the clerk; no mail waits for it. */
	if (!store_pool_up(k->pool) || (cap > 0 && unheard >= cap))
		return take_below_share(k, destination, member);
	if (keeper_pass_lease(k, destination, member))
		return true;
	if (keeper_ask_lease(k, destination, member, cap - unheard,
	    &granted) == -1) {
		if (take_below_share(k, destination, member))
			return true;
		/* It may have been granted all the same. */
		keeper_give_back(k, destination, member);
		return false;
	}
	if (!granted) {
		held_denied(k->held, destination, member);
		return false;
	}
	if (!held_add(k->held, destination, member))
		keeper_drop(k, destination, member);
	return true;
}

void
keeper_give_back(struct keeper *k, uint32_t destination, const char *member)
{
	held_give(k->held, destination, member,
	    clock_mono_ms() + k->options.plan->lease_ttl_ms);
	keeper_wake_porter(k);
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
