#include "lib/engine/keeper_parts.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>

/* The store said how many there are. */
static void
note_count(struct keeper *k, uint32_t destination, uint32_t count)
{
	const uint32_t cap = keeper_destination(k, destination)->cap;
	const int64_t until_ms = clock_mono_ms() + LEASE_ROOMY_SEEN_MS;
	const bool roomy = lease_is_roomy(cap, count);

	atomic_store(&k->roomy_ms[destination], roomy ? until_ms : 0);
	atomic_store(roomy ? &k->any_roomy_ms : &k->any_tight_ms, until_ms);
}

static bool
is_roomy(const struct keeper *k, uint32_t destination)
{
	return clock_mono_ms() < atomic_load(&k->roomy_ms[destination]);
}

static bool
all_is_roomy(const struct keeper *k)
{
	const int64_t now_ms = clock_mono_ms();

	return now_ms < atomic_load(&k->any_roomy_ms) &&
	    now_ms >= atomic_load(&k->any_tight_ms);
}

static struct store_request
take_request(const struct keeper *k, uint32_t destination,
    const char *member, uint32_t limit)
{
	return (struct store_request){
		.verb = STORE_LEASE_TAKE,
		.name = keeper_destination(k, destination)->name,
		.u.lease_take = {
			.member = member,
			.limit = limit,
			.ttl_ms = k->options.plan->lease_ttl_ms,
		},
	};
}

static uint32_t
names_of(uint32_t n, const char names[][LEASE_NAME_MAX + 1],
    const char *out[HELD_BATCH])
{
	static_assert(HELD_BATCH <= STORE_MEMBERS_MAX, "one batch, one request");
	for (uint32_t i = 0; i < n; i++)
		out[i] = names[i];
	return n;
}

static uint32_t
members_of(const struct held_batch *b, const char *out[HELD_BATCH])
{
	return names_of(b->n, b->members, out);
}

static bool
enter(struct keeper *k, const struct held_batch *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		struct store_request rq = take_request(k, b->destination,
		    b->members[i], 0);

		if (!keeper_tell(k, &rq))
			return false;
	}
	return true;
}

static bool
drop(struct keeper *k, const struct held_batch *b)
{
	const char *members[HELD_BATCH], *enter[HELD_BATCH];
	struct store_reply reply;

	if (keeper_ask(k, &(struct store_request){
		.verb = STORE_LEASE_DROP,
		.name = keeper_destination(k, b->destination)->name,
		.u.lease_drop = {
			.members = members,
			.n = members_of(b, members),
			.enter = enter,
			.n_enter = names_of(b->n_enter, b->enter, enter),
			.ttl_ms = k->options.plan->lease_ttl_ms,
		},
	    }, &reply) == -1)
		return false;
	note_count(k, b->destination, reply.u.lease.count);
	store_reply_clear(&reply);
	return true;
}

static bool
renew(struct keeper *k, const struct held_batch *b, uint64_t *out_missing)
{
	const char *members[HELD_BATCH];
	struct store_reply reply;
	struct store_request rq = {
		.verb = STORE_LEASE_RENEW,
		.name = keeper_destination(k, b->destination)->name,
		.u.lease_renew = {
			.members = members,
			.n = members_of(b, members),
			.ttl_ms = k->options.plan->lease_ttl_ms,
		},
	};

	if (keeper_ask(k, &rq, &reply) == -1)
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

void
keeper_carry(struct keeper *k, enum held_work work)
{
	struct held_batch batch;
	bool answered = true;

	while (answered && held_due(k->held, work, &batch)) {
		uint64_t missing = 0;

		answered = work_off(k, &batch, &missing);
		held_done(k->held, &batch, answered, missing);
	}
}

void
keeper_drop_given(struct keeper *k)
{
	held_begin_round(k->held, HELD_DROP);
	keeper_carry(k, HELD_DROP);
}

void
keeper_wake_porter(struct keeper *k)
{
	if (!atomic_exchange(&k->given, true))
		eventfd_write(k->given_fd, 1);
}

bool
keeper_pass_lease(struct keeper *k, uint32_t destination, const char *member)
{
	return is_roomy(k, destination) &&
	    held_pass(k->held, destination, member);
}

int
keeper_ask_lease(struct keeper *k, uint32_t destination, const char *member,
    uint32_t limit, bool *out_granted)
{
	struct store_request rq = take_request(k, destination, member, limit);
	const char *drops[HELD_BATCH];
	struct held_batch batch;
	struct store_reply reply;
	bool answered;

	while (!held_ask(k->held, destination, member, &batch))
		keeper_drop_given(k);
	rq.u.lease_take.drops = drops;
	rq.u.lease_take.n_drops = members_of(&batch, drops);
	answered = store_pool_up(k->pool) && keeper_ask(k, &rq, &reply) == 0;
	held_done(k->held, &batch, answered, 0);
	if (!answered)
		return -1;
	note_count(k, destination, reply.u.lease.count);
	*out_granted = reply.u.lease.granted;
	return 0;
}

void
keeper_drop(struct keeper *k, uint32_t destination, const char *member)
{
	struct held_batch batch = { .destination = destination, .n = 1 };

	span_copy(batch.members[0], sizeof(batch.members[0]), span_of(member));
	drop(k, &batch);
}

/* Carries what is given back, as far as nobody took it over and it did not go
 * with what was taken meanwhile: so no session waits for it. */
void *
keeper_porter(void *arg)
{
	struct keeper *k = arg;

	while (rest_until_given(k) && keeper_rest(k,
	    all_is_roomy(k) ? LEASE_GIVEN_ROOMY_MS : LEASE_GIVEN_MS)) {
		atomic_store(&k->given, false);
		keeper_drop_given(k);
		if (held_owes(k->held) && store_pool_up(k->pool))
			keeper_wake_porter(k);
	}
	return NULL;
}
