#include "config.h"

#include "policy/desk.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/number.h"
#include "core/decide.h"
#include "observe/json.h"
#include "observe/overview.h"
#include "policy/conn.h"
#include "policy/notify.h"

#include <event2/listener.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FRESH_MS 250		/* a paper serves for so long */
#define PAPER_MAX (8 << 20)	/* bytes; 1000 destinations want 2 << 20 */
#define GUESTS 10		/* let in at one tick: 200 a second */
#define EVENTS_MS 2000
#define EVENTS_SHOWN 20

/* A paper, and who writes it; or it is printed once and for all. */
struct sheet {
	const char *path, *type;
	void (*write)(const struct overview *o, struct buf *to);
	struct span (*print)(void);
	struct buf text;
	int64_t until_ms;	/* it is fresh */
};

static void
write_status(const struct overview *o, struct buf *to)
{
	json_write(to, status_json(&o->status));
}

static const struct sheet sheets[] = {
	{ .path = "/", .type = "text/html; charset=utf-8",
	    .write = overview_page },
	{ .path = "/metrics", .type =
	    "text/plain; version=0.0.4; charset=utf-8",
	    .write = overview_metrics },
	{ .path = "/healthz", .type = "application/json",
	    .write = overview_health },
	{ .path = "/status.json", .type = "application/json",
	    .write = write_status },
	{ .path = "/status.css", .type = "text/css; charset=utf-8",
	    .print = overview_style },
	{ .path = "/status.js", .type = "text/javascript; charset=utf-8",
	    .print = overview_script },
	{ .path = "/status.svg", .type = "image/svg+xml",
	    .print = overview_icon },
};
#define SHEETS MW_N_OF(sheets)

struct desk {
	struct server *server;
	const struct roster *roster;
	struct evconnlistener *listener;	/* NULL: nobody can ask */
	unsigned guests;		/* since the last tick */
	struct sheet sheets[SHEETS];
	int64_t started_ms, loaded_ms;	/* by the wall's clock */
	bool reload_due;
	enum store_trouble redis;
	char redis_says[200];
	int64_t events_at_ms;
	bool reading;
	uint32_t n_events;
	struct store_event events[EVENTS_SHOWN];
};

/* A flood of them would keep the loop busy: the rest waits for the next tick in
 * the socket's backlog. */
static void
on_guest(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *from, int len, void *arg)
{
	struct desk *d = arg;

	(void)from, (void)len;
	if (++d->guests >= GUESTS)
		evconnlistener_disable(listener);
	conn_open(d->server, &http_conn_kind, fd);
}

/* Each host shows the same of the fleet: what it alone sees stands apart. */
static struct upstream_view
fleets_view(const struct fleet_upstream *u)
{
	struct upstream_view view = *fleet_view(u);

	view.own = (struct upstream_record){ 0 };
	return view;
}

static void
fill_upstreams(const struct desk *d, const struct plan *p,
    struct upstream_status *out, struct overview_upstream *out_more)
{
	const int64_t now_ms = clock_mono_ms();

	for (uint32_t i = 0; i < p->n_upstreams; i++) {
		struct fleet_upstream *u = fleet_upstream(d->server->fleet, i);
		const struct fleet_counts *c = fleet_counts(u);
		const struct line_state line = line_state(fleet_line(u),
		    now_ms);

		out[i] = (struct upstream_status){
			.upstream = &p->upstreams[i],
			.view = fleets_view(u),
			.in_use = c->in_use,
			.waiting = c->waiting,
			.cap = throttle_connections(
			    &fleet_view(u)->record.throttle,
			    p->upstreams[i].connections),
		};
		memcpy(out[i].totals, c->totals, sizeof(out[i].totals));
		out[i].n_alone = c->n_alone;
		memcpy(out[i].alone, c->alone, sizeof(out[i].alone));
		out_more[i] = (struct overview_upstream){
			.told_ms = c->told_ms,
			.state = view_state(fleet_view(u),
			    server_fleet_ms(d->server)),
			.granted = line.granted,
			.in_use = line.in_use,
			.waiting = line.waiting,
			.here = c->here,
			.history = &c->history,
		};
	}
}

static void
fill_destinations(const struct desk *d, const struct plan *p, int64_t fleet_ms,
    struct destination_status *out, struct overview_destination *out_more)
{
	const struct snapshot now = fleet_snapshot(d->server->fleet);
	const struct fleet_destination *c =
	    fleet_destinations(d->server->fleet);

	for (uint32_t i = 0; i < p->n_destinations; i++) {
		out[i] = (struct destination_status){
			.destination = &p->destinations[i],
			.leases = c[i].leases,
			.on_hold = decide_on_hold(p, &p->destinations[i], &now,
			    fleet_ms),
			.word = now.holds[i],
			.backlog = c[i].backlog,
		};
		memcpy(out[i].counters, c[i].counters,
		    sizeof(out[i].counters));
		out_more[i] = (struct overview_destination){
			.told_ms = c[i].told_ms,
		};
	}
}

/* Out of descriptors, most likely: not again before the next tick. */
static void
on_guest_error(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	log_error("accept", LOG_TEXT("error", strerror(errno)));
	evconnlistener_disable(listener);
}

static uint32_t
fill_hosts(const struct roster *roster, struct host_status **out)
{
	uint32_t n;
	const struct store_host *h = roster_hosts(roster, &n);

	*out = mem_new(n, sizeof(**out));
	for (uint32_t i = 0; i < n; i++)
		(*out)[i] = (struct host_status){ h[i].name, h[i].version,
		    h[i].digest, h[i].mode, h[i].seen_ms };
	return n;
}

static void
fill_event(const struct store_event *e, struct overview_event *out)
{
	struct span id = span_of(e->id);	/* "MS-N" */

	static_assert(STORE_PAIRS_MAX <= OVERVIEW_PAIRS, "too many pairs");
	if (!number_parse(span_cut(&id, '-'), 0, INT64_MAX, &out->at_ms))
		out->at_ms = 0;
	out->n = e->n;
	for (uint32_t i = 0; i < e->n; i++) {
		out->pairs[i].name = e->pairs[i].name;
		out->pairs[i].value = e->pairs[i].value;
	}
}

/* Look around, and write the paper. */
static void
write_sheet(struct desk *d, struct sheet *sheet)
{
	const struct config *config = d->server->config;
	const struct plan *p = &config->plan;
	struct overview_upstream *upstreams = mem_new(p->n_upstreams,
	    sizeof(*upstreams));
	struct overview_destination *destinations = mem_new(p->n_destinations,
	    sizeof(*destinations));
	struct overview_event events[EVENTS_SHOWN];
	const struct notify_counts notified = notify_counts(d->server->notify);
	struct overview o = {
		.status = {
			.plan = p,
			.host = config->host,
			.digest = config->digest,
			.now_ms = server_fleet_ms(d->server),
			.upstreams = mem_new(p->n_upstreams,
			    sizeof(*o.status.upstreams)),
			.destinations = mem_new(p->n_destinations,
			    sizeof(*o.status.destinations)),
		},
		.version = PACKAGE_VERSION,
		.started_ms = d->started_ms,
		.loaded_ms = d->loaded_ms,
		.redis_fine = d->redis == STORE_FINE,
		.redis = store_trouble_name(d->redis),
		.redis_says = d->redis_says,
		.lag_ms = pulse_worst_ms(&d->server->pulse),
		.connections = d->server->postfix.n,
		.notified = { notified.well, notified.failed,
		    notified.dropped },
		.upstreams = upstreams,
		.destinations = destinations,
		.n_events = d->n_events,
		.events = events,
	};

	for (uint32_t i = 0; i < d->n_events; i++)
		fill_event(&d->events[i], &events[i]);
	o.status.n_hosts = fill_hosts(d->roster, &o.status.hosts);
	status_compare(&o.status);
	o.status.reload_due = d->reload_due;
	fill_upstreams(d, p, o.status.upstreams, upstreams);
	fill_destinations(d, p, o.status.now_ms, o.status.destinations,
	    destinations);
	buf_clear(&sheet->text);
	sheet->write(&o, &sheet->text);
	mem_free(o.status.hosts);
	mem_free(o.status.upstreams);
	mem_free(o.status.destinations);
	mem_free(upstreams);
	mem_free(destinations);
}

static void
events_known(void *arg, const struct store_reply *reply, const struct err *err)
{
	struct desk *d = arg;

	(void)err;
	d->reading = false;
	if (reply == NULL || reply->u.events.n > EVENTS_SHOWN)
		return;
	d->n_events = reply->u.events.n;
	memcpy(d->events, reply->u.events.list,
	    d->n_events * sizeof(d->events[0]));
}

static void
read_events(struct desk *d, int64_t now_ms)
{
	if (d->reading || now_ms < d->events_at_ms)
		return;
	d->reading = true;
	d->events_at_ms = now_ms + EVENTS_MS;
	d->server->port.send(d->server->port.self, &(struct store_request){
		.verb = STORE_EVENTS,
		.name = "",
		.u.events = { .after = "", .last = EVENTS_SHOWN },
	    }, events_known, d);
}

struct desk *
desk_new(const struct desk_options *options)
{
	struct desk *d = mem_new(1, sizeof(*d));

	d->server = options->server;
	d->roster = options->roster;
	d->started_ms = d->loaded_ms = clock_wall_ms();
	d->redis = STORE_UNREACHABLE;
	memcpy(d->sheets, sheets, sizeof(sheets));
	for (size_t i = 0; i < SHEETS; i++)
		d->sheets[i].text = buf_new(PAPER_MAX);
	if (options->fd < 0)
		return d;
	d->listener = evconnlistener_new(d->server->base, on_guest, d, 0, 0,
	    options->fd);
	evconnlistener_set_error_cb(d->listener, on_guest_error);
	return d;
}

void
desk_close(struct desk *d)
{
	if (d->listener != NULL)
		evconnlistener_free(d->listener);
	d->listener = NULL;
}

void
desk_free(struct desk **desk)
{
	struct desk *d = *desk;

	if (d == NULL)
		return;
	desk_close(d);
	for (size_t i = 0; i < SHEETS; i++)
		buf_free(&d->sheets[i].text);
	mem_free(d);
	*desk = NULL;
}

void
desk_tick(struct desk *d, int64_t now_ms)
{
	if (d->listener == NULL)
		return;
	d->guests = 0;
	evconnlistener_enable(d->listener);
	read_events(d, now_ms);
}

void
desk_health(struct desk *d, enum store_trouble trouble, const char *text)
{
	d->redis = trouble;
	snprintf(d->redis_says, sizeof(d->redis_says), "%s",
	    trouble == STORE_FINE ? "" : text);
}

void
desk_reloaded(struct desk *d, bool well)
{
	d->reload_due = !well;
	if (!well)
		return;
	d->loaded_ms = clock_wall_ms();
	/* What lies here speaks of a plan that is gone. */
	for (size_t i = 0; i < SHEETS; i++)
		d->sheets[i].until_ms = 0;
}

static struct span
text_of(struct desk *d, struct sheet *sheet)
{
	const int64_t now_ms = clock_mono_ms();

	if (sheet->print != NULL)
		return sheet->print();
	if (now_ms >= sheet->until_ms) {
		write_sheet(d, sheet);
		sheet->until_ms = now_ms + FRESH_MS;
	}
	return buf_span(&sheet->text);
}

bool
desk_paper(struct desk *d, struct span path, struct desk_paper *out)
{
	for (size_t i = 0; i < SHEETS; i++) {
		if (!span_eq(path, span_of(d->sheets[i].path)))
			continue;
		out->type = d->sheets[i].type;
		out->text = text_of(d, &d->sheets[i]);
		return true;
	}
	return false;
}
