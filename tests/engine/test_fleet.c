/*
 * Two hosts, or three, and one store, all in this process: the clock is a
 * variable, the store is the local one, and answers arrive when the test says
 * so.
 */
#include "engine/fleet.h"

#include "suite.h"

#include "base/chance.h"
#include "base/mem.h"
#include "core/route.h"
#include "store/local.h"

#include <stdio.h>
#include <string.h>

#define QUEUE_MAX 4096
#define SAID_MAX 1024

static int64_t now;

static int64_t
test_clock(void)
{
	return now;
}

struct pending {
	store_done *done;
	void *arg;
	struct store_reply *reply;	/* NULL: unavailable */
};

static struct {
	struct store_local *local;
	bool away;
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

/* How many events have said that. */
static uint32_t
told(const char *pair)
{
	uint32_t n = 0;

	for (size_t i = 0; i < store.n_said; i++)
		n += strcmp(store.said[i], pair) == 0;
	return n;
}

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
	if (store.away)
		return;
	p->reply = mem_new(1, sizeof(*p->reply));
	ask(request, p->reply);
}

/* Answers arrive, and what they cause is answered, too. */
static void
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

static void
say(const char *name, bool destination, enum override_state state)
{
	struct store_reply reply;

	ask(&(struct store_request){
		.verb = STORE_OVERRIDE, .name = name,
		.u.override = { .destination = destination, .state = state,
		    .for_ms = 60000, .by = "anna", .reason = "test" },
	    }, &reply);
}

/* What it has of the filter, until it is asked again. */
static const struct store_reply *
stored(void)
{
	static struct store_reply reply;

	ask(&(struct store_request){
		.verb = STORE_OBSERVE, .name = "filter",
		.u.observe.window_ms = 120000,
	    }, &reply);
	return &reply;
}

static const struct upstream upstreams[] = { {
	.name = "filter", .connections = 4, .rate = 2, .tls_policy = "",
	.breaker = {
		.window_ms = 120000, .min_outcomes = 20, .min_hosts = 2,
		.consecutive = 10, .shed_at = 500, .open_at = 900,
		.open_for_ms = 30000, .open_max_ms = 900000,
		.slow_after_ms = 5000, .trials = 3,
		.n_ramp = 2, .ramp = { 100, 1000 }, .ramp_step_ms = 1000,
	},
} };
static const struct destination destinations[] = {
	{ .name = "contoso", .n_routes = 1 },
	/* Named as the upstream is, and another thing. */
	{ .name = "filter", .n_routes = 1 },
};
static const struct plan plan = {
	.mode = PLAN_ENFORCE, .upstreams = upstreams, .n_upstreams = 1,
	.destinations = destinations, .n_destinations = 2,
	.slow = { .cut = 700, .floor = 1, .raise = 1, .every_ms = 2000 },
};

static struct fleet *host[3];
static int n_hosts;

static const struct plan *hosts_plan;

static struct fleet *
new_host(int i)
{
	static const char *const names[] = { "mx1", "mx2", "mx3" };

	return fleet_new(&(struct fleet_options){
		.plan = hosts_plan, .host = names[i],
		.port = { .send = port_send }, .clock = test_clock,
	    }, 1000);
}

static void
add_host(void)
{
	host[n_hosts] = new_host(n_hosts);
	n_hosts++;
}

/* All of them read another plan, and so does who comes later. */
static void
reload(const struct plan *other)
{
	hosts_plan = other;
	for (int i = 0; i < n_hosts; i++)
		fleet_reload(host[i], other);
}

static void
setup(void)
{
	chance_seed(7);
	now = 1;
	memset(&store, 0, sizeof(store));
	store.local = store_local_new();
	n_hosts = 0;
	hosts_plan = &plan;
	add_host();
	add_host();
}

static void
teardown(void)
{
	deliver();
	for (int i = 0; i < n_hosts; i++)
		fleet_free(&host[i]);
	store_local_free(&store.local);
}

static void
pass(int64_t ms)
{
	for (const int64_t end = now + ms; now < end; now += FLEET_TICK_MS) {
		for (int i = 0; i < n_hosts; i++)
			fleet_tick(host[i], now);
		deliver();
	}
}

static void
observe(int i, enum outcome_class class, int64_t began_ms)
{
	fleet_observe(host[i], fleet_upstream(host[i], 0), (struct outcome){
		.class = class, .rule = "svc-unavail",
	    }, SPAN("4.3.2 host x said: 451 4.3.2 no"), began_ms, now);
}

static enum breaker_state
state_at(int i)
{
	return fleet_views(host[i])[0].record.breaker.state;
}

static struct line *
line_at(int i)
{
	return fleet_line(fleet_upstream(host[i], 0));
}

static uint32_t
granted(int i)
{
	return line_state(line_at(i), now).granted;
}

static void
open_it(void)
{
	pass(3000);
	for (int n = 0; n < 10; n++)
		observe(0, OUTCOME_TROUBLE, now);
	pass(200);
}

START_TEST(what_one_host_sees_all_know)
{
	open_it();
	ck_assert_int_eq(state_at(0), BREAKER_OPEN);
	pass(1200);
	ck_assert_int_eq(state_at(1), BREAKER_OPEN);
	ck_assert_str_eq(fleet_views(host[1])[0].record.rule, "svc-unavail");
	ck_assert_str_ne(fleet_views(host[1])[0].record.incident, "");
}
END_TEST

START_TEST(a_good_one_elsewhere_breaks_the_streak)
{
	pass(3000);
	for (int n = 0; n < 9; n++)
		observe(0, OUTCOME_TROUBLE, now);
	pass(200);
	observe(1, OUTCOME_OK, now);
	pass(200);
	for (int n = 0; n < 9; n++)
		observe(0, OUTCOME_TROUBLE, now);
	pass(200);
	ck_assert_int_eq(state_at(0), BREAKER_CLOSED);
}
END_TEST

START_TEST(it_recovers_by_trials_and_ramp)
{
	open_it();
	pass(31000);
	ck_assert_int_eq(state_at(0), BREAKER_HALF_OPEN);
	/* What began before says nothing of the recovery. */
	observe(0, OUTCOME_TROUBLE, now - 31000);
	pass(200);
	ck_assert_int_eq(state_at(0), BREAKER_HALF_OPEN);
	for (int n = 0; n < 3; n++)
		observe(1, OUTCOME_OK, now);
	pass(1200);
	ck_assert_int_ne(state_at(0), BREAKER_HALF_OPEN);
	pass(5000);
	ck_assert_int_eq(state_at(0), BREAKER_CLOSED);
	ck_assert_int_eq(state_at(1), BREAKER_CLOSED);
}
END_TEST

static void
move_on(int i, int times)
{
	for (int n = 0; n < times; n++)
		fleet_observe(host[i], fleet_upstream(host[i], 0),
		    (struct outcome){ OUTCOME_MOVED_ON, "" },
		    SPAN("moved on to the next hop"), now, now);
}

START_TEST(moving_on_takes_no_reason_away)
{
	pass(3000);
	move_on(0, 3);
	observe(0, OUTCOME_TROUBLE, now);
	move_on(0, 6);
	pass(200);
	ck_assert_int_eq(state_at(0), BREAKER_OPEN);
	ck_assert_str_eq(fleet_views(host[0])[0].record.rule, "svc-unavail");
}
END_TEST

START_TEST(a_reason_of_long_ago_is_none)
{
	pass(3000);
	observe(0, OUTCOME_TROUBLE, now);
	pass(200);
	observe(0, OUTCOME_OK, now);
	pass(121000);
	move_on(0, 10);
	pass(200);
	ck_assert_int_eq(state_at(0), BREAKER_OPEN);
	ck_assert_str_eq(fleet_views(host[0])[0].record.rule, "");
}
END_TEST

START_TEST(a_reason_may_come_late)
{
	const struct upstream_record *r = &fleet_views(host[1])[0].record;
	char incident[INCIDENT_MAX + 1];

	pass(3000);
	move_on(0, 10);
	pass(1200);
	ck_assert_int_eq(state_at(1), BREAKER_OPEN);
	ck_assert_str_eq(r->rule, "");
	memcpy(incident, r->incident, sizeof(incident));
	observe(0, OUTCOME_TROUBLE, now - 1200);
	pass(2200);
	ck_assert_int_eq(state_at(1), BREAKER_OPEN);
	ck_assert_str_eq(r->rule, "svc-unavail");
	ck_assert(span_starts(span_of(r->sample), SPAN("4.3.2 host x")));
	ck_assert_str_eq(r->incident, incident);
	ck_assert_uint_eq(r->breaker.trips, 1);
}
END_TEST

START_TEST(grants_never_pass_the_cap)
{
	for (int n = 0; n < 200; n++) {
		pass(FLEET_TICK_MS);
		ck_assert_uint_le(granted(0) + granted(1), 4);
	}
	ck_assert_uint_gt(granted(0), 0);
	ck_assert_uint_gt(granted(1), 0);
}
END_TEST

/* Only this one of the hosts runs, and has use for all that it gets. */
static void
pass_for(int i, int64_t ms)
{
	struct line *line = line_at(i);

	for (const int64_t end = now + ms; now < end; now += FLEET_TICK_MS) {
		line_wish(line, now);
		fleet_tick(host[i], now);
		deliver();
		line_take(line, now);
	}
}

/* mx1 reads the answer to a report when the grant of it has ended. */
static void
hear_late(void)
{
	for (const size_t n = store.n; store.n == n; now += FLEET_TICK_MS)
		fleet_tick(host[0], now);
	now += LINE_GRANT_MS;
	deliver();
}

START_TEST(an_answer_that_comes_late_grants_nothing)
{
	struct line *line = line_at(0);

	store.away = _i != 0;
	pass(1500);
	line_grant(line, 4, now);
	hear_late();
	ck_assert(!line_take(line, now));
	ck_assert_uint_eq(granted(0), 0);
	hear_late();		/* and what came of it is not kept up */
	ck_assert_uint_eq(granted(0), 0);
	store.away = false;
	pass(FLEET_SETTLE_MS + 1500);
	ck_assert_uint_gt(granted(0), 0);
}
END_TEST

START_TEST(who_was_stopped_uses_again_nothing_that_others_got)
{
	struct line *line = line_at(0);

	pass_for(0, 3000);
	ck_assert_uint_eq(line_state(line, now).in_use, 4);
	pass_for(1, 15000);
	ck_assert_uint_eq(granted(1), 4);
	/* It does not know yet that its own ones have ended. */
	for (int n = 0; n < 3; n++) {
		pass(1500);
		ck_assert_uint_eq(granted(0), 0);
		line_give(line, 1, now);
		ck_assert(!line_take(line, now));
	}
	line_give(line, 1, now);
	for (int n = 0; n < 3; n++)
		line_give(line_at(1), 1, now);
	line_wish(line, now);
	pass(1500);
	ck_assert(line_take(line, now));
}
END_TEST

START_TEST(one_trial_of_the_fleet_at_a_time)
{
	open_it();
	pass(1500);
	ck_assert_uint_eq(granted(0) + granted(1), 0);
	pass(30000);
	for (int i = 0; i < 2; i++)
		line_wish(line_at(i), now);
	for (int n = 0; n < 40; n++) {
		pass(FLEET_TICK_MS);
		ck_assert_uint_le(granted(0) + granted(1), 1);
	}
	ck_assert_uint_eq(granted(0) + granted(1), 1);
}
END_TEST

static bool
tries(int i)
{
	struct line *line = line_at(i);
	bool taken;

	line_wish(line, now);
	pass(1500);
	taken = line_take(line, now);
	if (taken)
		line_give(line, now, now);
	return taken;
}

static void
wait_for_trial(void)
{
	while (state_at(0) == BREAKER_OPEN)
		pass(1000);
	ck_assert_int_eq(state_at(0), BREAKER_HALF_OPEN);
}

START_TEST(who_failed_a_trial_lets_others_try_first)
{
	for (int i = 0; i < 2; i++)
		fleet_set_hosts(host[i], 2);
	open_it();
	wait_for_trial();
	ck_assert(tries(0));
	observe(0, OUTCOME_TROUBLE, now);
	pass(500);
	wait_for_trial();
	ck_assert(!tries(0));
	ck_assert(tries(1));
	observe(1, OUTCOME_TROUBLE, now);
	pass(1500);
	wait_for_trial();
	ck_assert(tries(0));
	observe(0, OUTCOME_TROUBLE, now);
	pass(500);
	/* Nobody else has mail for it: after a while it tries again. */
	wait_for_trial();
	ck_assert(!tries(0));
	say("filter", false, OVERRIDE_CLOSED);
	pass(1500);
	ck_assert_msg(tries(0), "an operator's word goes before that");
	say("filter", false, OVERRIDE_NONE);
	pass(1500);
	ck_assert(!tries(0));
	pass(30000);
	ck_assert(tries(0));
}
END_TEST

START_TEST(the_only_host_waits_for_nobody)
{
	open_it();
	wait_for_trial();
	observe(0, OUTCOME_TROUBLE, now);
	pass(500);
	wait_for_trial();
	ck_assert(tries(0));
}
END_TEST

/* So many connections of mx1 hang while it opens and the wait ends. */
static void
hang(uint32_t n)
{
	struct line *line = line_at(0);

	for (; n > 0; n--)
		do {
			line_wish(line, now);
			pass(FLEET_TICK_MS);
		} while (!line_take(line, now));
	open_it();
	pass(31000);
	ck_assert_int_eq(state_at(0), BREAKER_HALF_OPEN);
}

START_TEST(a_trial_does_not_wait_for_what_hangs)
{
	struct line *line = line_at(0);

	hang(3);
	line_wish(line_at(1), now);
	for (int n = 0; n < 40; n++) {
		pass(FLEET_TICK_MS);
		ck_assert_uint_le(granted(0) + granted(1), 1);
	}
	ck_assert_uint_eq(granted(0) + granted(1), 1);
	ck_assert_uint_eq(line_state(line, now).old, 3);
	ck_assert_uint_eq(stored()->u.upstream.in_use, 3);
	/* They end in the ramp, and the cap holds all the while. */
	for (int n = 0; n < 3; n++)
		observe(1, OUTCOME_OK, now);
	for (uint32_t old = 3; old > 0; old--) {
		for (int n = 0; n < 10; n++) {
			pass(FLEET_TICK_MS);
			ck_assert_uint_le(granted(0) + granted(1), 4 - old);
		}
		line_give(line, 1, now);
	}
	pass(LINE_WISH_MS);
	ck_assert_uint_eq(granted(0) + granted(1), 4);
}
END_TEST

START_TEST(where_all_hangs_there_is_no_trial)
{
	hang(4);
	for (int n = 0; n < 40; n++) {
		pass(FLEET_TICK_MS);
		ck_assert_uint_eq(granted(0) + granted(1), 0);
	}
	line_give(line_at(0), 1, now);
	line_wish(line_at(1), now);
	pass(1500);
	ck_assert_uint_eq(granted(0) + granted(1), 1);
}
END_TEST

/* Another process takes the host's place, and knows what that one held and what
 * it has in use. */
static void
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

START_TEST(a_ramp_does_not_wait_for_what_hangs_from_another_process)
{
	hang(3);
	pass(1500);
	replace_process(0, fleet_held(fleet_upstream(host[0], 0)));
	for (int n = 0; n < 3; n++)
		observe(1, OUTCOME_OK, now);
	pass(100);
	ck_assert_int_eq(state_at(1), BREAKER_RAMP);
	replace_process(0, fleet_held(fleet_upstream(host[0], 0)));
	line_wish(line_at(1), now);
	pass(600);
	ck_assert_int_eq(state_at(0), BREAKER_RAMP);
	ck_assert_uint_eq(line_state(line_at(0), now).old, 3);
	ck_assert_uint_eq(granted(0), 0);
	ck_assert_uint_eq(granted(1), 1);
}
END_TEST

struct waiting {
	struct line_waiter waiter;	/* first: see served() */
	int slots;
};

static void
served(struct line_waiter *w, bool granted, int64_t now_ms)
{
	(void)now_ms;
	((struct waiting *)w)->slots += granted;
}

static uint32_t
take_all(int i)
{
	struct line *line = line_at(i);
	uint32_t n = 0;

	for (; line_take(line, now); n++)
		line_give(line, now, now);
	return n;
}

/*
 * A destination with a primary and an alternate, by shares of good answers.
 * What the primary fails moves on to the alternate within the same delivery.
 */
struct pair {
	uint32_t primary;
	uint32_t light, heavy;	/* the alternate, below and above half the load */
	uint32_t to_alternate;	/* of the last second, per mille */
};

static bool
ends_well(struct pair *p, int i, uint32_t *moved)
{
	const uint32_t allowance = view_allowance(&fleet_views(host[i])[0],
	    fleet_time(host[i], now));

	if (chance_below(1000) < allowance) {
		const bool good = chance_below(1000) < p->primary;

		observe(i, good ? OUTCOME_OK : OUTCOME_MOVED_ON, now);
		if (good)
			return true;
	}
	++*moved;
	return chance_below(1000) <
	    (p->to_alternate < 600 ? p->light : p->heavy);
}

/* Ten deliveries a second from each host. */
static void
live_through(struct pair *p, int seconds)
{
	for (int s = 0; s < seconds; s++) {
		uint32_t moved = 0;

		for (int n = 0; n < 20; n++) {
			const bool good = ends_well(p, n % 2, &moved);

			fleet_fared(fleet_upstream(host[n % 2], 0), good);
			pass(n % 2 == 1 ? 100 : 0);
		}
		p->to_alternate = 50 * moved;
	}
}

static struct upstream touchy[1];
static struct plan touchy_plan;

/* Opens at 40 % bad already. */
static void
be_touchy(void)
{
	touchy[0] = upstreams[0];
	touchy[0].breaker.shed_at = 300;
	touchy[0].breaker.open_at = 400;
	touchy[0].breaker.consecutive = 20;
	touchy_plan = plan;
	touchy_plan.upstreams = touchy;
	reload(&touchy_plan);
}

START_TEST(a_cure_that_makes_it_worse_is_taken_back_once)
{
	struct pair p = { .primary = 450, .light = 950, .heavy = 100 };
	uint32_t opened;

	be_touchy();
	pass(3000);
	live_through(&p, 30);
	ck_assert_int_eq(told("reason=step-back"), 1);
	opened = told("to=open");
	ck_assert_int_eq(state_at(0), BREAKER_SHEDDING);
	ck_assert_int_eq(state_at(1), BREAKER_SHEDDING);
	/* For long, and no other change. */
	live_through(&p, 120);
	ck_assert_uint_eq(told("to=open"), opened);
	ck_assert_uint_eq(told("reason=step-back"), 1);
	ck_assert_int_eq(state_at(0), BREAKER_SHEDDING);
	/* When it gets worse itself, it does open, and stays so. */
	p.primary = 0;
	live_through(&p, 20);
	ck_assert_uint_gt(told("to=open"), opened);
	ck_assert_uint_eq(told("reason=step-back"), 1);
	/* When it is well, that was the incident. */
	p.primary = 1000;
	live_through(&p, 240);
	ck_assert_int_eq(state_at(0), BREAKER_CLOSED);
	ck_assert_uint_eq(fleet_views(host[0])[0].record.breaker.backed, 0);
	ck_assert_str_eq(fleet_views(host[0])[0].record.incident, "");
}
END_TEST

START_TEST(a_cure_that_helps_is_left_alone)
{
	struct pair p = { .primary = 450, .light = 950, .heavy = 950 };

	be_touchy();
	pass(3000);
	live_through(&p, 120);
	ck_assert_uint_gt(told("to=open"), 0);
	ck_assert_uint_eq(told("reason=step-back"), 0);
}
END_TEST

START_TEST(nobody_goes_back_to_the_dead)
{
	struct pair p = { .light = 950, .heavy = 0 };

	be_touchy();
	pass(3000);
	live_through(&p, 120);
	ck_assert_uint_gt(told("to=open"), 0);
	ck_assert_uint_eq(told("reason=step-back"), 0);
}
END_TEST

START_TEST(who_only_observes_takes_nothing_back)
{
	struct pair p = { .primary = 450, .light = 100, .heavy = 100 };

	be_touchy();
	touchy_plan.mode = PLAN_OBSERVE;
	pass(3000);
	live_through(&p, 30);
	ck_assert_uint_gt(told("to=open"), 0);
	ck_assert_uint_eq(told("reason=step-back"), 0);
}
END_TEST

START_TEST(hosts_share_a_rate)
{
	pass(3000);
	ck_assert_uint_eq(take_all(0), 2);
	for (int i = 0; i < 2; i++)
		fleet_set_hosts(host[i], 2);
	pass(10000);
	for (int i = 0; i < 2; i++)
		ck_assert_uint_eq(take_all(i), 1);
	pass(1000);
	for (int i = 0; i < 2; i++)
		ck_assert_uint_eq(take_all(i), 1);
}
END_TEST

START_TEST(who_waits_for_a_rate_is_served_in_time)
{
	struct line *line = line_at(0);
	struct waiting who = { .waiter.done = served };

	pass(3000);
	ck_assert_uint_eq(take_all(0), 2);
	line_wait(line, &who.waiter, now + 20000);
	pass(400);
	ck_assert_int_eq(who.slots, 0);
	pass(200);
	ck_assert_int_eq(who.slots, 1);
	line_give(line, now, now);
}
END_TEST

START_TEST(nothing_is_lost_while_the_store_is_away)
{
	pass(3000);
	store.away = true;
	for (int n = 0; n < 10; n++)
		observe(0, OUTCOME_TROUBLE, now);
	pass(3000);
	ck_assert_int_eq(state_at(0), BREAKER_CLOSED);
	ck_assert_uint_gt(granted(0), 0);
	store.away = false;
	pass(1000);
	ck_assert_int_eq(state_at(0), BREAKER_OPEN);
}
END_TEST

static uint32_t
cap_at(int i)
{
	return throttle_connections(
	    &fleet_views(host[i])[0].record.throttle, 4);
}

/* All that was granted is used, and somebody waits for more. */
static void
use_all(void)
{
	for (int i = 0; i < 2; i++) {
		struct line *line = line_at(i);

		while (line_take(line, now))
			continue;
		line_wish(line, now);
	}
}

static void
end_all(void)
{
	for (int i = 0; i < 2; i++) {
		struct line *line = line_at(i);

		while (line_state(line, now).in_use > 0)
			line_give(line, now, now);
	}
}

START_TEST(what_is_held_is_held_while_the_store_is_asked)
{
	struct fleet_upstream *u = fleet_upstream(host[0], 0);

	pass(3000);
	for (int n = 0; n < 40; n++, now += FLEET_TICK_MS) {
		fleet_tick(host[0], now);
		ck_assert_uint_eq(fleet_held(u), 2);
	}
	ck_assert(!line_take(fleet_line(u), now));
	deliver();
	ck_assert_uint_eq(fleet_held(u), 2);
	ck_assert(line_take(fleet_line(u), now));
	line_give(fleet_line(u), now, now);
}
END_TEST

START_TEST(a_new_process_goes_on_with_what_the_last_one_held)
{
	uint32_t held[2];

	pass(3000);
	store.away = true;
	pass(20000);
	for (int i = 0; i < 2; i++) {
		held[i] = fleet_held(fleet_upstream(host[i], 0));
		ck_assert_uint_eq(held[i], 2);
		replace_process(i, held[i]);
	}
	pass(20000);
	use_all();
	for (int i = 0; i < 2; i++)
		ck_assert_uint_eq(line_state(line_at(i), now).in_use, held[i]);
	end_all();
}
END_TEST

static void
come_and_go(struct line *line, uint32_t *served)
{
	if (chance_below(3) == 0)
		line_wish(line, now);
	if (chance_below(3) == 0)
		*served += line_take(line, now);
	else if (line_state(line, now).in_use > 0 && chance_below(4) == 0)
		line_give(line, now, now);
}

/*
 * Loops die, between a report and its answer too, and the store comes and goes,
 * for less time than a grant lasts: no connection too many, ever.
 */
START_TEST(deaths_of_loops_pass_no_cap)
{
	static struct upstream busy[1];
	static const struct plan busy_plan = {
		.mode = PLAN_ENFORCE, .upstreams = busy, .n_upstreams = 1,
	};
	int64_t turn_ms = 0;
	uint32_t deaths = 0, served = 0;

	chance_seed((uint64_t)_i);
	busy[0] = upstreams[0];
	busy[0].rate = 0;
	reload(&busy_plan);
	add_host();
	for (int n = 0; n < 5000; n++, now += FLEET_TICK_MS) {
		uint32_t held[3], in_use = 0;
		int dies;

		if (now >= turn_ms) {
			store.away = chance_below(2) == 0;
			turn_ms = now + 100 + chance_below(1000);
		}
		dies = now + FLEET_TICK_MS < turn_ms && chance_below(20) > 0 ?
		    -1 : (int)chance_below((uint32_t)n_hosts);
		for (int i = 0; i < n_hosts; i++) {
			held[i] = fleet_held(fleet_upstream(host[i], 0));
			fleet_tick(host[i], now);
		}
		deliver();
		if (dies >= 0) {
			replace_process(dies, held[dies]);
			deaths++;
		}
		for (int i = 0; i < n_hosts; i++) {
			struct line *line = line_at(i);

			come_and_go(line, &served);
			in_use += line_state(line, now).in_use;
		}
		ck_assert_uint_le(in_use, 4);
	}
	end_all();
	ck_assert_uint_gt(deaths, 100);
	ck_assert_uint_gt(served, 100);
}
END_TEST

START_TEST(a_slow_outcome_lowers_the_cap_of_all)
{
	int64_t before;

	pass(3000);
	use_all();
	pass(500);
	before = now;
	observe(0, OUTCOME_SLOW, now);
	pass(1200);
	ck_assert_uint_eq(cap_at(0), 2);
	ck_assert_uint_eq(cap_at(1), 2);
	end_all();
	pass(300);
	ck_assert_uint_eq(granted(0) + granted(1), 2);
	/* Others had begun before it was lowered, and say no more. */
	observe(1, OUTCOME_SLOW, before);
	pass(1500);
	ck_assert_uint_eq(cap_at(0), 2);
	ck_assert_int_eq(state_at(0), BREAKER_CLOSED);
	ck_assert_uint_eq(told("event=throttle"), 1);
}
END_TEST

START_TEST(the_cap_comes_back_where_it_is_used)
{
	pass(3000);
	use_all();
	pass(500);
	observe(0, OUTCOME_SLOW, now);
	pass(300);
	end_all();
	pass(30000);
	ck_assert_uint_eq(cap_at(0), 2);
	for (int n = 0; n < 50; n++) {
		use_all();
		pass(200);
	}
	ck_assert_uint_eq(cap_at(0), 4);
	pass(1200);
	ck_assert_uint_eq(granted(0) + granted(1), 4);
}
END_TEST

START_TEST(what_persists_at_the_floor_is_trouble)
{
	pass(3000);
	observe(0, OUTCOME_SLOW, now);
	pass(1200);
	ck_assert_uint_eq(cap_at(0), 1);
	for (int n = 0; n < 9; n++)
		observe(n % 2, OUTCOME_SLOW, now);
	pass(1200);
	ck_assert_int_eq(state_at(0), BREAKER_CLOSED);
	observe(0, OUTCOME_SLOW, now);
	pass(1200);
	ck_assert_int_eq(state_at(1), BREAKER_OPEN);
	ck_assert_str_eq(fleet_views(host[1])[0].record.rule, "svc-unavail");
}
END_TEST

START_TEST(who_only_observes_lowers_nothing)
{
	struct plan observing = plan;

	observing.mode = PLAN_OBSERVE;
	fleet_reload(host[0], &observing);
	pass(3000);
	for (int n = 0; n < 100; n++) {
		observe(0, OUTCOME_SLOW, now);
		pass(100);
	}
	ck_assert_uint_eq(cap_at(0), 4);
	ck_assert_int_eq(state_at(0), BREAKER_CLOSED);
}
END_TEST

START_TEST(a_reload_carries_over_what_is_held)
{
	static const struct upstream more[] = {
		{ .name = "new", .connections = 1, .tls_policy = "",
		    .breaker = { .window_ms = 1000, .trials = 1, .n_ramp = 1,
			.ramp = { 1000 } } },
		{ .name = "filter", .connections = 4, .tls_policy = "",
		    .breaker = { .window_ms = 120000, .trials = 1,
			.n_ramp = 1, .ramp = { 1000 } } },
	};
	static const struct plan changed = {
		.upstreams = more, .n_upstreams = 2,
	};
	struct fleet_upstream *u = fleet_upstream(host[0], 0);

	pass(3000);
	ck_assert(line_take(fleet_line(u), now));
	fleet_reload(host[0], &changed);
	ck_assert_ptr_eq(fleet_upstream(host[0], 1), u);
	ck_assert_int_eq(fleet_index(u), 1);
	ck_assert_uint_eq(line_state(fleet_line(u), now).in_use, 1);
	fleet_reload(host[0], &(struct plan){ .upstreams = more,
	    .n_upstreams = 1 });
	ck_assert_int_eq(fleet_index(u), -1);
	line_give(fleet_line(u), now, now);
	pass(100);
}
END_TEST

/* The state that counts at a host's gate. */
static enum breaker_state
gate_at(int i)
{
	return view_state(&fleet_views(host[i])[0], fleet_time(host[i], now));
}

/* A second of mail: mx1 has an outcome of its own, the others deliver. */
static void
mail(enum outcome_class at_mx1)
{
	observe(0, at_mx1, now);
	for (int i = 1; i < n_hosts; i++)
		observe(i, OUTCOME_OK, now);
	pass(1000);
}

static void
open_at_mx1(void)
{
	add_host();
	pass(3000);
	for (int n = 0; n < 10; n++)
		mail(OUTCOME_TROUBLE);
	pass(1000);
}

START_TEST(a_host_alone_opens_for_itself)
{
	const struct upstream_view *view = &fleet_views(host[0])[0];
	struct line *line = line_at(0);

	open_at_mx1();
	ck_assert_int_eq(gate_at(0), BREAKER_OPEN);
	ck_assert_str_eq(view->own.rule, "svc-unavail");
	ck_assert_str_eq(view_record(view)->incident, view->own.incident);
	ck_assert_str_ne(view->own.incident, "");
	for (int i = 0; i < n_hosts; i++) {
		ck_assert_int_eq(state_at(i), BREAKER_CLOSED);
		ck_assert(i == 0 || gate_at(i) == BREAKER_CLOSED);
	}
	ck_assert_uint_eq(told("scope=host"), 1);
	/* Its slots are the others' now, where they have use for them. */
	line_wish(line, now);
	ck_assert(!line_take(line, now));
	for (int n = 0; n < 10; n++) {
		use_all();
		pass(500);
	}
	ck_assert_uint_eq(line_state(line_at(1), now).in_use, 4);
	end_all();
}
END_TEST

START_TEST(it_tries_by_itself_one_connection_at_a_time)
{
	struct line *line = line_at(0);

	open_at_mx1();
	while (gate_at(0) == BREAKER_OPEN)
		mail(OUTCOME_IGNORE);
	ck_assert_int_eq(gate_at(0), BREAKER_HALF_OPEN);
	line_wish(line, now);
	pass(1500);
	ck_assert(line_take(line, now));
	ck_assert(!line_take(line, now));
	/* One more failure, and it waits again. */
	observe(0, OUTCOME_TROUBLE, now);
	line_give(line, now, now);
	pass(500);
	ck_assert_int_eq(gate_at(0), BREAKER_OPEN);
	ck_assert_uint_eq(fleet_views(host[0])[0].own.breaker.trips, 2);
	while (gate_at(0) != BREAKER_CLOSED)
		mail(gate_at(0) == BREAKER_OPEN ? OUTCOME_IGNORE : OUTCOME_OK);
	ck_assert_int_eq(state_at(0), BREAKER_CLOSED);
	ck_assert_uint_ge(take_all(0), 1);
}
END_TEST

START_TEST(the_fleets_breaker_takes_over_what_others_see_too)
{
	open_at_mx1();
	for (int n = 0; n < 20 && state_at(1) != BREAKER_OPEN; n++) {
		observe(1, OUTCOME_TROUBLE, now);
		observe(2, OUTCOME_TROUBLE, now);
		pass(1000);
	}
	pass(1200);
	for (int i = 0; i < n_hosts; i++) {
		ck_assert_int_eq(state_at(i), BREAKER_OPEN);
		ck_assert_int_eq(fleet_views(host[i])[0].own.breaker.state,
		    BREAKER_CLOSED);
		ck_assert_uint_eq(fleet_views(host[i])[0].record.breaker.trips,
		    1);
	}
}
END_TEST

START_TEST(a_host_sees_its_own_trouble_while_the_store_is_away)
{
	pass(3000);
	observe(1, OUTCOME_OK, now);
	pass(500);
	store.away = true;
	for (int n = 0; n < 10; n++)
		observe(0, OUTCOME_TROUBLE, now);
	pass(1000);
	ck_assert_int_eq(gate_at(0), BREAKER_OPEN);
	ck_assert_int_eq(gate_at(1), BREAKER_CLOSED);
	ck_assert_uint_eq(take_all(0), 0);
	while (gate_at(0) != BREAKER_CLOSED) {
		if (gate_at(0) != BREAKER_OPEN)
			observe(0, OUTCOME_OK, now);
		pass(1000);
	}
	/* What was granted before is still there, and no more. */
	ck_assert_uint_ge(granted(0), 1);
	ck_assert_uint_le(granted(0) + granted(1), 4);
}
END_TEST

START_TEST(what_all_see_is_nobodys_own)
{
	add_host();
	pass(3000);
	for (int n = 0; n < 30; n++)
		mail(OUTCOME_OK);
	for (int n = 0; n < 5; n++) {
		for (int i = 0; i < n_hosts; i++)
			observe(i, OUTCOME_TROUBLE, now);
		pass(1000);
	}
	pass(1000);
	for (int i = 0; i < n_hosts; i++)
		ck_assert_int_eq(state_at(i), BREAKER_OPEN);
	ck_assert_uint_eq(told("scope=host"), 0);
}
END_TEST

START_TEST(what_all_shed_is_shed_once)
{
	add_host();
	pass(3000);
	for (int n = 0; n < 45; n++) {
		for (int i = 0; i < n_hosts; i++)
			observe(i, n % 3 == 0 ? OUTCOME_OK : OUTCOME_TROUBLE,
			    now);
		pass(200);
	}
	pass(1200);
	for (int i = 0; i < n_hosts; i++) {
		ck_assert_int_eq(state_at(i), BREAKER_SHEDDING);
		ck_assert_int_eq(fleet_views(host[i])[0].own.breaker.state,
		    BREAKER_CLOSED);
	}
	ck_assert_uint_eq(told("scope=host"), 0);
}
END_TEST

START_TEST(one_hosts_resolver_is_its_own_trouble)
{
	add_host();
	pass(3000);
	for (int n = 0; n < 25; n++)
		mail(OUTCOME_DNS);
	ck_assert_int_eq(fleet_views(host[0])[0].own.breaker.reason,
	    BREAKER_DNS);
	ck_assert_int_ne(gate_at(0), BREAKER_CLOSED);
	ck_assert_int_eq(gate_at(1), BREAKER_CLOSED);
	ck_assert_int_eq(state_at(0), BREAKER_CLOSED);
}
END_TEST

START_TEST(a_name_that_most_hosts_do_not_find_opens_for_all)
{
	add_host();
	pass(3000);
	for (int n = 0; n < 20; n++) {
		observe(0, OUTCOME_DNS, now);
		observe(1, OUTCOME_DNS, now);
		pass(1000);
	}
	ck_assert_int_eq(fleet_views(host[2])[0].record.breaker.reason,
	    BREAKER_DNS);
	ck_assert_str_eq(fleet_views(host[2])[0].record.rule, "svc-unavail");
	/* DNS is back: it is well at once, without waits and ramp. */
	pass(BREAKER_DNS_MS);
	observe(1, OUTCOME_OK, now);
	pass(2000);
	ck_assert_int_eq(state_at(2), BREAKER_CLOSED);
}
END_TEST

START_TEST(others_hear_of_it_for_as_long_as_it_lasts)
{
	open_at_mx1();
	ck_assert_uint_eq(stored()->u.upstream.n_alone, 1);
	ck_assert_str_eq(stored()->u.upstream.alone[0].host, "mx1");
	ck_assert_str_eq(stored()->u.upstream.alone[0].incident,
	    fleet_views(host[0])[0].own.incident);
	while (gate_at(0) != BREAKER_CLOSED)
		mail(gate_at(0) == BREAKER_OPEN ? OUTCOME_IGNORE : OUTCOME_OK);
	pass(1500);
	ck_assert_uint_eq(stored()->u.upstream.n_alone, 0);
}
END_TEST

static bool
held(int i, uint32_t destination)
{
	return override_says(&fleet_snapshot(host[i]).holds[destination],
	    OVERRIDE_HOLD, fleet_time(host[i], now));
}

START_TEST(an_operator_holds_a_destination)
{
	pass(1000);
	say("filter", true, OVERRIDE_HOLD);
	fleet_changed(host[0], SPAN("filter"));
	pass(100);
	ck_assert(held(0, 1));
	ck_assert(!held(0, 0));
	ck_assert_int_eq(fleet_views(host[0])[0].override.state,
	    OVERRIDE_NONE);
	ck_assert(!held(1, 1));	/* has not heard of it, and finds it later */
	pass(6000);
	ck_assert(held(1, 1));
	say("filter", true, OVERRIDE_RELEASE);
	pass(6000);
	ck_assert(!held(0, 1) && !held(1, 1));
}
END_TEST

START_TEST(a_hold_ends_though_the_store_is_away)
{
	say("contoso", true, OVERRIDE_HOLD);
	pass(1000);
	store.away = true;
	pass(50000);
	ck_assert(held(0, 0));
	pass(10000);
	ck_assert(!held(0, 0));
}
END_TEST

START_TEST(a_hold_that_another_one_read_is_kept_while_the_store_is_away)
{
	store.away = true;
	fleet_recall_hold(host[0], 0, fleet_time(host[0], now) + 60000);
	pass(50000);
	ck_assert(held(0, 0) && !held(0, 1));
	pass(15000);
	ck_assert(!held(0, 0));
	fleet_recall_hold(host[0], 0, fleet_time(host[0], now) + 60000);
	store.away = false;
	pass(10000);
	ck_assert(!held(0, 0));
}
END_TEST

START_TEST(a_reload_carries_over_a_hold)
{
	static const struct destination more[] = {
		{ .name = "new", .n_routes = 1 },
		{ .name = "contoso", .n_routes = 1 },
	};
	static const struct plan changed = {
		.upstreams = upstreams, .n_upstreams = 1,
		.destinations = more, .n_destinations = 2,
	};

	say("contoso", true, OVERRIDE_HOLD);
	pass(1000);
	fleet_reload(host[0], &changed);
	ck_assert(!held(0, 0) && held(0, 1));
}
END_TEST

/* A filter, and a way past it once it is down for a minute. */
static struct upstream way[2];
static const struct destination past[] = { {
	.name = "contoso", .n_routes = 2,
	.routes = {
		{ .upstream = 0 },
		{ .upstream = 1, .unfiltered = true, .after_ms = 60000 },
	},
} };
static const struct plan with_a_way = {
	.mode = PLAN_ENFORCE, .upstreams = way, .n_upstreams = 2,
	.destinations = past, .n_destinations = 1,
	.slow = { .cut = 700, .floor = 1, .raise = 1, .every_ms = 2000 },
};

static enum bypass
bypass(int i)
{
	return route_bypass(&with_a_way, &past[0], 1, fleet_views(host[i]),
	    fleet_time(host[i], now));
}

/* The filter goes down now, and comes back in no time that a test takes. */
static void
filter_fails(void)
{
	way[0] = way[1] = upstreams[0];
	way[0].breaker.open_for_ms = way[0].breaker.open_max_ms = 100000000;
	way[1].name = "exchange";
	reload(&with_a_way);
	pass(1000);
	for (int n = 0; n < 10; n++)
		observe(0, OUTCOME_TROUBLE, now);
	pass(2000);
	ck_assert_int_eq(state_at(1), BREAKER_OPEN);
}

static void
a_preflight_is_good(int i)
{
	fleet_preflight(fleet_upstream(host[i], 1), now);
}

START_TEST(one_preflight_opens_the_bypass_for_all)
{
	filter_fails();
	pass(50000);
	ck_assert_int_eq(bypass(0), BYPASS_TOO_EARLY);
	pass(10000);
	ck_assert_int_eq(bypass(0), BYPASS_NO_PREFLIGHT);
	a_preflight_is_good(0);
	pass(2000);
	ck_assert_int_eq(bypass(0), BYPASS_OK);
	ck_assert_int_eq(bypass(1), BYPASS_OK);
	ck_assert_uint_eq(told("state=begins"), 2);
	pass(40000);
	a_preflight_is_good(1);
	pass(40000);
	ck_assert_int_eq(bypass(0), BYPASS_OK);
	ck_assert_uint_eq(told("state=ends"), 0);
	pass(22000);
	ck_assert_int_eq(bypass(0), BYPASS_NO_PREFLIGHT);
	ck_assert_uint_eq(told("state=begins"), 2);
	ck_assert_uint_eq(told("state=ends"), 2);
}
END_TEST

START_TEST(a_lock_that_one_meets_is_for_all)
{
	filter_fails();
	pass(60000);
	a_preflight_is_good(0);
	pass(2000);
	fleet_lock(fleet_upstream(host[1], 1), now);
	ck_assert_int_eq(bypass(1), BYPASS_LOCKED);
	a_preflight_is_good(0);
	pass(2000);
	ck_assert_int_eq(bypass(0), BYPASS_LOCKED);
	ck_assert_uint_eq(told("state=ends"), 2);
	pass(upstreams[0].breaker.open_max_ms);
	ck_assert_int_eq(bypass(0), BYPASS_NO_PREFLIGHT);
}
END_TEST

START_TEST(a_lock_met_while_the_store_is_away_is_told_later)
{
	filter_fails();
	store.away = true;
	fleet_lock(fleet_upstream(host[0], 1), now);
	pass(5000);
	store.away = false;
	pass(5000);
	ck_assert_int_gt(fleet_views(host[1])[1].preflight.locked_ms, 0);
}
END_TEST

START_TEST(no_bypass_begins_while_the_store_is_away)
{
	filter_fails();
	a_preflight_is_good(0);
	pass(56000);
	ck_assert_int_eq(bypass(0), BYPASS_TOO_EARLY);
	store.away = true;
	pass(3900);			/* its time would have come */
	ck_assert_int_eq(bypass(0), BYPASS_TOO_EARLY);
	pass(10000);
	a_preflight_is_good(0);
	pass(10000);
	ck_assert_int_ne(bypass(0), BYPASS_OK);
	ck_assert_uint_eq(told("state=begins"), 0);
	store.away = false;
	pass(2000);
	ck_assert_int_eq(bypass(0), BYPASS_NO_PREFLIGHT);
	ck_assert_uint_eq(told("state=begins"), 0);
}
END_TEST

START_TEST(a_bypass_ends_with_its_last_preflight_while_the_store_is_away)
{
	filter_fails();
	pass(60000);
	a_preflight_is_good(0);
	pass(2000);
	store.away = true;
	pass(50000);
	ck_assert_int_eq(bypass(0), BYPASS_OK);
	a_preflight_is_good(0);
	pass(10000);
	ck_assert_int_eq(bypass(0), BYPASS_NO_PREFLIGHT);
	ck_assert_uint_eq(told("state=ends"), 2);
}
END_TEST

START_TEST(a_bypass_ends_when_the_filter_may_be_asked)
{
	filter_fails();
	pass(60000);
	a_preflight_is_good(0);
	pass(2000);
	say("filter", false, OVERRIDE_CLOSED);
	pass(2000);
	ck_assert_int_eq(bypass(0), BYPASS_PRIMARY_UP);
	ck_assert_uint_eq(told("state=ends"), 2);
	fleet_reload(host[0], &plan);	/* tells nothing twice */
	ck_assert_uint_eq(told("state=ends"), 2);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fleet");
	TCase *tc = tcase_create("fleet");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_one_host_sees_all_know);
	tcase_add_test(tc, a_good_one_elsewhere_breaks_the_streak);
	tcase_add_test(tc, it_recovers_by_trials_and_ramp);
	tcase_add_test(tc, moving_on_takes_no_reason_away);
	tcase_add_test(tc, a_reason_of_long_ago_is_none);
	tcase_add_test(tc, a_reason_may_come_late);
	tcase_add_test(tc, grants_never_pass_the_cap);
	tcase_add_loop_test(tc, an_answer_that_comes_late_grants_nothing, 0, 2);
	tcase_add_test(tc,
	    who_was_stopped_uses_again_nothing_that_others_got);
	tcase_add_test(tc, one_trial_of_the_fleet_at_a_time);
	tcase_add_test(tc, who_failed_a_trial_lets_others_try_first);
	tcase_add_test(tc, the_only_host_waits_for_nobody);
	tcase_add_test(tc, a_trial_does_not_wait_for_what_hangs);
	tcase_add_test(tc, where_all_hangs_there_is_no_trial);
	tcase_add_test(tc,
	    a_ramp_does_not_wait_for_what_hangs_from_another_process);
	tcase_add_test(tc, a_cure_that_makes_it_worse_is_taken_back_once);
	tcase_add_test(tc, a_cure_that_helps_is_left_alone);
	tcase_add_test(tc, nobody_goes_back_to_the_dead);
	tcase_add_test(tc, who_only_observes_takes_nothing_back);
	tcase_add_test(tc, hosts_share_a_rate);
	tcase_add_test(tc, who_waits_for_a_rate_is_served_in_time);
	tcase_add_test(tc, nothing_is_lost_while_the_store_is_away);
	tcase_add_test(tc, what_is_held_is_held_while_the_store_is_asked);
	tcase_add_test(tc, a_new_process_goes_on_with_what_the_last_one_held);
	tcase_add_loop_test(tc, deaths_of_loops_pass_no_cap, 0, 10);
	tcase_add_test(tc, a_slow_outcome_lowers_the_cap_of_all);
	tcase_add_test(tc, the_cap_comes_back_where_it_is_used);
	tcase_add_test(tc, what_persists_at_the_floor_is_trouble);
	tcase_add_test(tc, who_only_observes_lowers_nothing);
	tcase_add_test(tc, a_reload_carries_over_what_is_held);
	tcase_add_test(tc, a_host_alone_opens_for_itself);
	tcase_add_test(tc, it_tries_by_itself_one_connection_at_a_time);
	tcase_add_test(tc, the_fleets_breaker_takes_over_what_others_see_too);
	tcase_add_test(tc, a_host_sees_its_own_trouble_while_the_store_is_away);
	tcase_add_test(tc, what_all_see_is_nobodys_own);
	tcase_add_test(tc, what_all_shed_is_shed_once);
	tcase_add_test(tc, one_hosts_resolver_is_its_own_trouble);
	tcase_add_test(tc, a_name_that_most_hosts_do_not_find_opens_for_all);
	tcase_add_test(tc, others_hear_of_it_for_as_long_as_it_lasts);
	tcase_add_test(tc, an_operator_holds_a_destination);
	tcase_add_test(tc, a_hold_ends_though_the_store_is_away);
	tcase_add_test(tc,
	    a_hold_that_another_one_read_is_kept_while_the_store_is_away);
	tcase_add_test(tc, a_reload_carries_over_a_hold);
	tcase_add_test(tc, one_preflight_opens_the_bypass_for_all);
	tcase_add_test(tc, a_lock_that_one_meets_is_for_all);
	tcase_add_test(tc, a_lock_met_while_the_store_is_away_is_told_later);
	tcase_add_test(tc, no_bypass_begins_while_the_store_is_away);
	tcase_add_test(tc,
	    a_bypass_ends_with_its_last_preflight_while_the_store_is_away);
	tcase_add_test(tc, a_bypass_ends_when_the_filter_may_be_asked);
	suite_add_tcase(s, tc);
	return suite_main(s);
}
