#include "store/local.h"

#include <string.h>

#include "base/mem.h"
#include "base/printable.h"
#include "base/table.h"
#include "events.h"
#include "leases.h"
#include "outcomes.h"
#include "slots.h"

#define THINGS_MAX 65536	/* destinations, or upstreams */
#define HOSTS_MAX 1000
#define FORGET_BACKLOG_MS INT64_C(86400000)
#define FORGET_HOST_MS (7 * INT64_C(86400000))

struct backlog_row {
	char host[STORE_HOST_MAX + 1];
	struct backlog backlog;
};

struct destination_state {
	char *name;
	struct leases leases;
	struct override hold;
	uint64_t counters[DEST_COUNTERS];
	struct backlog_row *backlogs;
	uint32_t n_backlogs;
};

struct upstream_state {
	char *name;
	struct outcomes outcomes;
	struct override override;
	struct preflight preflight;
	struct slots slots;
	uint32_t in_use, waiting;
};

struct store_local {
	struct destination_state **destinations;
	uint32_t n_destinations;
	struct table *names;		/* their indices */
	struct upstream_state **upstreams;
	uint32_t n_upstreams;
	struct store_host *hosts;
	uint32_t n_hosts;
	struct events events;
};

static struct destination_state *
destination_of(struct store_local *l, const char *name)
{
	uint64_t index;

	if (table_get(l->names, span_of(name), &index))
		return l->destinations[index];
	if (l->n_destinations == THINGS_MAX)
		return NULL;
	table_add(l->names, span_of(name), l->n_destinations, NULL);
	l->destinations = mem_resize(l->destinations, l->n_destinations + 1,
	    sizeof(l->destinations[0]));
	struct destination_state *d = mem_new(1, sizeof(*d));
	d->name = mem_dup(name);
	l->destinations[l->n_destinations++] = d;
	return d;
}

static struct upstream_state *
upstream_of(struct store_local *l, const char *name)
{
	for (uint32_t i = 0; i < l->n_upstreams; i++)
		if (strcmp(l->upstreams[i]->name, name) == 0)
			return l->upstreams[i];
	if (l->n_upstreams == THINGS_MAX)
		return NULL;
	l->upstreams = mem_resize(l->upstreams, l->n_upstreams + 1,
	    sizeof(l->upstreams[0]));
	struct upstream_state *u = mem_new(1, sizeof(*u));
	u->name = mem_dup(name);
	l->upstreams[l->n_upstreams++] = u;
	return u;
}

static int
full(struct err *err)
{
	return err_set(err, ERR_UNAVAILABLE, "the local store is full");
}

/* Leases */

static int
take(struct destination_state *d, const struct store_request *r, int64_t now,
    struct store_reply *out, struct err *err)
{
	const char *member = r->u.lease_take.member;
	const uint32_t limit = r->u.lease_take.limit;

	leases_expire(&d->leases, now);
	for (uint32_t i = 0; i < r->u.lease_take.n_drops; i++)
		leases_drop(&d->leases, r->u.lease_take.drops[i]);
	out->u.lease.granted = limit == 0 || d->leases.n < limit ||
	    leases_has(&d->leases, member);
	if (out->u.lease.granted && !leases_put(&d->leases, member,
	    now + r->u.lease_take.ttl_ms))
		return full(err);
	out->u.lease.count = d->leases.n;
	return 0;
}

static void
renew(struct destination_state *d, const struct store_request *r, int64_t now,
    struct store_reply *out)
{
	leases_expire(&d->leases, now);
	for (uint32_t i = 0; i < r->u.lease_renew.n; i++) {
		const char *member = r->u.lease_renew.members[i];

		if (!leases_has(&d->leases, member) ||
		    !leases_put(&d->leases, member,
		    now + r->u.lease_renew.ttl_ms))
			out->u.renew.missing |= UINT64_C(1) << i;
	}
}

static void
drop(struct destination_state *d, const struct store_request *r, int64_t now,
    struct store_reply *out)
{
	leases_expire(&d->leases, now);
	for (uint32_t i = 0; i < r->u.lease_drop.n; i++)
		out->u.lease.granted |= leases_drop(&d->leases,
		    r->u.lease_drop.members[i]);
	for (uint32_t i = 0; i < r->u.lease_drop.n_enter; i++)
		(void)leases_put(&d->leases, r->u.lease_drop.enter[i],
		    now + r->u.lease_drop.ttl_ms);
	out->u.lease.count = d->leases.n;
}

static int
slots(struct upstream_state *u, const struct store_request *r, int64_t now,
    struct store_reply *out, struct err *err)
{
	if (!slots_report(&u->slots, r, now, out))
		return full(err);
	u->in_use = out->u.slots.in_use;
	u->waiting = out->u.slots.waiting;
	return 0;
}

/* What is said of upstreams, and of destinations */

static struct override
in_force(const struct override *o, int64_t now)
{
	return o->until_ms > now ? *o : (struct override){ 0 };
}

static void
observe(struct upstream_state *u, const struct store_request *r, int64_t now,
    struct store_reply *out)
{
	outcomes_observe(&u->outcomes, r, now, out);
	out->u.upstream.override = in_force(&u->override, now);
	out->u.upstream.preflight = u->preflight;
	out->u.upstream.in_use = u->in_use;
	out->u.upstream.waiting = u->waiting;
}

static void
override(struct override *o, const struct store_request *r, int64_t now)
{
	*o = (struct override){ 0 };
	if (r->u.override.state == OVERRIDE_NONE || r->u.override.for_ms <= 0)
		return;
	o->state = r->u.override.state;
	o->until_ms = now + r->u.override.for_ms;
	o->rate = r->u.override.rate;
	printable(o->by, sizeof(o->by), span_of(r->u.override.by));
	printable(o->reason, sizeof(o->reason), span_of(r->u.override.reason));
}

static void
preflight(struct preflight *p, const struct store_request *r, int64_t now)
{
	const int64_t lock_ms = r->u.preflight.lock_ms;

	if (lock_ms == 0)
		p->good_ms = now;
	else if (p->locked_ms < now + lock_ms)
		p->locked_ms = now + lock_ms;
}

/* Hosts */

static struct store_host *
host_of(struct store_local *l, const char *name)
{
	for (uint32_t i = 0; i < l->n_hosts; i++)
		if (strcmp(l->hosts[i].name, name) == 0)
			return &l->hosts[i];
	if (l->n_hosts == HOSTS_MAX)
		return NULL;
	l->hosts = mem_resize(l->hosts, l->n_hosts + 1, sizeof(l->hosts[0]));
	l->hosts[l->n_hosts] = (struct store_host){ 0 };
	return &l->hosts[l->n_hosts++];
}

static int
heartbeat(struct store_local *l, const struct store_request *r, int64_t now,
    struct err *err)
{
	struct store_host *h;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < l->n_hosts; i++)
		if (l->hosts[i].seen_ms >= now - FORGET_HOST_MS)
			l->hosts[kept++] = l->hosts[i];
	l->n_hosts = kept;
	h = host_of(l, r->u.heartbeat.host);
	if (h == NULL)
		return full(err);
	h->seen_ms = now;
	printable(h->name, sizeof(h->name), span_of(r->u.heartbeat.host));
	printable(h->version, sizeof(h->version),
	    span_of(r->u.heartbeat.version));
	printable(h->digest, sizeof(h->digest), span_of(r->u.heartbeat.digest));
	printable(h->mode, sizeof(h->mode), span_of(r->u.heartbeat.mode));
	return 0;
}

static void
hosts(const struct store_local *l, struct store_reply *out)
{
	out->u.hosts.list = mem_new(l->n_hosts + 1, sizeof(l->hosts[0]));
	out->u.hosts.n = l->n_hosts;
	if (l->n_hosts > 0)
		memcpy(out->u.hosts.list, l->hosts,
		    l->n_hosts * sizeof(l->hosts[0]));
}

/* Backlogs */

static int
add_backlog(struct destination_state *d, const struct store_request *r,
    int64_t now, struct err *err)
{
	struct backlog_row fresh = { .backlog = r->u.backlog.backlog };
	uint32_t kept = 0;

	for (uint32_t i = 0; i < d->n_backlogs; i++)
		if (d->backlogs[i].backlog.at_ms >= now - FORGET_BACKLOG_MS &&
		    strcmp(d->backlogs[i].host, r->u.backlog.host) != 0)
			d->backlogs[kept++] = d->backlogs[i];
	d->n_backlogs = kept;
	if (fresh.backlog.messages == 0)
		return 0;
	if (kept == HOSTS_MAX ||
	    !span_copy(fresh.host, sizeof(fresh.host),
	    span_of(r->u.backlog.host)))
		return full(err);
	fresh.backlog.at_ms = now;
	d->backlogs = mem_resize(d->backlogs, kept + 1, sizeof(fresh));
	d->backlogs[d->n_backlogs++] = fresh;
	return 0;
}

static void
add_up_backlogs(const struct destination_state *d,
    const struct store_request *r, struct store_reply *out)
{
	const char *host = r->u.destination.host;

	for (uint32_t i = 0; i < d->n_backlogs; i++) {
		const struct backlog *one = &d->backlogs[i].backlog;

		backlog_add(&out->u.destination.backlog, one);
		if (host != NULL && strcmp(d->backlogs[i].host, host) == 0)
			out->u.destination.here = *one;
	}
}

/* The verbs, by what they are about */

static int
call_destination(struct store_local *l, const struct store_request *r,
    int64_t now, struct store_reply *out, struct err *err)
{
	struct destination_state *d = destination_of(l, r->name);

	if (d == NULL)
		return full(err);
	if (r->verb == STORE_LEASE_TAKE)
		return take(d, r, now, out, err);
	if (r->verb == STORE_LEASE_RENEW)
		renew(d, r, now, out);
	else if (r->verb == STORE_LEASE_DROP)
		drop(d, r, now, out);
	else if (r->verb == STORE_COUNT)
		for (int i = 0; i < DEST_COUNTERS; i++)
			d->counters[i] += r->u.count.add[i];
	else if (r->verb == STORE_BACKLOG)
		return add_backlog(d, r, now, err);
	else if (r->verb == STORE_OVERRIDE)
		override(&d->hold, r, now);
	else {
		leases_expire(&d->leases, now);
		out->u.destination.leases = d->leases.n;
		out->u.destination.hold = in_force(&d->hold, now);
		memcpy(out->u.destination.counters, d->counters,
		    sizeof(d->counters));
		add_up_backlogs(d, r, out);
	}
	return 0;
}

static int
call_upstream(struct store_local *l, const struct store_request *r,
    int64_t now, struct store_reply *out, struct err *err)
{
	struct upstream_state *u = upstream_of(l, r->name);

	if (u == NULL)
		return full(err);
	if (r->verb == STORE_SLOTS)
		return slots(u, r, now, out, err);
	if (r->verb == STORE_OBSERVE)
		observe(u, r, now, out);
	else if (r->verb == STORE_COMMIT)
		outcomes_commit(&u->outcomes, r, out);
	else if (r->verb == STORE_PREFLIGHT)
		preflight(&u->preflight, r, now);
	else
		override(&u->override, r, now);
	return 0;
}

struct store_local *
store_local_new(void)
{
	struct store_local *l = mem_new(1, sizeof(*l));

	l->names = table_new();
	return l;
}

void
store_local_free(struct store_local **local)
{
	struct store_local *l = *local;

	if (l == NULL)
		return;
	for (uint32_t i = 0; i < l->n_destinations; i++) {
		leases_free(&l->destinations[i]->leases);
		mem_free(l->destinations[i]->backlogs);
		mem_free(l->destinations[i]->name);
		mem_free(l->destinations[i]);
	}
	for (uint32_t i = 0; i < l->n_upstreams; i++) {
		slots_free(&l->upstreams[i]->slots);
		mem_free(l->upstreams[i]->name);
		mem_free(l->upstreams[i]);
	}
	events_free(&l->events);
	table_free(&l->names);
	mem_free(l->destinations);
	mem_free(l->upstreams);
	mem_free(l->hosts);
	mem_free(l);
	*local = NULL;
}

int
store_local_call(struct store_local *local, const struct store_request *request,
    int64_t now_ms, struct store_reply *out_reply, struct err *err)
{
	store_reply_begin(out_reply, request->verb, now_ms);
	switch (request->verb) {
	case STORE_LEASE_TAKE:
	case STORE_LEASE_RENEW:
	case STORE_LEASE_DROP:
	case STORE_DESTINATION:
	case STORE_COUNT:
	case STORE_BACKLOG:
		return call_destination(local, request, now_ms, out_reply, err);
	case STORE_SLOTS:
	case STORE_OBSERVE:
	case STORE_COMMIT:
	case STORE_PREFLIGHT:
		return call_upstream(local, request, now_ms, out_reply, err);
	case STORE_OVERRIDE:
		return (request->u.override.destination ? call_destination :
		    call_upstream)(local, request, now_ms, out_reply, err);
	case STORE_HEARTBEAT:
		return heartbeat(local, request, now_ms, err);
	case STORE_HOSTS:
		hosts(local, out_reply);
		return 0;
	case STORE_EVENT_ADD:
		events_add(&local->events, request, now_ms);
		return 0;
	case STORE_EVENTS:
		return events_read(&local->events, request, out_reply, err);
	}
	return err_set(err, ERR_SYNTAX, "no such request");
}
