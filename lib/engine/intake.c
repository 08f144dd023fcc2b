#include "engine/intake.h"

#include "base/mem.h"
#include "core/plan.h"
#include "store/local.h"

#include <stdio.h>

/* A lease that was given back; the store does not know yet. */
struct given {
	struct given *next;
	char destination[PLAN_NAME_MAX + 1];
	char member[STORE_MEMBER_MAX + 1];
};

struct intake {
	struct intake_options options;
	struct store_local *local;
	uint32_t hosts;
	struct given *given;
	uint32_t n_given;	/* at most STORE_MEMBERS_MAX */
};

/* Given back in one request. */
struct drops {
	struct given *list;
	const char *members[STORE_MEMBERS_MAX];
	uint32_t n;
};

struct asking {
	struct intake *intake;
	char destination[PLAN_NAME_MAX + 1];
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

	if (store_local_call(a->intake->local, &request,
	    a->intake->options.clock(), &reply, &err) < 0)
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
	bool granted;

	(void)err;
	if (reply == NULL)
		granted = take_locally(a, share_of(a->intake, a->cap));
	else {
		granted = reply->u.lease.granted;
		if (granted)
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

static void
send(const struct intake *in, const struct store_request *request,
    store_done *done, void *arg)
{
	in->options.port.send(in->options.port.self, request, done, arg);
}

/* What was given back of this destination. */
static struct drops
take_out(struct intake *in, const char *destination)
{
	struct drops drops = { .n = 0 };
	struct given **at = &in->given;

	while (*at != NULL) {
		struct given *g = *at;

		if (strcmp(g->destination, destination) != 0) {
			at = &g->next;
			continue;
		}
		*at = g->next;
		g->next = drops.list;
		drops.list = g;
		drops.members[drops.n++] = g->member;
	}
	in->n_given -= drops.n;
	return drops;
}

static void
drops_free(struct drops *drops)
{
	while (drops->list != NULL) {
		struct given *g = drops->list;

		drops->list = g->next;
		mem_free(g);
	}
}

struct intake *
intake_new(const struct intake_options *options)
{
	struct intake *intake = mem_new(1, sizeof(*intake));

	intake->options = *options;
	intake->local = store_local_new();
	intake->hosts = 1;
	return intake;
}

void
intake_free(struct intake **intake)
{
	struct drops left = { .list = NULL };

	if (*intake == NULL)
		return;
	left.list = (*intake)->given;
	drops_free(&left);
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
	struct drops drops = take_out(intake, lease->destination);
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
	request.u.lease_take.drops = drops.members;
	request.u.lease_take.n_drops = drops.n;
	send(intake, &request, answered, a);
	drops_free(&drops);
}

void
intake_drop(struct intake *intake, const char *destination,
    const char *member)
{
	const struct store_request request = {
		.verb = STORE_LEASE_DROP,
		.name = destination,
		.u.lease_drop = { .members = &member, .n = 1 },
	};
	struct given *g;
	struct store_reply reply;
	struct err err;

	/* It cannot fail: dropping needs no room. */
	if (store_local_call(intake->local, &request,
	    intake->options.clock(), &reply, &err) < 0)
		return;
	g = mem_new(1, sizeof(*g));
	snprintf(g->destination, sizeof(g->destination), "%s", destination);
	snprintf(g->member, sizeof(g->member), "%s", member);
	g->next = intake->given;
	intake->given = g;
	if (++intake->n_given == STORE_MEMBERS_MAX)
		intake_flush(intake);
	else if (intake->n_given == 1)
		intake->options.given(intake->options.arg);
}

void
intake_flush(struct intake *intake)
{
	while (intake->given != NULL) {
		char destination[PLAN_NAME_MAX + 1];
		struct drops drops;

		memcpy(destination, intake->given->destination,
		    sizeof(destination));
		drops = take_out(intake, destination);
		send(intake, &(struct store_request){
			.verb = STORE_LEASE_DROP,
			.name = destination,
			.u.lease_drop = {
				.members = drops.members, .n = drops.n,
			},
		    }, ignore_answer, NULL);
		drops_free(&drops);
	}
}
