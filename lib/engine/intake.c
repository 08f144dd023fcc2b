#include "engine/intake.h"

#include "base/mem.h"
#include "store/local.h"

#include <stdio.h>

struct intake {
	struct store_port port;
	int64_t (*clock)(void);
	bool milter;
	struct store_local *local;
	uint32_t hosts;
};

struct asking {
	struct intake *intake;
	char destination[64];
	char member[STORE_MEMBER_MAX + 1];
	uint32_t cap;
	int64_t ttl_ms;
	intake_done *done;
	void *arg;
};

static struct store_request
take_request(const struct asking *a, uint32_t limit)
{
	return (struct store_request){
		.verb = STORE_LEASE_TAKE,
		.name = a->destination,
		.u.lease_take = {
			.member = a->member,
			.limit = limit,
			.ttl_ms = a->ttl_ms,
		},
	};
}

/* A bound that is reached counts as a cap that is reached. */
static bool
take_locally(struct asking *a, uint32_t limit)
{
	const struct store_request request = take_request(a, limit);
	struct store_reply reply;
	struct err err;

	if (store_local_call(a->intake->local, &request, a->intake->clock(),
	    &reply, &err) < 0)
		return false;
	return reply.u.lease.granted;
}

static uint32_t
share_of(const struct intake *intake, uint32_t cap)
{
	const uint32_t share = cap / intake->hosts;

	return share > 0 ? share : 1;
}

static void
answered(void *arg, const struct store_reply *reply, const struct err *err)
{
	struct asking *a = arg;
	const bool milter = a->intake->milter;
	bool granted;

	(void)err;
	if (reply == NULL)
		granted = milter ||
		    take_locally(a, share_of(a->intake, a->cap));
	else {
		granted = reply->u.lease.granted;
		if (granted && !milter)
			take_locally(a, 0);
	}
	a->done(a->arg, granted);
	mem_free(a);
}

static void
ignore_answer(void *arg, const struct store_reply *reply,
    const struct err *err)
{
	(void)arg, (void)reply, (void)err;
}

struct intake *
intake_new(const struct intake_options *options)
{
	struct intake *intake = mem_new(1, sizeof(*intake));

	intake->port = options->port;
	intake->clock = options->clock;
	intake->milter = options->milter;
	intake->local = store_local_new();
	intake->hosts = 1;
	return intake;
}

void
intake_free(struct intake **intake)
{
	if (*intake == NULL)
		return;
	store_local_free(&(*intake)->local);
	mem_free(*intake);
	*intake = NULL;
}

void
intake_set_hosts(struct intake *intake, uint32_t hosts)
{
	intake->hosts = hosts > 0 ? hosts : 1;
}

void
intake_take(struct intake *intake, const struct intake_lease *lease,
    intake_done *done, void *arg)
{
	struct asking *a = mem_new(1, sizeof(*a));
	struct store_request request;

	a->intake = intake;
	a->cap = lease->cap > 0 ? lease->cap : UINT32_MAX;
	a->ttl_ms = lease->ttl_ms;
	a->done = done;
	a->arg = arg;
	snprintf(a->destination, sizeof(a->destination), "%s",
	    lease->destination);
	snprintf(a->member, sizeof(a->member), "%s", lease->member);
	request = take_request(a, lease->cap);
	intake->port.send(intake->port.self, &request, answered, a);
}

void
intake_drop(struct intake *intake, const char *destination,
    const char *member)
{
	const struct store_request request = {
		.verb = STORE_LEASE_DROP,
		.name = destination,
		.u.lease_drop = { .member = member },
	};
	struct store_reply reply;
	struct err err;

	/* It cannot fail: dropping needs no room. */
	if (store_local_call(intake->local, &request, intake->clock(), &reply,
	    &err) < 0)
		return;
	intake->port.send(intake->port.self, &request, ignore_answer, NULL);
}
