#include "fleet_sample.h"

#include "suite.h"

#include "base/chance.h"
#include "base/mem.h"
#include "store/local.h"

#include <stdio.h>
#include <string.h>

#define QUEUE_MAX 4096
#define SAID_MAX 1024

struct pending {
	store_done *done;
	void *arg;
	struct store_reply *reply;	/* NULL: unavailable */
};

static const struct destination destinations[] = {
	{ .name = "contoso", .n_routes = 1 },
	/* Named as the upstream is, and another thing. */
	{ .name = "filter", .n_routes = 1 },
};
const struct upstream upstreams[1] = { {
	.name = "filter", .connections = 4, .rate = 2, .tls_policy = "",
	.breaker = {
		.window_ms = 120000, .min_outcomes = 20, .min_hosts = 2,
		.consecutive = 10, .shed_at = 500, .open_at = 900,
		.open_for_ms = 30000, .open_max_ms = 900000,
		.slow_after_ms = 5000, .trials = 3,
		.n_ramp = 2, .ramp = { 100, 1000 }, .ramp_step_ms = 1000,
	},
} };
const struct plan plan = {
	.mode = PLAN_ENFORCE, .upstreams = upstreams, .n_upstreams = 1,
	.destinations = destinations, .n_destinations = 2,
	.slow = { .cut = 700, .floor = 1, .raise = 1, .every_ms = 2000 },
};

int64_t now;
bool store_away;
struct fleet *host[3];
int n_hosts;

static const struct plan *hosts_plan;
static struct {
	struct store_local *local;
	char said[SAID_MAX][64];	/* by events, as "name=value" */
	size_t n_said;
	struct pending queue[QUEUE_MAX];
	size_t n;
} store;

static void
note_event(const struct store_request *r)
{
	for (uint32_t i = 0; i < r->u.event_add.n; i++) {
		const struct store_pair *pair = &r->u.event_add.pairs[i];
		char *said = store.said[store.n_said++];

		ck_assert_uint_lt(store.n_said, SAID_MAX);
		snprintf(said, sizeof(store.said[0]), "%s=%s", pair->name,
		    pair->value);
	}
}

/* The store's clock is not the hosts'. */
static void
ask(const struct store_request *request, struct store_reply *out)
{
	struct err err;

	ck_assert_int_eq(store_local_call(store.local, request, now + 1000000,
	    out, &err), 0);
}

static void
port_send(void *self, const struct store_request *request, store_done *done,
    void *arg)
{
	struct pending *p = &store.queue[store.n++];

	(void)self;
	ck_assert_uint_lt(store.n, QUEUE_MAX);
	*p = (struct pending){ .done = done, .arg = arg };
	if (request->verb == STORE_EVENT_ADD)
		note_event(request);
	if (store_away)
		return;
	p->reply = mem_new(1, sizeof(*p->reply));
	ask(request, p->reply);
}

static int64_t
test_clock(void)
{
	return now;
}

static struct fleet *
new_host(int i)
{
	static const char *const names[] = { "mx1", "mx2", "mx3" };

	return fleet_new(&(struct fleet_options){
		.plan = hosts_plan, .host = names[i],
		.port = { .send = port_send }, .clock = test_clock,
	    }, 1000);
}

void
setup(void)
{
	chance_seed(7);
	now = 1;
	memset(&store, 0, sizeof(store));
	store.local = store_local_new();
	store_away = false;
	n_hosts = 0;
	hosts_plan = &plan;
	add_host();
	add_host();
}

void
teardown(void)
{
	deliver();
	for (int i = 0; i < n_hosts; i++)
		fleet_free(&host[i]);
	store_local_free(&store.local);
}

void
add_host(void)
{
	host[n_hosts] = new_host(n_hosts);
	n_hosts++;
}

void
reload(const struct plan *other)
{
	hosts_plan = other;
	for (int i = 0; i < n_hosts; i++)
		fleet_reload(host[i], other);
}

void
replace_process(int i, uint32_t held)
{
	struct line *line = line_at(i);
	const struct line_state s = line_state(line, now);

	fleet_free(&host[i]);
	host[i] = new_host(i);
	line = line_at(i);
	line_grant(line, held, s.granted_ms);
	for (uint32_t n = 0; n < s.in_use + s.old; n++)
		line_force(line, now);
}

void
pass(int64_t ms)
{
	for (const int64_t end = now + ms; now < end; now += FLEET_TICK_MS) {
		for (int i = 0; i < n_hosts; i++)
			fleet_tick(host[i], now);
		deliver();
	}
}

void
deliver(void)
{
	const struct err away = { .kind = ERR_UNAVAILABLE };

	for (size_t i = 0; i < store.n; i++) {
		struct pending p = store.queue[i];

		p.done(p.arg, p.reply, p.reply == NULL ? &away : NULL);
		if (p.reply != NULL)
			store_reply_clear(p.reply);
		mem_free(p.reply);
	}
	store.n = 0;
}

size_t
under_way(void)
{
	return store.n;
}

uint32_t
told(const char *pair)
{
	uint32_t n = 0;

	for (size_t i = 0; i < store.n_said; i++)
		n += strcmp(store.said[i], pair) == 0;
	return n;
}

const struct store_reply *
stored(void)
{
	static struct store_reply reply;

	ask(&(struct store_request){
		.verb = STORE_OBSERVE, .name = "filter",
		.u.observe.window_ms = 120000,
	    }, &reply);
	return &reply;
}

void
say(const char *name, bool destination, enum override_state state)
{
	struct store_reply reply;

	ask(&(struct store_request){
		.verb = STORE_OVERRIDE, .name = name,
		.u.override = { .destination = destination, .state = state,
		    .for_ms = 60000, .by = "anna", .reason = "test" },
	    }, &reply);
}

void
observe(int i, enum outcome_class class, int64_t began_ms)
{
	fleet_observe(host[i], fleet_upstream(host[i], 0), (struct outcome){
		.class = class, .rule = "svc-unavail",
	    }, SPAN("4.3.2 host x said: 451 4.3.2 no"), began_ms, now);
}

void
open_it(void)
{
	pass(3000);
	for (int n = 0; n < 10; n++)
		observe(0, OUTCOME_TROUBLE, now);
	pass(200);
}

enum breaker_state
state_at(int i)
{
	return fleet_views(host[i])[0].record.breaker.state;
}

struct line *
line_at(int i)
{
	return fleet_line(fleet_upstream(host[i], 0));
}

uint32_t
granted(int i)
{
	return line_state(line_at(i), now).granted;
}

uint32_t
take_all(int i)
{
	struct line *line = line_at(i);
	uint32_t n = 0;

	for (; line_take(line, now); n++)
		line_give(line, now, now);
	return n;
}

void
use_all(void)
{
	for (int i = 0; i < 2; i++) {
		struct line *line = line_at(i);

		while (line_take(line, now))
			continue;
		line_wish(line, now);
	}
}

void
end_all(void)
{
	for (int i = 0; i < 2; i++) {
		struct line *line = line_at(i);

		while (line_state(line, now).in_use > 0)
			line_give(line, now, now);
	}
}
