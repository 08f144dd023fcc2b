#include "core/decide.h"

#include "suite.h"

#include "base/chance.h"
#include "base/mem.h"

#include <stdio.h>

#define NOW 1000000
#define WAIT 20000
#define SPILL 250

enum { FILTER, FILTER_EU, EXCHANGE, UPSTREAMS };

static const struct upstream upstreams[] = {
	[FILTER] = { .name = "filter" },
	[FILTER_EU] = { .name = "filter-eu", .share = 200 },
	[EXCHANGE] = { .name = "exchange" },
};

static const struct destination contoso = {
	.name = "contoso",
	.n_routes = 3,
	.routes = {
		{ .upstream = FILTER },
		{ .upstream = FILTER_EU },
		{ .upstream = EXCHANGE, .unfiltered = true },
	},
};

/* The views, and that no operator has said anything. */
#define SEEN(views) (&(struct snapshot){ (views), &nothing, NULL })
/* ... but that one holds the destination. */
#define HELD(views) (&(struct snapshot){ (views), &on_hold, NULL })

static const struct override nothing;
static const struct override on_hold = {
	.state = OVERRIDE_HOLD, .until_ms = NOW + 5000,
};

static struct plan
plan_in(enum plan_mode mode)
{
	static struct network office;

	ck_assert(network_parse(SPAN("192.0.2.0/24"), &office));
	return (struct plan){
		.mode = mode,
		.upstreams = upstreams,
		.n_upstreams = UPSTREAMS,
		.destinations = &contoso,
		.n_destinations = 1,
		.catch_all = -1,
		.gate_wait_ms = WAIT,
		.gate_spill_ms = SPILL,
		.hold_incoming = true,
		.submission_authenticated = true,
		.submission_networks = &office,
		.n_submission_networks = 1,
		.replies = {
			.cap = "DESTINATION is full",
			.hold = "DESTINATION is away",
			.late = "DESTINATION went away",
		},
	};
}

static struct upstream_view
view_in(enum breaker_state state)
{
	struct upstream_view v = {
		.known = true,
		.seen_ms = NOW,
		.record.breaker.state = state,
	};

	switch (state) {
	case BREAKER_SHEDDING:
		v.record.breaker.allowance = 400;
		break;
	case BREAKER_RAMP:
		v.record.breaker.allowance = 50;
		v.record.breaker.until_ms = NOW + 60000;
		break;
	case BREAKER_OPEN:
		v.record.breaker.until_ms = NOW + 28000;
		break;
	case BREAKER_CLOSED:
	case BREAKER_HALF_OPEN:
		break;
	}
	v.record.breaker.trips = state != BREAKER_CLOSED;
	return v;
}

static const struct {
	const char *says;
	enum breaker_state filter, eu, exchange;
	bool then;
} holds[] = {
	{ "all is well", BREAKER_CLOSED, BREAKER_CLOSED, BREAKER_CLOSED,
	    false },
	{ "an alternate is up", BREAKER_OPEN, BREAKER_CLOSED, BREAKER_CLOSED,
	    false },
	{ "the primary is up", BREAKER_CLOSED, BREAKER_OPEN, BREAKER_OPEN,
	    false },
	{ "one is being tried", BREAKER_OPEN, BREAKER_HALF_OPEN,
	    BREAKER_CLOSED, false },
	{ "one comes back", BREAKER_RAMP, BREAKER_OPEN, BREAKER_CLOSED,
	    false },
	{ "one sheds", BREAKER_SHEDDING, BREAKER_OPEN, BREAKER_CLOSED,
	    false },
	{ "what does not filter saves nobody", BREAKER_OPEN, BREAKER_OPEN,
	    BREAKER_CLOSED, true },
	{ "all are open", BREAKER_OPEN, BREAKER_OPEN, BREAKER_OPEN, true },
};

START_TEST(hold_is_when_nobody_may_take_mail)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(holds[_i].filter),
		[FILTER_EU] = view_in(holds[_i].eu),
		[EXCHANGE] = view_in(holds[_i].exchange),
	};

	ck_assert_msg(decide_on_hold(&p, &contoso, SEEN(views), NOW) ==
	    holds[_i].then, "%s", holds[_i].says);
}
END_TEST

START_TEST(what_is_not_known_counts_as_up)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = { 0 };

	ck_assert(!decide_on_hold(&p, &contoso, SEEN(views), NOW));
	ck_assert_int_eq(decide_gate(&p, &contoso, 0, SEEN(views), NULL, 999,
	    NOW).answer, GATE_GRANT);
}
END_TEST

static const struct {
	const char *says;
	const char *address, *user;
	bool then;
} clients[] = {
	{ "another server", "198.51.100.1", "", false },
	{ "somebody who logged in", "198.51.100.1", "u", true },
	{ "somebody at the office", "192.0.2.9", "", true },
	{ "nobody knows where", "unknown", "", false },
};

START_TEST(submission_is_who_logged_in_or_sits_near)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct client c = {
		span_of(clients[_i].address), span_of(clients[_i].user),
	};

	ck_assert_msg(decide_is_submission(&p, &c) == clients[_i].then, "%s",
	    clients[_i].says);
}
END_TEST

START_TEST(a_login_counts_where_it_is_asked_for)
{
	struct plan p = plan_in(PLAN_ENFORCE);

	p.submission_authenticated = false;
	ck_assert(!decide_is_submission(&p, &(struct client){
		SPAN("198.51.100.1"), SPAN("u") }));
}
END_TEST

static const struct {
	const char *says;
	bool on_hold, hold_incoming, hold_submission, submission;
	bool taken;
} intakes[] = {
	{ "nothing is wrong", false, true, true, false, true },
	{ "a server has to wait", true, true, false, false, false },
	{ "a mail client does not", true, true, false, true, true },
	{ "unless it is told to", true, true, true, true, false },
	{ "nor does a server where none shall", true, false, true, false,
	    true },
};

START_TEST(intake_waits_for_a_hold_to_end)
{
	struct plan p = plan_in(PLAN_ENFORCE);
	const struct client c = {
		SPAN("198.51.100.1"),
		intakes[_i].submission ? SPAN("u") : SPAN(""),
	};
	const enum breaker_state state =
	    intakes[_i].on_hold ? BREAKER_OPEN : BREAKER_CLOSED;
	const struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(state), [FILTER_EU] = view_in(state),
	};
	struct intake_verdict now, late;

	p.hold_incoming = intakes[_i].hold_incoming;
	p.hold_submission = intakes[_i].hold_submission;
	now = decide_intake(&p, &contoso, SEEN(views), &c, NOW);
	late = decide_late(&p, &contoso, SEEN(views), &c, NOW);
	ck_assert_msg(now.reason == (intakes[_i].taken ? DECIDE_FINE :
	    DECIDE_ON_HOLD), "%s", intakes[_i].says);
	ck_assert_msg(late.reason == (intakes[_i].taken ? DECIDE_FINE :
	    DECIDE_LATE), "%s, late", intakes[_i].says);
	if (intakes[_i].taken)
		return;
	ck_assert_uint_eq(now.reply.code, 451);
	ck_assert_str_eq(now.reply.text, "contoso is away");
	ck_assert_str_eq(late.reply.text, "contoso went away");
}
END_TEST

static const struct {
	const char *says;
	enum breaker_reason filter, eu;
	bool forced;		/* the second one, by an operator */
	uint16_t subject;	/* 4.3.2 or 4.4.3 */
} causes[] = {
	{ "both refuse", BREAKER_STREAK, BREAKER_SHARE, false, 3 },
	{ "neither is found", BREAKER_DNS, BREAKER_DNS, false, 4 },
	{ "one of them refuses", BREAKER_DNS, BREAKER_STREAK, false, 3 },
	{ "one is closed by an operator", BREAKER_DNS, BREAKER_DNS, true, 3 },
};

START_TEST(the_code_says_when_dns_is_the_cause)
{
	struct plan p = plan_in(PLAN_ENFORCE);
	const struct client c = { SPAN("198.51.100.1"), SPAN("") };
	struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(BREAKER_OPEN),
		[FILTER_EU] = view_in(BREAKER_OPEN),
	};
	struct dsn dsn;

	views[FILTER].record.breaker.reason = causes[_i].filter;
	views[FILTER_EU].record.breaker.reason = causes[_i].eu;
	if (causes[_i].forced)
		views[FILTER_EU].override = (struct override){
			.state = OVERRIDE_OPEN, .until_ms = NOW + 1000,
		};
	dsn = decide_intake(&p, &contoso, SEEN(views), &c, NOW).reply.dsn;
	ck_assert_msg(dsn.subject == causes[_i].subject, "%s",
	    causes[_i].says);
	dsn = decide_late(&p, &contoso, SEEN(views), &c, NOW).reply.dsn;
	ck_assert_uint_eq(dsn.subject, causes[_i].subject);
	dsn = decide_intake(&p, &contoso, HELD(views), &c, NOW).reply.dsn;
	ck_assert_uint_eq(dsn.subject, 3);
	ck_assert_int_eq(decide_gate(&p, &contoso, 0, SEEN(views), NULL, 0,
	    NOW).reason, causes[_i].filter == BREAKER_DNS ? DECIDE_DNS :
	    DECIDE_OPEN);
	p.catch_all = 0;
	dsn = decide_intake(&p, &contoso, SEEN(views), &c, NOW).reply.dsn;
	ck_assert_uint_eq(dsn.subject, causes[_i].subject);
}
END_TEST

START_TEST(a_hold_names_whose_trouble_it_is)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct client c = { SPAN("198.51.100.1"), SPAN("") };
	struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(BREAKER_OPEN),
		[FILTER_EU] = view_in(BREAKER_OPEN),
	};
	struct intake_verdict v;

	snprintf(views[FILTER].record.incident,
	    sizeof(views[FILTER].record.incident), "6b01bc06eb5");
	v = decide_intake(&p, &contoso, SEEN(views), &c, NOW);
	ck_assert_str_eq(v.upstream, "filter");
	ck_assert_str_eq(v.incident, "6b01bc06eb5");
	v = decide_late(&p, &contoso, SEEN(views), &c, NOW);
	ck_assert_str_eq(v.incident, "6b01bc06eb5");
	/* An operator's hold is nobody's trouble, nor is a cap. */
	v = decide_intake(&p, &contoso, HELD(views), &c, NOW);
	ck_assert_ptr_null(v.upstream);
	ck_assert_str_eq(v.incident, "");
	v = decide_lease(&p, &contoso, false);
	ck_assert_ptr_null(v.upstream);
}
END_TEST

static const struct {
	const char *says;
	bool submission, on_hold;
	uint32_t queued, limit;
	enum decide_reason then;
} queues[] = {
	{ "below the limit it is taken", true, true, 9, 10, DECIDE_FINE },
	{ "at the limit it is not", true, true, 10, 10, DECIDE_QUEUE_FULL },
	{ "0 is no limit", true, true, 10, 0, DECIDE_FINE },
	{ "mail that moves is not counted", true, false, 10, 10, DECIDE_FINE },
	{ "servers are put off for another reason", false, true, 10, 10,
	    DECIDE_ON_HOLD },
};

START_TEST(submission_waits_until_the_queue_is_full)
{
	struct plan p = plan_in(PLAN_ENFORCE);
	const struct client c = {
		SPAN("198.51.100.1"),
		queues[_i].submission ? SPAN("u") : SPAN(""),
	};
	const enum breaker_state state =
	    queues[_i].on_hold ? BREAKER_OPEN : BREAKER_CLOSED;
	const struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(state), [FILTER_EU] = view_in(state),
	};
	const struct snapshot seen = { views, &nothing, &queues[_i].queued };
	struct intake_verdict v;

	p.hold_queue_limit = queues[_i].limit;
	v = decide_intake(&p, &contoso, &seen, &c, NOW);
	ck_assert_msg(v.reason == queues[_i].then, "%s", queues[_i].says);
	if (v.reason != DECIDE_FINE)
		ck_assert_uint_eq(v.reply.code, 451);
	v = decide_late(&p, &contoso, &seen, &c, NOW);
	ck_assert_msg((v.reason == DECIDE_QUEUE_FULL) ==
	    (queues[_i].then == DECIDE_QUEUE_FULL), "%s", queues[_i].says);
}
END_TEST

START_TEST(with_nowhere_to_go_the_channel_closes)
{
	struct plan p = plan_in(PLAN_ENFORCE);
	const struct client c = { SPAN("198.51.100.1"), SPAN("") };
	const struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(BREAKER_OPEN),
		[FILTER_EU] = view_in(BREAKER_OPEN),
	};

	/* Other mail may have another way: it is no matter of the channel. */
	ck_assert_uint_eq(decide_intake(&p, &contoso, SEEN(views), &c, NOW)
	    .reply.code, 451);
	p.catch_all = 0;
	ck_assert_uint_eq(decide_intake(&p, &contoso, SEEN(views), &c, NOW)
	    .reply.code, 421);
	ck_assert_uint_eq(decide_late(&p, &contoso, SEEN(views), &c, NOW)
	    .reply.code, 451);
}
END_TEST

START_TEST(a_lease_that_was_not_granted_means_full)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct intake_verdict v = decide_lease(&p, &contoso, false);
	char text[REPLY_TEXT_MAX + 16];

	ck_assert_int_eq(v.reason, DECIDE_AT_CAP);
	ck_assert(v.enforced);
	ck_assert(reply_render(&v.reply, REPLY_SMTP, text, sizeof(text)));
	ck_assert_str_eq(text, "451 4.3.2 contoso is full");
	ck_assert_int_eq(decide_lease(&p, &contoso, true).reason,
	    DECIDE_FINE);
}
END_TEST

START_TEST(observe_mode_defers_nobody)
{
	const struct plan p = plan_in(PLAN_OBSERVE);

	ck_assert(!decide_lease(&p, &contoso, false).enforced);
}
END_TEST

START_TEST(words_too_long_are_replaced)
{
	struct plan p = plan_in(PLAN_ENFORCE);
	char text[300];
	struct intake_verdict v;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	p.replies.cap = text;
	v = decide_lease(&p, &contoso, false);
	ck_assert(reply_sane(&v.reply));
	ck_assert_str_eq(v.reply.text, "Please try again later");
}
END_TEST

static const struct {
	const char *says;
	enum breaker_state filter, eu;
	uint32_t draw;
	enum gate_answer answer;
	enum decide_reason reason;	/* GRANT: once the wait is over */
	int64_t time_ms;	/* REFUSE: the next try; GRANT: the wait */
} gates[] = {
	{ "all is well: to the alternate soon", BREAKER_CLOSED,
	    BREAKER_CLOSED, 999, GATE_GRANT, DECIDE_NO_SLOT, SPILL },
	{ "no alternate: wait in line", BREAKER_CLOSED, BREAKER_OPEN, 999,
	    GATE_GRANT, DECIDE_NO_SLOT, WAIT },
	{ "a trial, and an alternate: no waiting", BREAKER_HALF_OPEN,
	    BREAKER_CLOSED, 999, GATE_GRANT, DECIDE_TRIAL_TAKEN, 0 },
	{ "a trial, and nothing else: wait for it", BREAKER_HALF_OPEN,
	    BREAKER_OPEN, 999, GATE_GRANT, DECIDE_TRIAL_TAKEN, WAIT },
	{ "open", BREAKER_OPEN, BREAKER_CLOSED, 0, GATE_REFUSE, DECIDE_OPEN,
	    NOW + 28000 },
	{ "shedding, drawn in", BREAKER_SHEDDING, BREAKER_CLOSED, 399,
	    GATE_GRANT, DECIDE_NO_SLOT, SPILL },
	{ "shedding, drawn out", BREAKER_SHEDDING, BREAKER_CLOSED, 400,
	    GATE_REFUSE, DECIDE_SHED, 0 },
	{ "on the ramp, drawn in", BREAKER_RAMP, BREAKER_OPEN, 49,
	    GATE_GRANT, DECIDE_NO_SLOT, WAIT },
	{ "on the ramp, drawn out until its next step", BREAKER_RAMP,
	    BREAKER_CLOSED, 50, GATE_REFUSE, DECIDE_SHED, NOW + 60000 },
};

START_TEST(the_gate_asks_the_upstream_then_for_a_slot)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(gates[_i].filter),
		[FILTER_EU] = view_in(gates[_i].eu),
	};
	const struct gate_verdict v = decide_gate(&p, &contoso, 0, SEEN(views),
	    NULL, gates[_i].draw, NOW);

	ck_assert_msg(v.answer == gates[_i].answer, "%s", gates[_i].says);
	ck_assert(!v.would_refuse);
	if (v.answer == GATE_REFUSE) {
		ck_assert_int_eq(v.reason, gates[_i].reason);
		ck_assert_int_eq(v.next_try_ms, gates[_i].time_ms);
		return;
	}
	ck_assert(v.needs_slot);
	ck_assert_int_eq(v.reason, DECIDE_FINE);
	ck_assert_int_eq(v.wait_reason, gates[_i].reason);
	ck_assert_int_eq(v.wait_ms, gates[_i].time_ms);
	ck_assert(v.alternate == (v.wait_ms < WAIT));
}
END_TEST

START_TEST(what_this_host_alone_sees_closes_its_gate)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(BREAKER_CLOSED),
	};
	struct gate_verdict v;

	views[FILTER].own = (struct upstream_record){ .breaker = {
		.state = BREAKER_OPEN, .trips = 1, .until_ms = NOW + 7000 } };
	v = decide_gate(&p, &contoso, 0, SEEN(views), NULL, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_REFUSE);
	ck_assert_int_eq(v.reason, DECIDE_OPEN);
	ck_assert_int_eq(v.next_try_ms, NOW + 7000);
}
END_TEST

START_TEST(an_operator_closes_the_gate)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	struct upstream_view views[UPSTREAMS] = { 0 };
	struct gate_verdict v;

	views[FILTER].override = (struct override){
		.state = OVERRIDE_OPEN, .until_ms = NOW + 5000,
	};
	v = decide_gate(&p, &contoso, 0, SEEN(views), NULL, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_REFUSE);
	ck_assert_int_eq(v.reason, DECIDE_FORCED);
	ck_assert_int_eq(v.next_try_ms, NOW + 5000);
	v = decide_gate(&p, &contoso, 0, SEEN(views), NULL, 0, NOW + 5000);
	ck_assert_int_eq(v.answer, GATE_GRANT);
}
END_TEST

START_TEST(and_holds_it_open)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(BREAKER_OPEN),
	};

	views[FILTER].override = (struct override){
		.state = OVERRIDE_CLOSED, .until_ms = NOW + 5000,
	};
	ck_assert_int_eq(decide_gate(&p, &contoso, 0, SEEN(views), NULL, 999,
	    NOW).answer, GATE_GRANT);
}
END_TEST

START_TEST(an_operator_holds_a_destination)
{
	struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = { 0 };
	const struct client server = { SPAN("198.51.100.1"), SPAN("") };
	const struct client user = { SPAN("198.51.100.1"), SPAN("u") };
	struct gate_verdict v;

	ck_assert(decide_on_hold(&p, &contoso, HELD(views), NOW));
	ck_assert_int_eq(decide_intake(&p, &contoso, HELD(views), &server,
	    NOW).reason, DECIDE_ON_HOLD);
	ck_assert_int_eq(decide_late(&p, &contoso, HELD(views), &server,
	    NOW).reason, DECIDE_LATE);
	ck_assert_int_eq(decide_intake(&p, &contoso, HELD(views), &user,
	    NOW).reason, DECIDE_FINE);
	for (uint32_t route = 0; route < 2; route++) {
		v = decide_gate(&p, &contoso, route, HELD(views), NULL, 0, NOW);
		ck_assert_int_eq(v.answer, GATE_REFUSE);
		ck_assert_int_eq(v.reason, DECIDE_FORCED);
		ck_assert(v.held);
		ck_assert_int_eq(v.next_try_ms, NOW + 5000);
	}
	p.mode = PLAN_OBSERVE;
	v = decide_gate(&p, &contoso, 0, HELD(views), NULL, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_GRANT);
	ck_assert(v.would_refuse);
	ck_assert(!decide_intake(&p, &contoso, HELD(views), &server, NOW)
	    .enforced);
}
END_TEST

START_TEST(a_hold_ends_by_itself)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = { 0 };

	ck_assert(!decide_on_hold(&p, &contoso, HELD(views), NOW + 5000));
	ck_assert_int_eq(decide_gate(&p, &contoso, 0, HELD(views), NULL, 0,
	    NOW + 5000).answer, GATE_GRANT);
}
END_TEST

static const struct {
	const char *says;
	enum breaker_state filter, eu, exchange;
	enum decide_release then;
} releases[] = {
	{ "all is well", BREAKER_CLOSED, BREAKER_CLOSED, BREAKER_CLOSED,
	    RELEASE_ALL },
	{ "all are open", BREAKER_OPEN, BREAKER_OPEN, BREAKER_OPEN,
	    RELEASE_NOTHING },
	{ "one is being tried", BREAKER_OPEN, BREAKER_HALF_OPEN, BREAKER_OPEN,
	    RELEASE_TRIALS },
	{ "a share is not enough", BREAKER_RAMP, BREAKER_SHEDDING,
	    BREAKER_OPEN, RELEASE_NOTHING },
	{ "a trial beside a share", BREAKER_HALF_OPEN, BREAKER_RAMP,
	    BREAKER_OPEN, RELEASE_TRIALS },
	{ "the other one takes all", BREAKER_HALF_OPEN, BREAKER_CLOSED,
	    BREAKER_OPEN, RELEASE_ALL },
	{ "what does not filter saves nobody", BREAKER_OPEN, BREAKER_OPEN,
	    BREAKER_CLOSED, RELEASE_NOTHING },
};

START_TEST(held_mail_goes_where_all_mail_may)
{
	struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(releases[_i].filter),
		[FILTER_EU] = view_in(releases[_i].eu),
		[EXCHANGE] = view_in(releases[_i].exchange),
	};

	ck_assert_msg(decide_release(&p, &contoso, SEEN(views), NOW) ==
	    releases[_i].then, "%s", releases[_i].says);
	ck_assert_int_eq(decide_release(&p, &contoso, HELD(views), NOW),
	    RELEASE_NOTHING);
	p.mode = PLAN_OBSERVE;
	ck_assert_int_eq(decide_release(&p, &contoso, SEEN(views), NOW),
	    RELEASE_NOTHING);
}
END_TEST

START_TEST(held_mail_waits_until_something_is_known)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = { 0 };

	ck_assert_int_eq(decide_release(&p, &contoso, SEEN(views), NOW),
	    RELEASE_NOTHING);
}
END_TEST

START_TEST(the_last_step_of_a_ramp_is_all)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(BREAKER_RAMP),
	};

	views[FILTER].record.breaker.allowance = 1000;
	ck_assert_int_eq(decide_release(&p, &contoso, SEEN(views), NOW),
	    RELEASE_ALL);
}
END_TEST

/* Both filters have been down for long, and exchange would take our mail. */
static void
open_the_bypass(struct upstream_view views[UPSTREAMS])
{
	for (uint32_t i = FILTER; i <= FILTER_EU; i++) {
		views[i] = view_in(BREAKER_OPEN);
		views[i].record.breaker.down_ms = 1;
	}
	views[EXCHANGE] = view_in(BREAKER_CLOSED);
	views[EXCHANGE].preflight.good_ms = NOW;
}

START_TEST(the_bypass_has_its_own_conditions)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	struct upstream_view views[UPSTREAMS];
	struct gate_verdict v;

	open_the_bypass(views);
	v = decide_gate(&p, &contoso, 2, SEEN(views), NULL, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_GRANT);
	ck_assert(v.needs_slot);
	ck_assert_int_eq(v.wait_ms, WAIT);

	views[EXCHANGE].preflight.good_ms = 0;
	v = decide_gate(&p, &contoso, 2, SEEN(views), NULL, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_REFUSE);
	ck_assert_int_eq(v.reason, DECIDE_BYPASS);
	ck_assert_int_eq(v.bypass, BYPASS_NO_PREFLIGHT);

	views[EXCHANGE] = view_in(BREAKER_OPEN);
	views[EXCHANGE].preflight.good_ms = NOW;
	v = decide_gate(&p, &contoso, 2, SEEN(views), NULL, 0, NOW);
	ck_assert_int_eq(v.reason, DECIDE_OPEN);
}
END_TEST

/* One goes to the filter; the others need not wait for how it fares. */
START_TEST(nobody_waits_for_a_trial_beside_an_open_bypass)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	struct upstream_view views[UPSTREAMS];
	struct gate_verdict v;

	open_the_bypass(views);
	views[FILTER].record.breaker.state = BREAKER_HALF_OPEN;
	v = decide_gate(&p, &contoso, 0, SEEN(views), NULL, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_GRANT);
	ck_assert_int_eq(v.wait_reason, DECIDE_TRIAL_TAKEN);
	ck_assert_int_eq(v.wait_ms, 0);
	v = decide_gate(&p, &contoso, 2, SEEN(views), NULL, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_GRANT);
	views[EXCHANGE].preflight.locked_ms = NOW + 1;
	v = decide_gate(&p, &contoso, 0, SEEN(views), NULL, 0, NOW);
	ck_assert_int_eq(v.wait_ms, WAIT);
}
END_TEST

/* Mail is taken in for a bypass that is open, not on the hope of one. */
START_TEST(an_open_bypass_ends_the_hold)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct plan watching = plan_in(PLAN_OBSERVE);
	struct upstream_view views[UPSTREAMS];

	open_the_bypass(views);
	ck_assert(!decide_on_hold(&p, &contoso, SEEN(views), NOW));
	ck_assert(decide_on_hold(&p, &contoso, SEEN(views),
	    NOW + BYPASS_PREFLIGHT_MS + 1));
	ck_assert(decide_on_hold(&p, &contoso, HELD(views), NOW));
	ck_assert(decide_on_hold(&watching, &contoso, SEEN(views), NOW));
	views[EXCHANGE].preflight.locked_ms = NOW + 1;
	ck_assert(decide_on_hold(&p, &contoso, SEEN(views), NOW));
}
END_TEST

START_TEST(observe_mode_grants_and_says_what_it_saw)
{
	const struct plan p = plan_in(PLAN_OBSERVE);
	const struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(BREAKER_OPEN),
	};
	struct gate_verdict v = decide_gate(&p, &contoso, 0, SEEN(views), NULL,
	    0, NOW);

	ck_assert_int_eq(v.answer, GATE_GRANT);
	ck_assert(v.would_refuse);
	ck_assert_int_eq(v.reason, DECIDE_OPEN);
	ck_assert(!v.needs_slot);
	v = decide_gate(&p, &contoso, 1, SEEN(views), NULL, 0, NOW);
	ck_assert(!v.would_refuse);
	ck_assert(!v.needs_slot);
	v = decide_gate(&p, &contoso, 2, SEEN(views), NULL, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_REFUSE);
	ck_assert_int_eq(v.bypass, BYPASS_OBSERVE);
}
END_TEST

START_TEST(an_alternate_takes_its_share_and_no_more)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = {
		[FILTER] = view_in(BREAKER_OPEN),
	};
	struct shares shares = { 0 };
	struct gate_verdict v;

	shares_earn(&shares, &p, &contoso);
	v = decide_gate(&p, &contoso, 1, SEEN(views), &shares, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_GRANT);
	shares_use(&shares, 1, NOW);
	v = decide_gate(&p, &contoso, 1, SEEN(views), &shares, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_REFUSE);
	ck_assert_int_eq(v.reason, DECIDE_SHARE);
}
END_TEST

START_TEST(nobody_spills_to_an_alternate_that_had_its_share)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = { 0 };
	struct shares shares = { 0 };

	ck_assert_int_eq(decide_gate(&p, &contoso, 0, SEEN(views), &shares, 0,
	    NOW).wait_ms, SPILL);
	shares_use(&shares, 1, NOW);
	ck_assert_int_eq(decide_gate(&p, &contoso, 0, SEEN(views), &shares, 0,
	    NOW).wait_ms, WAIT);
}
END_TEST

START_TEST(trouble_is_told_before_the_share)
{
	const struct plan p = plan_in(PLAN_ENFORCE);
	const struct upstream_view views[UPSTREAMS] = {
		[FILTER_EU] = view_in(BREAKER_OPEN),
	};
	struct shares shares = { 0 };

	shares_use(&shares, 1, NOW);
	ck_assert_int_eq(decide_gate(&p, &contoso, 1, SEEN(views), &shares, 0,
	    NOW).reason, DECIDE_OPEN);
}
END_TEST

START_TEST(a_share_that_is_observed_holds_nothing)
{
	const struct plan p = plan_in(PLAN_OBSERVE);
	const struct upstream_view views[UPSTREAMS] = { 0 };
	struct shares shares = { 0 };
	struct gate_verdict v;

	shares_use(&shares, 1, NOW);
	v = decide_gate(&p, &contoso, 1, SEEN(views), &shares, 0, NOW);
	ck_assert_int_eq(v.answer, GATE_GRANT);
	ck_assert_int_eq(v.reason, DECIDE_SHARE);
	ck_assert(v.would_refuse);
}
END_TEST

static const struct {
	enum decide_reason reason;
	int64_t wait_ms;
	const char *incident;
	const char *then;
} held[] = {
	{ DECIDE_OPEN, 28400, "6f3a",
	    "4.3.2 Mailweir: filter is not accepting mail, next try in 28s "
	    "(incident 6f3a)" },
	{ DECIDE_OPEN, -1, "6f3a",
	    "4.3.2 Mailweir: filter is not accepting mail (incident 6f3a)" },
	{ DECIDE_DNS, 1700, "6f3a",
	    "4.4.3 Mailweir: filter cannot be found in DNS, next try in 1s "
	    "(incident 6f3a)" },
	{ DECIDE_NO_SLOT, -1, "",
	    "4.3.2 Mailweir: filter is at its connection limit" },
	{ DECIDE_FORCED, 600000, "",
	    "4.3.2 Mailweir: filter was paused by an operator, next try in "
	    "10m" },
	{ DECIDE_TRIAL_TAKEN, 0, "",
	    "4.3.2 Mailweir: filter is being tried again, next try in 1s" },
	{ DECIDE_SILENT, -1, "",
	    "4.3.2 Mailweir: filter does not answer" },
	{ DECIDE_SHED, -1, "",
	    "4.3.2 Mailweir: filter takes a part of the mail only" },
	{ DECIDE_RATE, -1, "",
	    "4.3.2 Mailweir: filter takes no more connections for now" },
	{ DECIDE_SHARE, -1, "",
	    "4.3.2 Mailweir: filter takes no more than its share of the mail"
	},
};

START_TEST(held_mail_says_why)
{
	const struct reply r = decide_held_reply("filter", held[_i].reason,
	    held[_i].wait_ms, held[_i].incident);
	char text[REPLY_TEXT_MAX + 16];

	ck_assert(reply_render(&r, REPLY_STATUS, text, sizeof(text)));
	ck_assert_str_eq(text, held[_i].then);
}
END_TEST

START_TEST(held_mail_has_a_reply_whatever_the_names)
{
	char name[300];
	struct reply r;

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	r = decide_held_reply(name, DECIDE_OPEN, INT64_MAX, name);
	ck_assert(reply_sane(&r));
	r = decide_held_reply("a\nb", DECIDE_OPEN, INT64_MAX, "");
	ck_assert(reply_sane(&r));
}
END_TEST

START_TEST(each_reason_has_a_name)
{
	ck_assert_str_eq(decide_reason_name(DECIDE_FINE), "fine");
	ck_assert_str_eq(decide_reason_name(DECIDE_TRIAL_TAKEN),
	    "trial-taken");
	ck_assert_str_eq(decide_reason_name(DECIDE_SILENT), "silent");
	ck_assert_str_eq(decide_reason_name(DECIDE_FORCED), "forced");
}
END_TEST

static struct upstream_view
any_view(void)
{
	struct upstream_view v = view_in(chance_below(5));

	v.known = chance_below(4) > 0;
	v.record.breaker.since_ms = NOW - chance_below(100);
	v.record.breaker.down_ms = chance_below(2) * v.record.breaker.since_ms;
	v.preflight.good_ms = chance_below(2) * NOW;
	v.preflight.locked_ms = chance_below(4) == 0 ? NOW + 1 : 0;
	v.override.state = chance_below(3);
	v.override.until_ms = NOW - 50 + chance_below(100);
	return v;
}

static struct shares
any_shares(void)
{
	struct shares s = { 0 };

	for (uint32_t i = 0; i < contoso.n_routes; i++) {
		s.routes[i].saved = chance_below(2000);
		s.routes[i].used_ms = NOW - chance_below(2) * SHARES_MINUTE_MS;
	}
	return s;
}

/* Reasons, modes and states in any mixture. */
START_TEST(whatever_happens_the_rules_hold)
{
	chance_seed((uint64_t)_i);
	for (int n = 0; n < 2000; n++) {
		const struct plan p = plan_in(chance_below(2) != 0 ?
		    PLAN_ENFORCE : PLAN_OBSERVE);
		const struct upstream_view views[UPSTREAMS] = {
			any_view(), any_view(), any_view(),
		};
		const struct client c = { SPAN("198.51.100.1"), SPAN("") };
		const struct snapshot seen = {
			views, chance_below(4) == 0 ? &on_hold : &nothing,
			NULL,
		};
		const struct shares shares = any_shares();
		const uint32_t route = chance_below(3);
		const bool unfiltered = contoso.routes[route].unfiltered;
		const struct gate_verdict v = decide_gate(&p, &contoso,
		    route, &seen, &shares, chance_below(1000), NOW);
		const struct intake_verdict in = decide_intake(&p, &contoso,
		    &seen, &c, NOW);
		const struct reply r = decide_held_reply("filter",
		    v.reason, v.next_try_ms - NOW, "6f3a");

		if (p.mode == PLAN_ENFORCE && v.answer == GATE_GRANT)
			ck_assert(v.needs_slot);
		if (p.mode == PLAN_OBSERVE)
			ck_assert_int_eq(v.answer,
			    unfiltered ? GATE_REFUSE : GATE_GRANT);
		ck_assert((v.reason != DECIDE_FINE) ==
		    (v.answer == GATE_REFUSE || v.would_refuse));
		ck_assert((v.reason == DECIDE_BYPASS) ==
		    (v.bypass != BYPASS_OK));
		ck_assert(!v.would_refuse || p.mode == PLAN_OBSERVE);
		ck_assert_int_ge(v.wait_ms, 0);
		ck_assert(reply_sane(&r) && reply_is_temporary(&r));
		if (in.reason != DECIDE_FINE) {
			ck_assert(reply_sane(&in.reply));
			ck_assert(reply_is_temporary(&in.reply));
			ck_assert(unfiltered || v.answer == GATE_REFUSE ||
			    v.would_refuse);
		}
	}
}
END_TEST

static const struct {
	const char *says;
	struct gate_prospect is;
	enum decide_reason then;
} prospects[] = {
	{ "all is well", { .state = BREAKER_CLOSED, .probed = true },
	    DECIDE_FINE },
	{ "a probe tries it", { .state = BREAKER_HALF_OPEN, .probed = true },
	    DECIDE_TRIAL_TAKEN },
	{ "mail has to try it", { .state = BREAKER_HALF_OPEN }, DECIDE_FINE },
	{ "it hangs, and one attempt finds out",
	    { .state = BREAKER_CLOSED, .silent = true, .busy = true },
	    DECIDE_SILENT },
	{ "it hung, and this one finds out",
	    { .state = BREAKER_CLOSED, .silent = true }, DECIDE_FINE },
	{ "it is at work", { .state = BREAKER_CLOSED, .busy = true },
	    DECIDE_FINE },
};

START_TEST(mail_takes_the_other_way_where_one_is_enough)
{
	ck_assert_msg(decide_detour(&prospects[_i].is) == prospects[_i].then,
	    "%s", prospects[_i].says);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("decide");
	Suite *s = suite_create("core");

	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, hold_is_when_nobody_may_take_mail, 0,
	    MW_N_OF(holds));
	tcase_add_test(tc, what_is_not_known_counts_as_up);
	tcase_add_loop_test(tc, submission_is_who_logged_in_or_sits_near, 0,
	    MW_N_OF(clients));
	tcase_add_test(tc, a_login_counts_where_it_is_asked_for);
	tcase_add_loop_test(tc, intake_waits_for_a_hold_to_end, 0,
	    MW_N_OF(intakes));
	tcase_add_test(tc, a_hold_names_whose_trouble_it_is);
	tcase_add_loop_test(tc, the_code_says_when_dns_is_the_cause, 0,
	    MW_N_OF(causes));
	tcase_add_loop_test(tc, submission_waits_until_the_queue_is_full, 0,
	    MW_N_OF(queues));
	tcase_add_test(tc, with_nowhere_to_go_the_channel_closes);
	tcase_add_test(tc, a_lease_that_was_not_granted_means_full);
	tcase_add_test(tc, observe_mode_defers_nobody);
	tcase_add_test(tc, words_too_long_are_replaced);
	tcase_add_loop_test(tc, the_gate_asks_the_upstream_then_for_a_slot, 0,
	    MW_N_OF(gates));
	tcase_add_loop_test(tc, mail_takes_the_other_way_where_one_is_enough,
	    0, MW_N_OF(prospects));
	tcase_add_test(tc, what_this_host_alone_sees_closes_its_gate);
	tcase_add_test(tc, an_operator_closes_the_gate);
	tcase_add_test(tc, and_holds_it_open);
	tcase_add_test(tc, an_operator_holds_a_destination);
	tcase_add_test(tc, a_hold_ends_by_itself);
	tcase_add_loop_test(tc, held_mail_goes_where_all_mail_may, 0,
	    MW_N_OF(releases));
	tcase_add_test(tc, held_mail_waits_until_something_is_known);
	tcase_add_test(tc, the_last_step_of_a_ramp_is_all);
	tcase_add_test(tc, the_bypass_has_its_own_conditions);
	tcase_add_test(tc, an_open_bypass_ends_the_hold);
	tcase_add_test(tc, nobody_waits_for_a_trial_beside_an_open_bypass);
	tcase_add_test(tc, observe_mode_grants_and_says_what_it_saw);
	tcase_add_test(tc, an_alternate_takes_its_share_and_no_more);
	tcase_add_test(tc, nobody_spills_to_an_alternate_that_had_its_share);
	tcase_add_test(tc, trouble_is_told_before_the_share);
	tcase_add_test(tc, a_share_that_is_observed_holds_nothing);
	tcase_add_loop_test(tc, held_mail_says_why, 0, MW_N_OF(held));
	tcase_add_test(tc, held_mail_has_a_reply_whatever_the_names);
	tcase_add_test(tc, each_reason_has_a_name);
	tcase_add_loop_test(tc, whatever_happens_the_rules_hold, 0, 10);
	return suite_main(s);
}
