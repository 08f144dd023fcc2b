/* What is said to who brings mail: taken, or not now. */
#include "core/decide.h"

#include "base/mem.h"

#include "decide_sample.h"
#include "suite.h"

#include <stdio.h>

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

int
main(void)
{
	Suite *s = suite_create("decide");
	TCase *tc = tcase_create("intake");

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
	suite_add_tcase(s, tc);
	return suite_main(s);
}
