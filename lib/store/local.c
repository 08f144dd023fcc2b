#include "store/local.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/printable.h"
#include "base/table.h"
#include "leases.h"
#include "slots.h"

#define THINGS_MAX 65536	/* destinations, or upstreams */
#define HOSTS_MAX 1000
#define EVENTS_MAX 1000
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
	struct upstream_record record;
	struct override override;
	struct preflight preflight;
	uint32_t streak, in_use, waiting;
	uint64_t totals[OUTCOME_CLASSES];
	struct window window;
	char hosts[WINDOW_HOSTS][STORE_HOST_MAX + 1];	/* window's numbers */
	uint32_t n_hosts;
	struct slots slots;
	struct alone_view alone[WINDOW_HOSTS];
	int64_t alone_end_ms[WINDOW_HOSTS];	/* of each of them */
	uint32_t n_alone;
};

struct store_local {
	struct destination_state **destinations;
	uint32_t n_destinations;
	struct table *names;		/* their indices */
	struct upstream_state **upstreams;
	uint32_t n_upstreams;
	struct store_host *hosts;
	uint32_t n_hosts;
	struct store_event *events[EVENTS_MAX];	/* oldest first */
	uint32_t n_events;
	int64_t event_ms;	/* the last id */
	uint64_t event_seq;
};

static struct destination_state *
destination_of(struct store_local *l, const char *name)
{
	uint32_t index;

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

/* Outcomes and the record */

/* The window's number of a host; those that find none share the last. */
static uint8_t
number_of(struct upstream_state *u, const char *host)
{
	for (uint32_t i = 0; i < u->n_hosts; i++)
		if (strcmp(u->hosts[i], host) == 0)
			return (uint8_t)i;
	if (u->n_hosts == WINDOW_HOSTS || !span_copy(u->hosts[u->n_hosts],
	    sizeof(u->hosts[0]), span_of(host)))
		return WINDOW_HOSTS - 1;
	return (uint8_t)u->n_hosts++;
}

static void
add_up(struct upstream_state *u, const struct store_request *r, int64_t now)
{
	const uint32_t *counts = r->u.observe.counts;
	const bool counted = r->u.observe.version == u->record.version;
	uint32_t bad = 0, all = 0;

	for (int i = 0; i < OUTCOME_CLASSES; i++) {
		const enum outcome_class class = (enum outcome_class)i;

		if (counts[i] == 0)
			continue;
		u->totals[i] += counts[i];
		all += counts[i];
		bad += outcome_weight(class).bad > 0 ? counts[i] : 0;
		if (counted)
			window_add(&u->window, r->u.observe.window_ms, now,
			    class, number_of(u, r->u.observe.host), counts[i]);
	}
	if (counted && all > 0)
		u->streak = r->u.observe.had_good ?
		    r->u.observe.bad_tail : u->streak + bad;
}

/* Drop a host's row, and those that have ended. */
static void
forget_alone(struct upstream_state *u, const char *host, int64_t now)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < u->n_alone; i++)
		if (u->alone_end_ms[i] > now &&
		    (host == NULL || strcmp(u->alone[i].host, host) != 0)) {
			u->alone[kept] = u->alone[i];
			u->alone_end_ms[kept++] = u->alone_end_ms[i];
		}
	u->n_alone = kept;
}

static void
note_alone(struct upstream_state *u, const struct store_request *r, int64_t now)
{
	const struct upstream_record *own = r->u.observe.alone;
	struct alone_view *row;

	forget_alone(u, own != NULL ? r->u.observe.host : NULL, now);
	if (own == NULL || own->breaker.state == BREAKER_CLOSED ||
	    u->n_alone == WINDOW_HOSTS)
		return;
	u->alone_end_ms[u->n_alone] = now + r->u.observe.alone_ttl_ms;
	row = &u->alone[u->n_alone++];
	*row = (struct alone_view){
		.state = own->breaker.state,
		.allowance = breaker_allowance(&own->breaker),
		.until_ms = own->breaker.until_ms,
	};
	printable(row->host, sizeof(row->host), span_of(r->u.observe.host));
	printable(row->incident, sizeof(row->incident),
	    span_of(own->incident[0] != '\0' ? own->incident : "-"));
}

/* The window with the asking host as number 0. */
static void
copy_window(const struct upstream_state *u, const char *host,
    int64_t window_ms, int64_t now, struct store_reply *out)
{
	const int64_t newest = window_bucket(window_ms, now);
	bool seen[WINDOW_HOSTS] = { false };
	uint32_t self = WINDOW_HOSTS;

	for (uint32_t i = 0; i < u->n_hosts; i++)
		if (host != NULL && strcmp(u->hosts[i], host) == 0)
			self = i;
	for (uint32_t i = 0; i < u->window.n; i++) {
		struct window_row row = u->window.rows[i];

		if (row.bucket <= newest - WINDOW_BUCKETS ||
		    row.bucket > newest)
			continue;
		if (!seen[row.host])
			out->u.upstream.n_hosts++;
		seen[row.host] = true;
		if (row.host == self)
			row.host = 0;
		else if (row.host < self && row.host < WINDOW_HOSTS - 1)
			row.host++;
		window_add_row(&out->u.upstream.window, &row);
	}
}

static struct override
in_force(const struct override *o, int64_t now)
{
	return o->until_ms > now ? *o : (struct override){ 0 };
}

static void
observe(struct upstream_state *u, const struct store_request *r, int64_t now,
    struct store_reply *out)
{
	add_up(u, r, now);
	note_alone(u, r, now);
	out->u.upstream.n_alone = u->n_alone;
	memcpy(out->u.upstream.alone, u->alone, sizeof(u->alone));
	out->u.upstream.record = u->record;
	out->u.upstream.override = in_force(&u->override, now);
	out->u.upstream.preflight = u->preflight;
	out->u.upstream.streak = u->streak;
	out->u.upstream.in_use = u->in_use;
	out->u.upstream.waiting = u->waiting;
	memcpy(out->u.upstream.totals, u->totals, sizeof(u->totals));
	if (r->u.observe.window_ms > 0)
		copy_window(u, r->u.observe.host, r->u.observe.window_ms, now,
		    out);
}

static void
commit(struct upstream_state *u, const struct store_request *r,
    struct store_reply *out)
{
	out->u.commit.stale = r->u.commit.version != u->record.version;
	if (!out->u.commit.stale) {
		const int64_t version = u->record.version + 1;

		assert(record_sane(&r->u.commit.record));
		u->record = r->u.commit.record;
		u->record.version = version;
		if (r->u.commit.afresh) {
			window_clear(&u->window);
			u->n_hosts = 0;
			u->streak = 0;
		}
	}
	out->u.commit.record = u->record;
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

/* Hosts and events */

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

static void
forget_events(struct store_local *l, uint32_t keep)
{
	const uint32_t gone = l->n_events > keep ? l->n_events - keep : 0;

	for (uint32_t i = 0; i < gone; i++)
		mem_free(l->events[i]);
	l->n_events -= gone;
	memmove(l->events, l->events + gone,
	    l->n_events * sizeof(l->events[0]));
}

static void
event_add(struct store_local *l, const struct store_request *r, int64_t now)
{
	const uint32_t keep = r->u.event_add.keep;
	struct store_event *e = mem_new(1, sizeof(*e));

	assert(r->u.event_add.n <= STORE_PAIRS_MAX);
	l->event_seq = now > l->event_ms ? 0 : l->event_seq + 1;
	l->event_ms = now > l->event_ms ? now : l->event_ms;
	snprintf(e->id, sizeof(e->id), "%" PRId64 "-%" PRIu64, l->event_ms,
	    l->event_seq);
	for (; e->n < r->u.event_add.n; e->n++) {
		const struct store_pair *pair = &r->u.event_add.pairs[e->n];

		printable(e->pairs[e->n].name, sizeof(e->pairs[0].name),
		    span_of(pair->name));
		printable(e->pairs[e->n].value, sizeof(e->pairs[0].value),
		    span_of(pair->value));
	}
	forget_events(l, EVENTS_MAX - 1);
	l->events[l->n_events++] = e;
	forget_events(l, keep > 0 ? keep : 1);
}

/* "1763728000000-3", as Redis orders them. */
static bool
id_parse(struct span id, int64_t *out_ms, int64_t *out_seq)
{
	const struct span ms = span_cut(&id, '-');

	*out_seq = 0;
	return number_parse(ms, 0, INT64_MAX, out_ms) &&
	    (id.at == NULL || number_parse(id, 0, INT64_MAX, out_seq));
}

static bool
is_behind(const char *id, const char *after)
{
	int64_t ms, seq, after_ms, after_seq;

	return id_parse(span_of(id), &ms, &seq) &&
	    id_parse(span_of(after), &after_ms, &after_seq) &&
	    (ms > after_ms || (ms == after_ms && seq > after_seq));
}

static int
events(const struct store_local *l, const struct store_request *r,
    struct store_reply *out, struct err *err)
{
	const char *after = r->u.events.after;
	const uint32_t last = r->u.events.last;
	int64_t ms, seq;
	uint32_t first = 0;

	if (after[0] == '\0')
		first = l->n_events > last ? l->n_events - last : 0;
	else if (!id_parse(span_of(after), &ms, &seq))
		return err_set(err, ERR_SYNTAX, "no event has such an id");
	else
		while (first < l->n_events &&
		    !is_behind(l->events[first]->id, after))
			first++;
	out->u.events.list = mem_new(l->n_events + 1, sizeof(*l->events[0]));
	for (uint32_t i = first; i < l->n_events && i - first < last; i++)
		out->u.events.list[out->u.events.n++] = *l->events[i];
	return 0;
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
		commit(u, r, out);
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
	forget_events(l, 0);
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
		event_add(local, request, now_ms);
		return 0;
	case STORE_EVENTS:
		return events(local, request, out_reply, err);
	}
	return err_set(err, ERR_SYNTAX, "no such request");
}
