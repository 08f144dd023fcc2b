#include "config.h"

#include "policy/server.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "dns/resolver.h"
#include "engine/pace.h"
#include "policy/backlog.h"
#include "policy/conn.h"
#include "policy/desk.h"
#include "policy/feed.h"
#include "policy/ledger.h"
#include "policy/notify.h"
#include "policy/prober.h"
#include "policy/release.h"
#include "policy/reload.h"
#include "policy/roster.h"
#include "store/async.h"

#include <event2/listener.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEARTBEAT_MS 5000
#define SWEEP_MS 1000
#define FAREWELL_MS 300		/* for what is on its way at the end */

/* What the loop owns beyond what its connections see. */
struct loop {
	struct server server;
	struct config *config;
	struct store_async *store;
	struct roster *roster;
	struct release *release;
	struct reload *reload;
	struct event *intake_timer;	/* on while leases are to be given back */
	int alive_fd;
	int64_t next_alive_ms, next_tally_ms, next_heartbeat_ms,
	    next_sweep_ms, next_release_ms;
};

static bool
is_due(int64_t *next_ms, int64_t every_ms, int64_t now_ms)
{
	if (now_ms < *next_ms)
		return false;
	*next_ms = now_ms + every_ms;
	return true;
}

/* Counters on their way, by name: a reload may change the indices. */
struct counted {
	struct loop *loop;
	char destination[PLAN_NAME_MAX + 1];
	uint64_t add[DEST_COUNTERS];
};

static void
counters_sent(void *arg, const struct store_reply *reply,
    const struct err *err)
{
	struct counted *c = arg;
	const int index = plan_destination(&c->loop->config->plan,
	    span_of(c->destination));

	(void)err;
	if (reply == NULL && index >= 0)
		tally_put_back(c->loop->server.tally, (uint32_t)index,
		    c->add);
	mem_free(c);
}

static void
send_counters(struct loop *l)
{
	const struct plan *plan = &l->config->plan;

	for (uint32_t i = 0; i < plan->n_destinations; i++) {
		struct store_request request = {
			.verb = STORE_COUNT,
			.name = plan->destinations[i].name,
		};
		struct counted *c;

		if (!tally_take(l->server.tally, i, request.u.count.add))
			continue;
		c = mem_new(1, sizeof(*c));
		c->loop = l;
		memcpy(c->add, request.u.count.add, sizeof(c->add));
		(void)span_copy(c->destination, sizeof(c->destination),
		    span_of(request.name));
		l->server.port.send(l->server.port.self, &request, counters_sent, c);
	}
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	const int64_t now_ms = clock_mono_ms();

	(void)fd, (void)what;
	pulse_beat(&l->server.pulse, FLEET_TICK_MS, now_ms);
	/* Before a report: what the store hears of is written down. */
	ledger_tick(l->server.ledger, &l->server, now_ms);
	fleet_tick(l->server.fleet, now_ms);
	prober_tick(l->server.prober, now_ms);
	feed_tick(l->server.feed, now_ms);
	desk_tick(l->server.desk, now_ms);
	notify_tick(l->server.notify, now_ms);
	if (is_due(&l->next_tally_ms, pace_ms(PACE_COUNTERS, l->server.hosts,
	    l->config->plan.n_destinations), now_ms))
		send_counters(l);
	if (is_due(&l->next_heartbeat_ms, HEARTBEAT_MS, now_ms))
		roster_beat(l->roster, l->config, PACKAGE_VERSION);
	if (is_due(&l->next_sweep_ms, SWEEP_MS, now_ms))
		conn_sweep(&l->server, now_ms);
	if (is_due(&l->next_release_ms, RELEASE_TICK_MS, now_ms))
		release_tick(l->release);
	/* The parent gone means that nobody would restart us: end as well. */
	if (is_due(&l->next_alive_ms, SERVER_ALIVE_MS, now_ms) &&
	    write(l->alive_fd, "", 1) < 0)
		event_base_loopbreak(l->server.base);
}

static void
on_hosts(void *arg, uint32_t live)
{
	struct loop *l = arg;

	l->server.hosts = live;
	intake_set_hosts(l->server.intake, live);
	fleet_set_hosts(l->server.fleet, live);
}

static void
on_health(void *arg, enum store_trouble trouble, const char *text)
{
	struct loop *l = arg;

	if (l->server.desk != NULL)
		desk_health(l->server.desk, trouble, text);
	if (trouble == STORE_FINE) {
		log_info("redis", LOG_TEXT("state", "fine"));
		fleet_store_is_back(l->server.fleet);
		return;
	}
	log_warning("redis", LOG_TEXT("state", store_trouble_name(trouble)),
	    LOG_TEXT("says", text),
	    LOG_TEXT("advice", store_trouble_advice(trouble)));
}

static void
on_changed(void *arg, const char *name)
{
	struct loop *l = arg;

	fleet_changed(l->server.fleet, span_of(name));
}

static void
on_loaded(void *arg, struct config *fresh, const struct config_errors *errors)
{
	struct loop *l = arg;

	config_errors_log(errors);
	desk_reloaded(l->server.desk, fresh != NULL);
	if (fresh == NULL) {
		log_error("reload", LOG_TEXT("result",
		    "bad file, the old configuration stays in force"));
		return;
	}
	send_counters(l);
	tally_free(&l->server.tally);
	l->server.tally = tally_new(fresh->plan.n_destinations);
	mem_free(l->server.shares);
	l->server.shares = mem_new(fresh->plan.n_destinations,
	    sizeof(*l->server.shares));
	fleet_reload(l->server.fleet, &fresh->plan);
	config_free(&l->config);
	l->config = fresh;
	l->server.config = fresh;
	backlogs_reload(l->server.backlogs);
	release_reload(l->release);
	feed_reload(l->server.feed);
	log_set_level(fresh->log.level);
	l->next_heartbeat_ms = 0;
	log_info("reload", LOG_TEXT("result", "done"),
	    LOG_TEXT("digest", fresh->digest));
}

static void
on_hup(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	(void)fd, (void)what;
	if (l->reload != NULL)	/* not at the farewell */
		reload_begin(l->reload);
}

static void
on_mx_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	(void)fd, (void)what;
	conn_mx_tick(&l->server, clock_mono_ms());
}

static bool
store_is_up(void *arg)
{
	const struct loop *l = arg;

	return store_async_up(l->store);
}

static void
wake_intake(void *arg, int64_t ms)
{
	const struct timeval in = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000),
	};
	struct loop *l = arg;

	event_add(l->intake_timer, &in);
}

static void
on_intake_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	(void)fd, (void)what;
	intake_tick(l->server.intake);
}

static void
on_end(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	(void)fd, (void)what;
	event_base_loopbreak(l->server.base);
}

static void
on_policy(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *from, int len, void *arg)
{
	struct loop *l = arg;

	(void)listener, (void)from, (void)len;
	conn_open(&l->server, &policy_conn_kind, fd);
}

static void
on_map(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *from, int len, void *arg)
{
	struct loop *l = arg;

	(void)listener, (void)from, (void)len;
	conn_open(&l->server, &map_conn_kind, fd);
}

/* Out of descriptors, most likely: say so; libevent tries again. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)listener, (void)arg;
	log_error("accept", LOG_TEXT("error", strerror(errno)));
}

static struct evconnlistener *
listen_on(struct loop *l, evconnlistener_cb accepted, int fd)
{
	struct evconnlistener *listener;

	if (fd < 0)
		return NULL;
	/* The parent owns the socket: it outlives this loop. */
	listener = evconnlistener_new(l->server.base, accepted, l,
	    0, 0, fd);
	evconnlistener_set_error_cb(listener, on_accept_error);
	return listener;
}

/* What is on its way gets a moment; the rest is in the store or was lost
 * with it. */
static void
say_farewell(struct loop *l)
{
	const struct timeval moment = { .tv_usec = FAREWELL_MS * 1000 };

	reload_free(&l->reload);
	release_free(&l->release);
	desk_close(l->server.desk);
	ledger_bequeath(l->server.ledger);
	conn_close_all(&l->server);
	feed_free(&l->server.feed);
	prober_free(&l->server.prober);
	fleet_flush(l->server.fleet);
	intake_close(l->server.intake);
	send_counters(l);
	event_base_loopexit(l->server.base, &moment);
	event_base_dispatch(l->server.base);
}

static int
loop_init(struct loop *l, const struct server_start *start, struct err *err)
{
	const struct store_options options = {
		.address = start->config->store.address,
		.sentinels = start->config->store.sentinels,
		.prefix = start->config->store.prefix,
		.username = start->config->store.username,
		.password = start->config->store.password,
		.database = start->config->store.database,
		.timeout_ms = start->config->store.timeout_ms,
	};
	const struct store_async_events events = {
		.health = on_health, .changed = on_changed, .arg = l,
	};

	l->config = start->config;
	l->server.resolver = resolver_new(l->config->dns.cache_entries,
	    l->config->dns.stale_for_ms, err);
	if (l->server.resolver == NULL)
		return -1;
	l->alive_fd = start->alive_fd;
	l->server.base = event_base_new();
	l->server.config = l->config;
	l->reload = reload_new(l->server.base, start->config_path, on_loaded, l,
	    err);
	if (l->reload == NULL)
		return -1;
	l->store = store_async_new(l->server.base, &options, &events);
	l->server.notify = notify_new(&l->server,
	    store_async_port(l->store));
	l->server.port = notify_port(l->server.notify);
	l->server.fleet = fleet_new(&(struct fleet_options){
		.plan = &l->config->plan, .host = l->config->host,
		.port = l->server.port, .clock = clock_mono_ms,
	    }, clock_wall_ms());
	l->server.ledger = start->ledger;
	ledger_inherit(l->server.ledger, &l->server, clock_mono_ms());
	l->server.intake = intake_new(&(struct intake_options){
		.port = l->server.port, .clock = clock_mono_ms,
		.up = store_is_up, .wake = wake_intake, .arg = l,
	    });
	on_hosts(l, ledger_hosts(l->server.ledger));
	l->intake_timer = event_new(l->server.base, -1, 0, on_intake_timer, l);
	l->server.tally = tally_new(l->config->plan.n_destinations);
	l->server.prober = prober_new(&l->server);
	l->server.feed = feed_new(&l->server);
	l->server.shares = mem_new(l->config->plan.n_destinations,
	    sizeof(*l->server.shares));
	l->roster = roster_new(l->server.port, on_hosts, l);
	l->server.backlogs = backlogs_new(&l->server);
	l->release = release_new(&l->server);
	l->server.mx_timer = event_new(l->server.base, -1, EV_PERSIST,
	    on_mx_timer, l);
	l->server.desk = desk_new(&(struct desk_options){
		.server = &l->server, .roster = l->roster,
		.fd = start->status_fd,
	    });
	return 0;
}

static void
loop_free(struct loop *l)
{
	event_free(l->server.mx_timer);
	resolver_free(&l->server.resolver);
	store_async_free(&l->store);
	event_free(l->intake_timer);
	desk_free(&l->server.desk);
	notify_free(&l->server.notify);
	roster_free(&l->roster);
	intake_free(&l->server.intake);
	fleet_free(&l->server.fleet);
	tally_free(&l->server.tally);
	backlogs_free(&l->server.backlogs);
	mem_free(l->server.shares);
	config_free(&l->config);
	event_base_free(l->server.base);
}

struct snapshot
server_snapshot(const struct server *s)
{
	struct snapshot now = fleet_snapshot(s->fleet);

	now.queued = backlogs_queued(s->backlogs);
	return now;
}

int64_t
server_fleet_ms(const struct server *s)
{
	return fleet_time(s->fleet, clock_mono_ms());
}

int
server_run(const struct server_start *start)
{
	static const struct timeval tick = { .tv_usec = FLEET_TICK_MS * 1000 };
	struct loop l = { 0 };
	struct evconnlistener *listeners[2];
	struct event *ticker, *signals[3];
	struct err err;

	if (loop_init(&l, start, &err) == -1) {
		log_error("start", LOG_TEXT("error", err.text));
		config_free(&l.config);
		return EXIT_FAILURE;
	}
	listeners[0] = listen_on(&l, on_policy, start->policy_fd);
	listeners[1] = listen_on(&l, on_map, start->map_fd);
	ticker = event_new(l.server.base, -1, EV_PERSIST, on_tick, &l);
	event_add(ticker, &tick);
	signals[0] = evsignal_new(l.server.base, SIGHUP, on_hup, &l);
	signals[1] = evsignal_new(l.server.base, SIGTERM, on_end, &l);
	signals[2] = evsignal_new(l.server.base, SIGINT, on_end, &l);
	for (size_t i = 0; i < MW_N_OF(signals); i++)
		event_add(signals[i], NULL);

	event_base_dispatch(l.server.base);

	for (size_t i = 0; i < MW_N_OF(listeners); i++)
		if (listeners[i] != NULL)
			evconnlistener_free(listeners[i]);
	event_free(ticker);
	say_farewell(&l);
	for (size_t i = 0; i < MW_N_OF(signals); i++)
		event_free(signals[i]);
	loop_free(&l);
	return EXIT_SUCCESS;
}
