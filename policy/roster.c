#include "policy/roster.h"

#include "base/clock.h"
#include "base/mem.h"
#include "core/census.h"
#include "engine/announce.h"

#include <stdio.h>
#include <string.h>

struct roster {
	struct store_port port;
	void (*count)(void *arg, uint32_t live);
	void *arg;
	char host[STORE_HOST_MAX + 1];
	bool told_of_us;
	struct census census;
	/* As it was last read. */
	struct store_host *hosts;
	uint32_t n_hosts;
	int64_t heard_ms;	/* when the last of them was heard */
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

static int64_t
heard_ms(const struct store_reply *reply)
{
	int64_t ms = 0;

	for (uint32_t i = 0; i < reply->u.hosts.n; i++)
		ms = census_heard(ms, reply->u.hosts.list[i].seen_ms,
		    reply->now_ms);
	return ms;
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
we_tell(const struct roster *r, const struct store_reply *reply,
    int64_t heard)
{
	for (uint32_t i = 0; i < reply->u.hosts.n; i++) {
		const struct store_host *h = &reply->u.hosts.list[i];

		if (census_lives(h->seen_ms, heard) &&
		    strcmp(h->name, r->host) < 0)
			return false;
	}
	return true;
}

static void
tell_of_lost(struct roster *r, const struct store_reply *reply,
    int64_t heard)
{
	if (census_resumes(r->heard_ms, heard) || !we_tell(r, reply, heard))
		return;
	for (uint32_t i = 0; i < r->n_hosts; i++) {
		const struct store_host *h = find(reply, r->hosts[i].name);

		if (census_lives(r->hosts[i].seen_ms, r->heard_ms) &&
		    (h == NULL || !census_lives(h->seen_ms, heard)))
			tell(r, EVENT_HOST_LOST, r->hosts[i].name);
	}
}

static void
hosts_known(void *arg, const struct store_reply *reply, const struct err *err)
{
	struct roster *r = arg;
	int64_t heard;
	uint32_t live = 0;

	(void)err;
	if (reply == NULL)
		return;
	heard = heard_ms(reply);
	tell_of_lost(r, reply, heard);
	r->n_hosts = reply->u.hosts.n;
	r->heard_ms = heard;
	r->hosts = mem_resize(r->hosts, r->n_hosts + 1, sizeof(*r->hosts));
	for (uint32_t i = 0; i < r->n_hosts; i++) {
		r->hosts[i] = reply->u.hosts.list[i];
		live += census_lives(r->hosts[i].seen_ms, heard);
	}
	r->count(r->arg, census_take(&r->census, r->n_hosts, live, heard,
	    clock_mono_ms()));
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
	mem_free((*roster)->hosts);
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

const struct store_host *
roster_hosts(const struct roster *roster, uint32_t *out_n)
{
	*out_n = roster->n_hosts;
	return roster->hosts;
}
