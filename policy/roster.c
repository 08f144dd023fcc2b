#include "policy/roster.h"

#include "base/mem.h"
#include "engine/announce.h"

#include <stdio.h>
#include <string.h>


struct roster {
	struct store_port port;
	void (*count)(void *arg, uint32_t live);
	void *arg;
	char host[STORE_HOST_MAX + 1];
	bool told_of_us;
	/* Who was live when it was last read, for the one that tells of it. */
	char (*live)[STORE_HOST_MAX + 1];
	uint32_t n_live;
};

static void
ignore_answer(void *arg, const struct store_reply *reply,
    const struct err *err)
{
	(void)arg, (void)reply, (void)err;
}

static void
tell(struct roster *r, enum event_kind kind, const char *host)
{
	announce(&r->port, &(struct event){ .kind = kind, .host = host });
}

static bool
is_live(const struct store_reply *reply, const struct store_host *h)
{
	return reply->now_ms - h->seen_ms < ROSTER_LOST_MS;
}

static const struct store_host *
find(const struct store_reply *reply, const char *name)
{
	for (uint32_t i = 0; i < reply->u.hosts.n; i++)
		if (strcmp(reply->u.hosts.list[i].name, name) == 0)
			return &reply->u.hosts.list[i];
	return NULL;
}

/* One host of the fleet tells of the lost: the first by name of the live. */
static bool
we_tell(const struct roster *r, const struct store_reply *reply)
{
	for (uint32_t i = 0; i < reply->u.hosts.n; i++) {
		const struct store_host *h = &reply->u.hosts.list[i];

		if (is_live(reply, h) && strcmp(h->name, r->host) < 0)
			return false;
	}
	return true;
}

static void
tell_of_lost(struct roster *r, const struct store_reply *reply)
{
	if (!we_tell(r, reply))
		return;
	for (uint32_t i = 0; i < r->n_live; i++) {
		const struct store_host *h = find(reply, r->live[i]);

		if (h == NULL || !is_live(reply, h))
			tell(r, EVENT_HOST_LOST, r->live[i]);
	}
}

static void
hosts_known(void *arg, const struct store_reply *reply, const struct err *err)
{
	struct roster *r = arg;

	(void)err;
	if (reply == NULL)
		return;
	tell_of_lost(r, reply);
	r->live = mem_resize(r->live, reply->u.hosts.n + 1, sizeof(*r->live));
	r->n_live = 0;
	for (uint32_t i = 0; i < reply->u.hosts.n; i++)
		if (is_live(reply, &reply->u.hosts.list[i]))
			memcpy(r->live[r->n_live++],
			    reply->u.hosts.list[i].name, sizeof(*r->live));
	r->count(r->arg, r->n_live);
	if (!r->told_of_us)
		tell(r, EVENT_HOST_SEEN, r->host);
	r->told_of_us = true;
}

struct roster *
roster_new(struct store_port port, void (*count)(void *arg, uint32_t live),
    void *arg)
{
	struct roster *r = mem_new(1, sizeof(*r));

	r->port = port;
	r->count = count;
	r->arg = arg;
	return r;
}

void
roster_free(struct roster **roster)
{
	if (*roster == NULL)
		return;
	mem_free((*roster)->live);
	mem_free(*roster);
	*roster = NULL;
}

void
roster_beat(struct roster *roster, const struct config *config,
    const char *version)
{
	snprintf(roster->host, sizeof(roster->host), "%s", config->host);
	roster->port.send(roster->port.self, &(struct store_request){
		.verb = STORE_HEARTBEAT,
		.name = "",
		.u.heartbeat = {
			.host = config->host,
			.version = version,
			.digest = config->digest,
			.mode = config->plan.mode == PLAN_ENFORCE ?
			    "enforce" : "observe",
		},
	    }, ignore_answer, NULL);
	roster->port.send(roster->port.self, &(struct store_request){
		.verb = STORE_HOSTS, .name = "",
	    }, hosts_known, roster);
}
