#include "ctl/status.h"

#include "base/mem.h"
#include "ctl/inquiry.h"
#include "ctl/json.h"

#include <string.h>

static bool
read_upstreams(struct inquiry *q, struct status *s)
{
	const struct plan *p = s->plan;
	struct store_reply reply;

	for (uint32_t i = 0; i < p->n_upstreams; i++) {
		struct upstream_status *u = &s->upstreams[i];

		if (!inquiry_upstream(q, i, &reply))
			return false;
		u->upstream = &p->upstreams[i];
		u->view = (struct upstream_view){
			.known = true, .record = reply.u.upstream.record,
			.override = reply.u.upstream.override,
			.preflight = reply.u.upstream.preflight,
			.seen_ms = reply.now_ms,
		};
		memcpy(u->totals, reply.u.upstream.totals, sizeof(u->totals));
		u->in_use = reply.u.upstream.in_use;
		u->waiting = reply.u.upstream.waiting;
		u->cap = throttle_connections(&u->view.record.throttle,
		    u->upstream->connections);
		u->n_alone = reply.u.upstream.n_alone;
		memcpy(u->alone, reply.u.upstream.alone, sizeof(u->alone));
		store_reply_clear(&reply);
	}
	return true;
}

static bool
read_destinations(struct inquiry *q, struct status *s)
{
	const struct plan *p = s->plan;
	struct store_reply reply;

	for (uint32_t i = 0; i < p->n_destinations; i++) {
		struct destination_status *d = &s->destinations[i];

		d->destination = &p->destinations[i];
		if (!inquiry_ask(q, &(struct store_request){
			.verb = STORE_DESTINATION,
			.name = d->destination->name,
		    }, &reply))
			return false;
		d->leases = reply.u.destination.leases;
		d->word = reply.u.destination.hold;
		d->backlog = reply.u.destination.backlog;
		memcpy(d->counters, reply.u.destination.counters,
		    sizeof(d->counters));
		store_reply_clear(&reply);
	}
	return true;
}

static bool
show(struct inquiry *q, const struct options *o, const struct config *config,
    struct status *s)
{
	const struct store_request ask = { .verb = STORE_HOSTS };
	struct store_reply hosts;
	bool answered;

	if (!inquiry_ask(q, &ask, &hosts))
		return false;
	s->now_ms = hosts.now_ms;
	s->n_hosts = hosts.u.hosts.n;
	s->hosts = mem_new(s->n_hosts, sizeof(*s->hosts));
	for (uint32_t i = 0; i < s->n_hosts; i++) {
		const struct store_host *h = &hosts.u.hosts.list[i];

		s->hosts[i] = (struct host_status){ h->name, h->version,
		    h->digest, h->mode, h->seen_ms };
	}
	status_compare(s);
	answered = read_upstreams(q, s) && read_destinations(q, s);
	if (answered && o->json)
		json_print(status_json(s), false);
	else if (answered)
		status_show_text(s, config);
	mem_free(s->hosts);
	store_reply_clear(&hosts);
	return answered;
}

enum answer
verb_status(const struct options *o)
{
	struct config *config = inquiry_config(o);
	struct status s = { 0 };
	struct inquiry *q;
	bool answered;

	if (config == NULL)
		return ANSWER_NO;
	s.plan = &config->plan;
	s.host = config->host;
	s.digest = config->digest;
	s.upstreams = mem_new(config->plan.n_upstreams, sizeof(*s.upstreams));
	s.destinations = mem_new(config->plan.n_destinations,
	    sizeof(*s.destinations));
	q = inquiry_new(config);
	answered = show(q, o, config, &s);
	inquiry_free(&q);
	mem_free(s.upstreams);
	mem_free(s.destinations);
	config_free(&config);
	return answered ? ANSWER_DONE : ANSWER_AWAY;
}
