#include "ctl/reading.h"

#include "base/mem.h"
#include "core/decide.h"

#include <string.h>

static bool
read_hosts(struct reading *r, struct inquiry *q)
{
	struct status *s = &r->status;

	mem_free(s->hosts);
	s->hosts = NULL;
	s->n_hosts = 0;
	store_reply_clear(&r->hosts);
	r->hosts = (struct store_reply){ .verb = STORE_HOSTS };
	if (!inquiry_ask(q, &(struct store_request){ .verb = STORE_HOSTS },
	    &r->hosts))
		return false;
	s->now_ms = r->hosts.now_ms;
	s->n_hosts = r->hosts.u.hosts.n;
	s->hosts = mem_new(s->n_hosts, sizeof(*s->hosts));
	for (uint32_t i = 0; i < s->n_hosts; i++) {
		const struct store_host *h = &r->hosts.u.hosts.list[i];

		s->hosts[i] = (struct host_status){ h->name, h->version,
		    h->digest, h->mode, h->seen_ms };
	}
	s->digests_differ = s->modes_differ = s->reload_due = false;
	status_compare(s);
	return true;
}

static bool
read_upstream(struct reading *r, struct inquiry *q, uint32_t i)
{
	struct upstream_status *u = &r->status.upstreams[i];
	struct store_reply reply;

	if (!inquiry_upstream(q, i, &reply))
		return false;
	u->upstream = &r->status.plan->upstreams[i];
	u->view = (struct upstream_view){
		.known = true, .record = reply.u.upstream.record,
		.override = reply.u.upstream.override,
		.preflight = reply.u.upstream.preflight,
		.seen_ms = reply.now_ms,
	};
	r->views[i] = u->view;
	r->views[i].own = store_alone_record(&reply, inquiry_host(q));
	memcpy(u->totals, reply.u.upstream.totals, sizeof(u->totals));
	u->in_use = reply.u.upstream.in_use;
	u->waiting = reply.u.upstream.waiting;
	u->cap = throttle_connections(&u->view.record.throttle,
	    u->upstream->connections);
	u->n_alone = reply.u.upstream.n_alone;
	memcpy(u->alone, reply.u.upstream.alone, sizeof(u->alone));
	store_reply_clear(&reply);
	return true;
}

static bool
read_destination(struct reading *r, struct inquiry *q, uint32_t i)
{
	struct destination_status *d = &r->status.destinations[i];
	struct store_reply reply;

	d->destination = &r->status.plan->destinations[i];
	if (!inquiry_ask(q, &(struct store_request){
		.verb = STORE_DESTINATION, .name = d->destination->name,
		.u.destination.host = inquiry_host(q),
	    }, &reply))
		return false;
	d->leases = reply.u.destination.leases;
	d->word = r->words[i] = reply.u.destination.hold;
	d->backlog = reply.u.destination.backlog;
	r->queued[i] = reply.u.destination.here.messages;
	memcpy(d->counters, reply.u.destination.counters,
	    sizeof(d->counters));
	store_reply_clear(&reply);
	return true;
}

static bool
read_events(struct reading *r, struct inquiry *q, uint32_t last)
{
	struct store_reply reply;

	if (last == 0)
		return true;
	if (!inquiry_ask(q, &(struct store_request){
		.verb = STORE_EVENTS,
		.u.events = { .after = "", .last = last },
	    }, &reply))
		return false;
	r->n_events = reply.u.events.n;
	r->events = mem_resize(r->events, r->n_events, sizeof(*r->events));
	if (r->n_events > 0)
		memcpy(r->events, reply.u.events.list,
		    r->n_events * sizeof(*r->events));
	store_reply_clear(&reply);
	return true;
}

static void
judge(struct reading *r)
{
	struct status *s = &r->status;
	const struct snapshot now = reading_snapshot(r);

	for (uint32_t i = 0; i < s->plan->n_destinations; i++)
		s->destinations[i].on_hold = decide_on_hold(s->plan,
		    &s->plan->destinations[i], &now, s->now_ms);
}

struct reading *
reading_new(const struct config *config)
{
	const struct plan *p = &config->plan;
	struct reading *r = mem_new(1, sizeof(*r));

	r->hosts.verb = STORE_HOSTS;
	r->status = (struct status){
		.plan = p, .host = config->host, .digest = config->digest,
		.upstreams = mem_new(p->n_upstreams,
		    sizeof(*r->status.upstreams)),
		.destinations = mem_new(p->n_destinations,
		    sizeof(*r->status.destinations)),
	};
	r->views = mem_new(p->n_upstreams, sizeof(*r->views));
	r->words = mem_new(p->n_destinations, sizeof(*r->words));
	r->queued = mem_new(p->n_destinations, sizeof(*r->queued));
	return r;
}

void
reading_free(struct reading **r)
{
	if (*r == NULL)
		return;
	store_reply_clear(&(*r)->hosts);
	mem_free((*r)->status.hosts);
	mem_free((*r)->status.upstreams);
	mem_free((*r)->status.destinations);
	mem_free((*r)->events);
	mem_free((*r)->views);
	mem_free((*r)->words);
	mem_free((*r)->queued);
	mem_free(*r);
	*r = NULL;
}

bool
reading_take(struct reading *r, struct inquiry *q, uint32_t events)
{
	const struct plan *p = r->status.plan;

	if (!read_hosts(r, q))
		return false;
	for (uint32_t i = 0; i < p->n_upstreams; i++)
		if (!read_upstream(r, q, i))
			return false;
	for (uint32_t i = 0; i < p->n_destinations; i++)
		if (!read_destination(r, q, i))
			return false;
	judge(r);
	return read_events(r, q, events);
}

struct snapshot
reading_snapshot(const struct reading *r)
{
	return (struct snapshot){ r->views, r->words, r->queued };
}
