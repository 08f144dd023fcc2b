#include "suite.h"

#include "base/mem.h"
#include "observe/health.h"

#include <stdio.h>
#include <string.h>

#define NOW 1795255200000

static const struct upstream upstreams[] = {
	{ .name = "filter", .connections = 20, .breaker.trials = 3 },
	{ .name = "second", .connections = 10 },
};
static const struct destination destinations[] = {
	{ .name = "contoso", .cap = 100, .n_routes = 2,
	    .routes = { { .upstream = 0 }, { .upstream = 1 } } },
};
static struct plan plan = {
	.upstreams = upstreams, .n_upstreams = 2,
	.destinations = destinations, .n_destinations = 1,
};

static struct upstream_status up[2];
static struct destination_status dest;
static struct host_status hosts[2];
static struct status s;

static void
set_up(void)
{
	memset(up, 0, sizeof(up));
	for (int i = 0; i < 2; i++) {
		up[i].upstream = &upstreams[i];
		up[i].view.known = true;
		up[i].cap = upstreams[i].connections;
	}
	dest = (struct destination_status){ .destination = &destinations[0] };
	hosts[0] = (struct host_status){ "mx1", "0.1.0", "0123456789abcdef",
	    "enforce", NOW };
	hosts[1] = hosts[0];
	hosts[1].name = "mx2";
	plan.mode = PLAN_ENFORCE;
	s = (struct status){ .plan = &plan, .host = "mx1",
	    .digest = "0123456789abcdef", .now_ms = NOW, .n_hosts = 2,
	    .hosts = hosts, .upstreams = up, .destinations = &dest };
}

static struct breaker *
breaker(void)
{
	return &up[0].view.record.breaker;
}

static void
is_open(void)
{
	*breaker() = (struct breaker){ .state = BREAKER_OPEN,
	    .reason = BREAKER_STREAK, .since_ms = NOW - 5000,
	    .until_ms = NOW + 57000, .down_ms = NOW - 96000 };
	snprintf(up[0].view.record.rule, 33, "busy");
	snprintf(up[0].view.record.sample, 61, "4.3.2 later");
	snprintf(up[0].view.record.incident, 25, "abc1");
}

static void
is_shedding(void)
{
	*breaker() = (struct breaker){ .state = BREAKER_SHEDDING,
	    .reason = BREAKER_SHARE, .allowance = 400,
	    .since_ms = NOW - 5000 };
}

static void
is_half_open(void)
{
	*breaker() = (struct breaker){ .state = BREAKER_HALF_OPEN,
	    .reason = BREAKER_WAIT_OVER, .since_ms = NOW - 5000,
	    .down_ms = NOW - 96000 };
}

static void
is_in_ramp(void)
{
	*breaker() = (struct breaker){ .state = BREAKER_RAMP,
	    .reason = BREAKER_RAMP_STEP, .allowance = 250,
	    .since_ms = NOW - 5000, .until_ms = NOW + 20000 };
}

static void
force(enum override_state state)
{
	up[0].view.override = (struct override){ .state = state,
	    .until_ms = NOW + 7200000, .by = "eve", .reason = "loses mail" };
}

static void
is_forced_open(void)
{
	force(OVERRIDE_OPEN);
}

static void
is_forced_closed(void)
{
	is_open();
	force(OVERRIDE_CLOSED);
}

static void
was_forced(void)
{
	force(OVERRIDE_OPEN);
	up[0].view.override.until_ms = NOW;
}

static void
is_throttled(void)
{
	up[0].cap = 5;
	up[0].view.record.throttle = (struct throttle){ .cap = 5,
	    .cut_ms = NOW - 1000 };
}

static void
is_full(void)
{
	up[0].in_use = 20;
	up[0].waiting = 7;
}

static void
is_busy(void)
{
	up[0].in_use = 20;
}

static void
is_alone(void)
{
	up[0].n_alone = 1;
	up[0].alone[0] = (struct alone_view){ .host = "mx2",
	    .state = BREAKER_OPEN, .until_ms = NOW + 28000,
	    .incident = "lone-1" };
}

static void
is_locked(void)
{
	up[0].view.preflight.locked_ms = NOW + 60000;
}

static void
is_held(void)
{
	dest.on_hold = true;
	dest.word = (struct override){ .state = OVERRIDE_HOLD,
	    .until_ms = NOW + 3600000, .by = "bob", .reason = "their move" };
}

static void
has_no_way(void)
{
	is_open();
	up[1].view.record.breaker = (struct breaker){ .state = BREAKER_OPEN,
	    .since_ms = NOW - 3000, .until_ms = NOW + 9000,
	    .down_ms = NOW - 60000 };
	dest.on_hold = true;
}

static void
is_at_cap(void)
{
	dest.leases = 100;
}

static void
expires(void)
{
	dest.backlog = (struct backlog){ .messages = 50, .expiring = 3 };
}

static void
has_no_host(void)
{
	s.n_hosts = 0;
}

static void
is_lost(void)
{
	hosts[1].seen_ms = NOW - STATUS_LOST_MS - 10000;
}

static void
disagrees(void)
{
	hosts[1].digest = "ffff";
	status_compare(&s);
}

static void
differs(void)
{
	hosts[1].mode = "observe";
	status_compare(&s);
}

static void
wants_a_reload(void)
{
	s.digest = "eeee";
	status_compare(&s);
}

static void
observes(void)
{
	plan.mode = PLAN_OBSERVE;
}

static const struct {
	const char *says;
	void (*makes)(void);
	enum health_grade grade;
	const char *name, *what, *why, *next;
	int64_t since_ms;	/* before NOW; 0: not known */
} rows[] = {
	{ "an open breaker", is_open, HEALTH_WRONG, "filter",
	    "is open: takes no mail", "nothing but bad answers (streak); busy: 4.3.2 "
	    "later", "is tried again in 57s", 96000 },
	{ "a shedding one", is_shedding, HEALTH_PARTLY, "filter",
	    "is shedding: gets 40 % of the mail", "too many bad answers (bad-share)", "",
	    5000 },
	{ "a trial", is_half_open, HEALTH_PARTLY, "filter",
	    "is half-open: one trial at a time", "on trial (wait-over)",
	    "3 good trials bring mail back to it", 96000 },
	{ "a ramp", is_in_ramp, HEALTH_PARTLY, "filter",
	    "is on its way back: gets 25 % of the mail",
	    "more mail, step by step (ramp-step)", "gets more in 20s", 5000 },
	{ "a forced one", is_forced_open, HEALTH_WRONG, "filter",
	    "is forced open: takes no mail", "by eve: loses mail",
	    "ends by itself in 2h00m", 0 },
	{ "an open one that is forced closed", is_forced_closed, HEALTH_NOTE,
	    "filter", "is forced closed: gets all mail, though its breaker is "
	    "open", "by eve: loses mail", "ends by itself in 2h00m", 0 },
	{ "a lowered cap", is_throttled, HEALTH_NOTE, "filter",
	    "gets fewer connections: 5 instead of 20", "it asked for fewer",
	    "", 1000 },
	{ "a line before it", is_full, HEALTH_PARTLY, "filter",
	    "is full: 20 of 20 connections in use, 7 wait for one", "", "",
	    0 },
	{ "a host alone", is_alone, HEALTH_PARTLY, "filter",
	    "is open on mx2 alone", "other hosts fare well with it: look at "
	    "that host", "next step in 28s", 0 },
	{ "a locked way past the filter", is_locked, HEALTH_NOTE, "filter",
	    "is locked: takes mail from the filter only", "",
	    "is asked again in 1m00s", 0 },
	{ "an operator's hold", is_held, HEALTH_WRONG, "contoso",
	    "is on hold", "by bob: their move",
	    "ends by itself in 1h00m", 0 },
	{ "a full destination", is_at_cap, HEALTH_PARTLY, "contoso",
	    "is at the cap", "100 of 100 transactions under way",
	    "senders of more are told 451 4.3.2", 0 },
	{ "mail that grows too old", expires, HEALTH_WRONG, "contoso",
	    "has mail in the queue that Postfix will soon return",
	    "3 messages for contoso wait since long",
	    "\"mailweir hold --shelter\" keeps them", 0 },
	{ "no host", has_no_host, HEALTH_WRONG, "",
	    "no host has been heard of yet", "",
	    "mailweir-policyd has to run", 0 },
	{ "a lost host", is_lost, HEALTH_PARTLY, "mx2",
	    "is lost: no sign of life", "", "", STATUS_LOST_MS + 10000 },
	{ "two configurations", disagrees, HEALTH_PARTLY, "",
	    "hosts disagree about the configuration",
	    "mx1=0123456789abcdef mx2=ffff", "", 0 },
	{ "two modes", differs, HEALTH_NOTE, "",
	    "hosts run in different modes", "mx1=enforce mx2=observe", "",
	    0 },
	{ "a file that is not in force", wants_a_reload, HEALTH_PARTLY, "mx1",
	    "runs on another configuration than its file", "",
	    "check the file, and reload it", 0 },
	{ "observe mode", observes, HEALTH_NOTE, "mx1",
	    "observes: counts what it would do, and does nothing", "", "",
	    0 },
};

START_TEST(one_thing_is_one_finding)
{
	struct health health;
	const struct finding *f;

	rows[_i].makes();
	health = health_of(&s);
	ck_assert_msg(health.n == 1, "%s: %u", rows[_i].says, health.n);
	f = &health.list[0];
	ck_assert_msg(f->grade == rows[_i].grade, "%s", rows[_i].says);
	ck_assert_str_eq(f->name, rows[_i].name);
	ck_assert_str_eq(f->what, rows[_i].what);
	ck_assert_str_eq(f->why, rows[_i].why);
	ck_assert_str_eq(f->next, rows[_i].next);
	ck_assert_int_eq(f->since_ms, rows[_i].since_ms == 0 ? 0 :
	    NOW - rows[_i].since_ms);
	health_free(&health);
}
END_TEST

static const struct {
	const char *says;
	void (*makes)(void);
} quiet[] = {
	{ "a fleet at rest", set_up },
	{ "a force that has ended", was_forced },
	{ "all connections in use and nobody in line", is_busy },
};

START_TEST(what_is_well_is_no_finding)
{
	struct health health;
	char line[80];

	quiet[_i].makes();
	health = health_of(&s);
	ck_assert_msg(health.n == 0, "%s: %s", quiet[_i].says,
	    health.n > 0 ? health.list[0].what : "");
	ck_assert_str_eq(health_headline(&health, line), "all is well");
	health_free(&health);
}
END_TEST

START_TEST(the_worst_comes_first)
{
	static const char *const order[] = { "filter", "second", "contoso",
		"filter", "contoso", "mx1" };
	struct health health;
	char line[80];

	has_no_way();
	is_at_cap();
	is_alone();
	observes();
	health = health_of(&s);
	ck_assert_uint_eq(health.n, MW_N_OF(order));
	for (uint32_t i = 0; i < health.n; i++)
		ck_assert_str_eq(health.list[i].name, order[i]);
	ck_assert_str_eq(health_headline(&health, line),
	    "3 wrong, 2 partly, 1 note");
	ck_assert_str_eq(health.list[2].what,
	    "is on hold: no upstream may take the mail");
	ck_assert_str_eq(health.list[2].next,
	    "the first of them has its next step in 9s");
	ck_assert_int_eq(health.list[2].since_ms, NOW - 60000);
	ck_assert_str_eq(health.list[0].incident, "abc1");
	health_free(&health);
}
END_TEST

START_TEST(many_that_suffer_alike_are_one)
{
	struct destination many[100];
	struct destination_status held[100] = { 0 };
	const struct plan p = { .mode = PLAN_ENFORCE,
	    .upstreams = upstreams, .n_upstreams = 2,
	    .destinations = many, .n_destinations = 100 };
	struct health health;

	for (int i = 0; i < 100; i++) {
		many[i] = destinations[0];
		held[i].destination = &many[i];
		held[i].on_hold = i >= 10;
	}
	many[10].name = "the-first";
	s.plan = &p;
	s.destinations = held;
	hosts[0].seen_ms = hosts[1].seen_ms = 0;
	health = health_of(&s);
	ck_assert_uint_eq(health.n, 2);
	ck_assert_str_eq(health.list[0].name, "the-first");
	ck_assert_str_eq(health.list[0].what,
	    "and 89 more are on hold: no upstream may take the mail");
	ck_assert_str_eq(health.list[1].what,
	    "and 1 more are lost: no sign of life");
	health_free(&health);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("health");
	TCase *t = tcase_create("health");

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_loop_test(t, one_thing_is_one_finding, 0,
	    (int)MW_N_OF(rows));
	tcase_add_loop_test(t, what_is_well_is_no_finding, 0,
	    (int)MW_N_OF(quiet));
	tcase_add_test(t, the_worst_comes_first);
	tcase_add_test(t, many_that_suffer_alike_are_one);
	suite_add_tcase(suite, t);
	return suite_main(suite);
}
