#include "lib/engine/keeper_parts.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>

#define GIVEN_MS 5		/* what is given back may wait for others */

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

		if (!keeper_tell(k, &rq))
			return false;
	}
	return true;
}

static bool
drop(struct keeper *k, const struct held_batch *b)
{
	const char *members[HELD_BATCH];
	const uint32_t n = members_of(b, members);

	return keeper_tell(k, &(struct store_request){
		.verb = STORE_LEASE_DROP,
		.name = keeper_destination(k, b->destination)->name,
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

int
keeper_ask_lease(struct keeper *k, uint32_t destination, const char *member,
    bool *out_granted)
{
	struct store_request rq = take_request(k, destination, member,
	    keeper_destination(k, destination)->cap);
	const char *drops[HELD_BATCH];
	struct held_batch batch;
	struct store_reply reply;
	bool answered;

	held_ask(k->held, destination, member, &batch);
	rq.u.lease_take.drops = drops;
	rq.u.lease_take.n_drops = members_of(&batch, drops);
	answered = store_pool_up(k->pool) && keeper_ask(k, &rq, &reply) == 0;
	held_done(k->held, &batch, answered, 0);
	if (!answered)
		return -1;
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

/* Carries what is given back, as far as it did not go with what was taken
 * meanwhile: so no session waits for it. */
void *
keeper_porter(void *arg)
{
	struct keeper *k = arg;

	keeper_hears_no_signals();
	while (rest_until_given(k) && keeper_rest(k, GIVEN_MS)) {
		atomic_store(&k->given, false);
		keeper_carry(k, HELD_DROP);
	}
	return NULL;
}
