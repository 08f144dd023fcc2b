/*
 * scale_fleet - what a fleet of hosts costs one Redis.
 *
 *	scale_fleet [-H hosts] [-D destinations] [-U upstreams] [-L leases]
 *	    [-B busy upstreams] [-r messages/s] [-w warm-up] [-s seconds] [-m] [-t]
 *	    [-p]
 *
 * Starts a redis-server of its own and so many hosts in this one process: of
 * each what policyd keeps of the fleet (engine/fleet, on a connection of its
 * own), and with -m what the milter keeps (engine/keeper, a thread each). Every
 * host reports the outcomes of so many messages a second, over its busy
 * upstreams (all, if not told). -L: so many leases are held meanwhile.
 *
 * Redis is asked before and after what it has done. With -p messages take a lease
 * and give the last one back, as where the cap leaves no room, 64 at once, as
 * fast as they go, so that what comes out is the price of one message; with -H
 * 64 each asks on a connection of its own.
 *
 * Prints one line of JSON. Postfix has no part in it.
 */
#include "engine/fleet.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/number.h"
#include "engine/intake.h"
#include "engine/keeper.h"
#include "engine/pace.h"
#include "store/async.h"
#include "tests/store/redis.h"

#include <event2/event.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BEAT_MS 5000		/* as policyd does */
#define WINDOW_MS 9600		/* a short one is filled soon */
#define UNDER_WAY 64		/* messages at once with -p */
#define CAP 1000000
#define BREATH_MS 250		/* all that -s 0 measures: does it still run? */

enum {
	HOSTS, DESTINATIONS, UPSTREAMS, BUSY, LEASES, RATE, WARM_UP, SECONDS,
	OPTIONS,
};
static const char letters[OPTIONS] = "HDUBLrws";
/* Warm: the window is filled, and each host has heard of all. */
static int64_t asked[OPTIONS] = { 1, 1, 1, 0, 0, 500, 11, 10 };
static bool with_milter, with_leases, with_price;

struct transaction {
	struct transaction *next;
	struct sim_host *host;
	char member[LEASE_NAME_MAX + 1];
	bool known, granted;
};

struct sim_host {
	struct lab *lab;
	char name[32];
	struct store_async *store;
	struct fleet *fleet;
	struct keeper *keeper;
	struct intake *intake;
	struct event *tick, *intake_timer;
	struct transaction *inside;
	uint64_t arrived;
	int64_t last_ms, beat_at_ms, tally_at_ms;
	int64_t owed;		/* messages, in thousandths */
	uint32_t live;		/* hosts that it knows of */
	bool *in_use;		/* a connection to that upstream */
	uint64_t ticks;
};

/* What Redis has done. */
struct done {
	double cpu;		/* seconds */
	int64_t scripts, commands, bytes;
	int64_t at_ms;
};

struct lab {
	struct redis redis;
	struct event_base *base;
	struct store_options store;
	struct plan plan;
	struct sim_host *hosts;
	int64_t messages, waiting;	/* of -p */
};

/* The plan */

static char *
name_of(const char *kind, int64_t number)
{
	char name[PLAN_NAME_MAX + 1];

	snprintf(name, sizeof(name), "%s%" PRId64, kind, number);
	return mem_dup(name);
}

static const struct upstream pattern = {
	.connections = CAP, .tls_policy = "",
	.breaker = {
		.window_ms = WINDOW_MS, .min_outcomes = 20, .min_hosts = 2,
		.consecutive = 10, .shed_at = 500, .open_at = 900,
		.open_for_ms = 30000, .open_max_ms = 900000,
		.slow_after_ms = 30000, .trials = 3,
		.n_ramp = 1, .ramp = { 1000 }, .ramp_step_ms = 60000,
	},
};

static void
make_plan(struct plan *plan)
{
	struct upstream *u = mem_new((size_t)asked[UPSTREAMS], sizeof(*u));
	struct destination *d = mem_new((size_t)asked[DESTINATIONS],
	    sizeof(*d));

	for (int64_t i = 0; i < asked[UPSTREAMS]; i++) {
		u[i] = pattern;
		u[i].name = name_of("upstream", i);
	}
	for (int64_t i = 0; i < asked[DESTINATIONS]; i++)
		d[i] = (struct destination){
			.name = name_of("destination", i), .cap = CAP,
			.n_routes = 1, .routes = { {
				.upstream = (uint32_t)(i % asked[UPSTREAMS]),
			} },
		};
	*plan = (struct plan){
		.mode = PLAN_ENFORCE, .catch_all = -1,
		.upstreams = u, .n_upstreams = (uint32_t)asked[UPSTREAMS],
		.destinations = d,
		.n_destinations = (uint32_t)asked[DESTINATIONS],
		.slow = { .cut = 700, .floor = 1, .raise = 1,
		    .every_ms = 10000 },
		.lease_ttl_ms = 60000,
	};
}

static void
free_plan(struct plan *plan)
{
	for (uint32_t i = 0; i < plan->n_upstreams; i++)
		mem_free((char *)(uintptr_t)plan->upstreams[i].name);
	for (uint32_t i = 0; i < plan->n_destinations; i++)
		mem_free((char *)(uintptr_t)plan->destinations[i].name);
	mem_free((void *)(uintptr_t)plan->upstreams);
	mem_free((void *)(uintptr_t)plan->destinations);
}

/* A host */

static void
ignore(void *arg, const struct store_reply *reply, const struct err *err)
{
	(void)arg, (void)reply, (void)err;
}

static void
ask(struct sim_host *h, const struct store_request *request, store_done *done,
    void *arg)
{
	const struct store_port port = store_async_port(h->store);

	port.send(port.self, request, done, arg);
}

static void
counted(void *arg, const struct store_reply *reply, const struct err *err)
{
	struct sim_host *h = arg;

	(void)err;
	if (reply == NULL)
		return;
	h->live = reply->u.hosts.n;
	fleet_set_hosts(h->fleet, h->live);
}

static void
beat(struct sim_host *h)
{
	ask(h, &(struct store_request){
		.verb = STORE_HEARTBEAT, .name = "",
		.u.heartbeat = { .host = h->name, .version = "1",
		    .digest = "0123456789abcdef", .mode = "enforce" },
	    }, ignore, NULL);
	ask(h, &(struct store_request){ .verb = STORE_HOSTS, .name = "" },
	    counted, h);
}

static void
tally(struct sim_host *h)
{
	for (int64_t i = 0; i < asked[DESTINATIONS]; i++)
		ask(h, &(struct store_request){
			.verb = STORE_COUNT,
			.name = h->lab->plan.destinations[i].name,
			.u.count.add = { [DEST_DELIVERED] = 1 },
		    }, ignore, NULL);
}

/* So many messages ended well; each busy upstream has a connection for every
 * other tick. */
static void
deliver(struct sim_host *h, int64_t messages, int64_t now_ms)
{
	for (int64_t i = 0; i < messages; i++) {
		const uint32_t to = (uint32_t)(h->ticks + (uint64_t)i) %
		    (uint32_t)asked[BUSY];
		struct fleet_upstream *u = fleet_upstream(h->fleet, to);

		if (h->in_use[to])
			line_give(fleet_line(u), h->last_ms, now_ms);
		h->in_use[to] = !h->in_use[to] &&
		    line_take(fleet_line(u), now_ms);
		fleet_observe(h->fleet, u, (struct outcome){
			.class = OUTCOME_OK, .rule = "",
		    }, SPAN("2.0.0 Ok"), now_ms - 10, now_ms);
	}
}

static void
lease_known(void *arg, bool granted)
{
	struct transaction *t = arg;

	t->known = true;
	t->granted = granted;
}

static void
arrive(struct sim_host *h)
{
	struct transaction *t = mem_new(1, sizeof(*t));
	const struct intake_lease lease = {
		.destination = h->lab->plan.destinations[0].name,
		.member = t->member, .cap = CAP, .ttl_ms = 60000,
	};

	t->host = h;
	snprintf(t->member, sizeof(t->member), "%s/192.0.2.1:%" PRIu64 "/25",
	    h->name, 1024 + h->arrived++ % 60000);
	t->next = h->inside;
	h->inside = t;
	if (intake_pass(h->intake, &lease))
		lease_known(t, true);
	else
		intake_take(h->intake, &lease, lease_known, t);
}

/* Those of the last tick go, as far as they have their answer, and so many
 * come. */
static void
transact(struct sim_host *h, int64_t messages)
{
	struct transaction **at = &h->inside;

	while (*at != NULL) {
		struct transaction *t = *at;

		if (!t->known) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		if (t->granted)
			intake_drop(h->intake,
			    h->lab->plan.destinations[0].name, t->member);
		mem_free(t);
	}
	for (int64_t i = 0; i < messages; i++)
		arrive(h);
}

static bool
store_is_up(void *arg)
{
	const struct sim_host *h = arg;

	return store_async_up(h->store);
}

static void
wake_intake(void *arg, int64_t ms)
{
	const struct timeval in = { .tv_sec = (time_t)(ms / 1000),
	    .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
	struct sim_host *h = arg;

	event_add(h->intake_timer, &in);
}

static void
on_intake_timer(evutil_socket_t fd, short what, void *arg)
{
	struct sim_host *h = arg;

	(void)fd, (void)what;
	intake_tick(h->intake);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct sim_host *h = arg;
	const int64_t now_ms = clock_mono_ms();

	(void)fd, (void)what;
	h->owed += (now_ms - h->last_ms) * asked[RATE];
	deliver(h, h->owed / 1000, now_ms);
	if (with_leases)
		transact(h, h->owed / 1000);
	h->owed %= 1000;
	h->last_ms = now_ms;
	h->ticks++;
	fleet_tick(h->fleet, now_ms);
	if (now_ms >= h->beat_at_ms) {
		h->beat_at_ms = now_ms + BEAT_MS;
		beat(h);
	}
	if (now_ms >= h->tally_at_ms) {
		h->tally_at_ms = now_ms + pace_ms(PACE_COUNTERS, h->live,
		    h->lab->plan.n_destinations);
		tally(h);
	}
}

static void
host_start(struct lab *lab, struct sim_host *h, int64_t number)
{
	static const struct timeval tick = { .tv_usec = FLEET_TICK_MS * 1000 };
	struct err err;

	h->lab = lab;
	snprintf(h->name, sizeof(h->name), "mx%" PRId64, number);
	h->store = store_async_new(lab->base, &lab->store,
	    &(struct store_async_events){ 0 });
	h->fleet = fleet_new(&(struct fleet_options){
		.plan = &lab->plan, .host = h->name,
		.port = store_async_port(h->store), .clock = clock_mono_ms,
	    }, clock_wall_ms());
	h->live = (uint32_t)asked[HOSTS];
	fleet_set_hosts(h->fleet, h->live);
	h->in_use = mem_new((size_t)asked[UPSTREAMS], sizeof(bool));
	h->last_ms = clock_mono_ms();
	/* Not all at once. */
	h->beat_at_ms = h->last_ms + number * 25 % BEAT_MS;
	h->tally_at_ms = h->last_ms + number * 25 % 1000;
	if (with_milter)
		h->keeper = keeper_new(&(struct keeper_options){
			.plan = &lab->plan, .store = lab->store,
			.host = h->name, .version = "1",
			.digest = "0123456789abcdef",
		    }, &err);
	h->intake_timer = event_new(lab->base, -1, 0, on_intake_timer, h);
	h->intake = intake_new(&(struct intake_options){
		.port = store_async_port(h->store), .clock = clock_mono_ms,
		.up = store_is_up, .wake = wake_intake, .arg = h,
	    });
	h->tick = event_new(lab->base, -1, EV_PERSIST, on_tick, h);
	event_add(h->tick, &tick);
}

static void
host_end(struct sim_host *h)
{
	event_free(h->tick);
	keeper_free(&h->keeper);
	store_async_free(&h->store);
	while (h->inside != NULL) {
		struct transaction *t = h->inside;

		h->inside = t->next;
		mem_free(t);
	}
	intake_free(&h->intake);
	event_free(h->intake_timer);
	fleet_free(&h->fleet);
	mem_free(h->in_use);
}

/* Leases */

static struct store_request
lease(const struct lab *lab, const char *member)
{
	return (struct store_request){
		.verb = STORE_LEASE_TAKE,
		.name = lab->plan.destinations[0].name,
		.u.lease_take = {
			.member = member, .limit = CAP, .ttl_ms = 600000,
		},
	};
}

static void
took(void *arg, const struct store_reply *reply, const struct err *err)
{
	struct lab *lab = arg;

	(void)err;
	lab->waiting--;
	lab->messages += reply != NULL;
}

static void
name_lease(char dst[64], int number, int turn)
{
	snprintf(dst, 64, "mx1/192.0.2.%d:4000%d/25", number, turn % 2);
}

/* Each takes a lease, and gives back that of its last turn. */
static void
price(struct lab *lab, int64_t seconds)
{
	const int64_t end_ms = clock_mono_ms() + seconds * 1000 + BREATH_MS;

	for (int turn = 0; clock_mono_ms() < end_ms; turn++) {
		for (int i = 0; i < UNDER_WAY; i++) {
			char now[64], last[64];
			const char *const drop = last;
			struct store_request r = lease(lab, now);

			name_lease(now, i, turn);
			name_lease(last, i, turn + 1);
			r.u.lease_take.drops = &drop;
			r.u.lease_take.n_drops = 1;
			lab->waiting++;
			ask(&lab->hosts[i % asked[HOSTS]], &r, took, lab);
		}
		while (lab->waiting > 0)
			event_base_loop(lab->base, EVLOOP_ONCE);
	}
}

static void
hold_leases(struct lab *lab)
{
	for (int64_t i = 0; i < asked[LEASES]; i++) {
		char text[64];
		const struct store_request r = lease(lab, text);

		snprintf(text, sizeof(text), "mx%" PRId64
		    "/198.51.100.7:%" PRId64 "/25", i / 60000, i % 60000);
		lab->waiting++;
		ask(&lab->hosts[0], &r, took, lab);
		while (lab->waiting > (i + 1 < asked[LEASES] ? 1000 : 0))
			event_base_loop(lab->base, EVLOOP_ONCE);
	}
	lab->messages = 0;
}

/* Redis */

/* The number behind a word of INFO. */
static double
info(const struct lab *lab, const char *section, const char *word)
{
	const char *said = redis_say(&lab->redis, "INFO %s", section);
	const char *at = strstr(said, word);

	return at == NULL ? 0 : strtod(at + strlen(word), NULL);
}

static struct done
look(const struct lab *lab)
{
	return (struct done){
		.cpu = info(lab, "cpu", "used_cpu_sys:") +
		    info(lab, "cpu", "used_cpu_user:"),
		.scripts = (int64_t)info(lab, "commandstats",
		    "cmdstat_evalsha:calls="),
		.commands = (int64_t)info(lab, "stats",
		    "total_commands_processed:"),
		.bytes = (int64_t)info(lab, "stats",
		    "total_net_output_bytes:"),
		.at_ms = clock_mono_ms(),
	};
}

static void
run_for(struct lab *lab, int64_t ms)
{
	const struct timeval tv = { .tv_sec = ms / 1000,
	    .tv_usec = ms % 1000 * 1000 };

	event_base_loopexit(lab->base, &tv);
	event_base_dispatch(lab->base);
}

static void
print(const struct lab *lab, const struct done *before,
    const struct done *after)
{
	const double s = (double)(after->at_ms - before->at_ms) / 1000;
	const double cpu = (after->cpu - before->cpu) * 1e6;
	uint64_t ticks = 0;

	for (int64_t i = 0; i < asked[HOSTS]; i++)
		ticks += lab->hosts[i].ticks;
	printf("{\"hosts\":%" PRId64 ",\"destinations\":%" PRId64
	    ",\"upstreams\":%" PRId64 ",\"busy\":%" PRId64
	    ",\"leases\":%" PRId64 ",\"milter\":%s"
	    ",\"transactions\":%s",
	    asked[HOSTS], asked[DESTINATIONS], asked[UPSTREAMS], asked[BUSY],
	    asked[LEASES], with_milter ? "true" : "false",
	    with_leases ? "true" : "false");
	printf(",\"redis_cpu\":%.4f,\"scripts_s\":%.0f,\"commands_s\":%.0f"
	    ",\"us_per_script\":%.2f,\"us_per_host_s\":%.0f"
	    ",\"bytes_out_s\":%.0f,\"ticks_host_s\":%.1f",
	    cpu / s / 1e6, (double)(after->scripts - before->scripts) / s,
	    (double)(after->commands - before->commands) / s,
	    cpu / (double)(after->scripts - before->scripts),
	    cpu / s / (double)asked[HOSTS],
	    (double)(after->bytes - before->bytes) / s,
	    (double)ticks / s / (double)asked[HOSTS]);
	if (with_price)
		printf(",\"messages\":%" PRId64 ",\"us_per_message\":%.2f"
		    ",\"commands_per_message\":%.2f", lab->messages,
		    cpu / (double)lab->messages,
		    (double)(after->commands - before->commands) /
		    (double)lab->messages);
	puts("}");
}

static void
run(struct lab *lab)
{
	struct done before, after;

	run_for(lab, BREATH_MS);
	hold_leases(lab);
	if (!with_price)
		run_for(lab, asked[WARM_UP] * 1000);
	else
		for (int64_t i = 0; i < asked[HOSTS]; i++)
			event_del(lab->hosts[i].tick);
	for (int64_t i = 0; i < asked[HOSTS]; i++)
		lab->hosts[i].ticks = 0;
	before = look(lab);
	if (with_price)
		price(lab, asked[SECONDS]);
	else
		run_for(lab, asked[SECONDS] * 1000 + BREATH_MS);
	after = look(lab);
	print(lab, &before, &after);
}

static void
read_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "H:D:U:B:L:r:w:s:mtp")) != -1) {
		const char *at = memchr(letters, c, OPTIONS);

		if (c == 'm')
			with_milter = true;
		else if (c == 't')
			with_leases = true;
		else if (c == 'p')
			with_price = true;
		else if (at == NULL || !number_parse(span_of(optarg), 0,
		    1000000, &asked[at - letters])) {
			fputs("usage: scale_fleet [-H hosts] [-D destinations] "
			    "[-U upstreams] [-B busy] [-L leases] [-r rate] "
			    "[-w warm-up] [-s seconds] [-m] [-t] [-p]\n", stderr);
			exit(2);
		}
	}
	if (asked[BUSY] == 0 || asked[BUSY] > asked[UPSTREAMS])
		asked[BUSY] = asked[UPSTREAMS];
}

int
main(int argc, char **argv)
{
	struct lab lab = { .base = event_base_new() };

	read_options(argc, argv);
	if (!redis_there()) {
		fputs("redis-server is not installed\n", stderr);
		return 77;
	}
	redis_start(&lab.redis);
	lab.store = (struct store_options){
		.address = lab.redis.unix_address, .prefix = "mailweir",
		.timeout_ms = 2000,
	};
	make_plan(&lab.plan);
	lab.hosts = mem_new((size_t)asked[HOSTS], sizeof(*lab.hosts));
	for (int64_t i = 0; i < asked[HOSTS]; i++)
		host_start(&lab, &lab.hosts[i], i);
	run(&lab);
	for (int64_t i = 0; i < asked[HOSTS]; i++)
		host_end(&lab.hosts[i]);
	mem_free(lab.hosts);
	free_plan(&lab.plan);
	event_base_free(lab.base);
	redis_stop(&lab.redis);
	return EXIT_SUCCESS;
}
