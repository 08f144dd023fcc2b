#include "core/shield.h"

#include "suite.h"

#include "base/mem.h"

#define NOW INT64_C(1795255200000)
#define SAID "host x[192.0.2.1] said: 550 5.4.1 no (in reply to RCPT TO command)"

static const struct upstream upstreams[] = {
	{ .name = "filter", .n_shield = 2,
	    .shield = { { 5, 0, 0 }, { 5, 4, 1 } } },
	{ .name = "exchange" },
};
static const struct destination contoso = {
	.name = "contoso", .n_routes = 2,
	.routes = { { .upstream = 0 }, { .upstream = 1, .unfiltered = true } },
};

static struct shield_verdict
judge(enum plan_mode mode, uint32_t route, struct upstream_view view,
    const char *status)
{
	const struct plan p = {
		.mode = mode, .upstreams = upstreams, .n_upstreams = 2,
	};
	const struct upstream_view views[] = { view, view };

	return shield_judge(&p, &contoso, route, views, span_of(status), NOW);
}

static struct upstream_view
view_in(enum breaker_state state)
{
	return (struct upstream_view){
		.known = true,
		.record = { .breaker.state = state, .incident = "6f3a" },
	};
}

static const struct {
	const char *says;
	enum breaker_state state;
	uint32_t route;
	const char *status;
	enum shield then;
} rows[] = {
	{ "listed, and shedding", BREAKER_SHEDDING, 0, "5.4.1 " SAID,
	    SHIELD_TROUBLE },
	{ "open", BREAKER_OPEN, 0, "5.4.1 " SAID, SHIELD_TROUBLE },
	{ "half-open", BREAKER_HALF_OPEN, 0, "5.4.1 " SAID, SHIELD_TROUBLE },
	{ "coming back", BREAKER_RAMP, 0, "5.4.1 " SAID, SHIELD_TROUBLE },
	{ "all is well", BREAKER_CLOSED, 0, "5.4.1 " SAID, SHIELD_NONE },
	{ "a reply without a code", BREAKER_OPEN, 0, "5.0.0 " SAID,
	    SHIELD_TROUBLE },
	{ "not listed", BREAKER_OPEN, 0, "5.4.10 " SAID, SHIELD_NONE },
	{ "temporary in any case", BREAKER_OPEN, 0, "4.4.1 " SAID,
	    SHIELD_NONE },
	{ "delivered", BREAKER_OPEN, 0, "2.0.0 250 " SAID, SHIELD_NONE },
	{ "our own words", BREAKER_OPEN, 0, "5.4.1 Mailweir: " SAID,
	    SHIELD_NONE },
	{ "Postfix's own words", BREAKER_OPEN, 0,
	    "5.4.1 mail for host x[192.0.2.1] said: loops back", SHIELD_NONE },
	{ "no status at all", BREAKER_OPEN, 0, "", SHIELD_NONE },
	{ "another upstream's list", BREAKER_OPEN, 1, "5.4.1 " SAID,
	    SHIELD_NONE },
	{ "a lock, past the filter", BREAKER_CLOSED, 1, "5.7.51 " SAID,
	    SHIELD_LOCK },
	{ "another lock", BREAKER_OPEN, 1, "5.7.64 " SAID, SHIELD_LOCK },
	{ "the third", BREAKER_CLOSED, 1, "5.7.68 " SAID, SHIELD_LOCK },
	{ "no lock", BREAKER_CLOSED, 1, "5.7.1 " SAID, SHIELD_NONE },
	{ "a lock, from the filter", BREAKER_CLOSED, 0, "5.7.51 " SAID,
	    SHIELD_NONE },
};

START_TEST(some_answers_are_kept)
{
	const struct upstream_view view = view_in(rows[_i].state);
	const struct shield_verdict v = judge(PLAN_ENFORCE, rows[_i].route,
	    view, rows[_i].status);

	ck_assert_msg(v.shield == rows[_i].then, "%s", rows[_i].says);
	if (v.shield != SHIELD_NONE)
		ck_assert(reply_sane(&v.reply) &&
		    reply_is_temporary(&v.reply));
}
END_TEST

START_TEST(observe_mode_keeps_none)
{
	const struct upstream_view view = view_in(rows[_i].state);

	ck_assert_int_eq(judge(PLAN_OBSERVE, rows[_i].route, view,
	    rows[_i].status).shield, SHIELD_NONE);
}
END_TEST

START_TEST(an_operator_has_the_last_word)
{
	struct upstream_view view = view_in(BREAKER_OPEN);

	view.override = (struct override){
		.state = OVERRIDE_CLOSED, .until_ms = NOW + 1,
	};
	ck_assert_int_eq(judge(PLAN_ENFORCE, 0, view, "5.4.1 " SAID).shield,
	    SHIELD_NONE);
	view = view_in(BREAKER_CLOSED);
	view.override = (struct override){
		.state = OVERRIDE_OPEN, .until_ms = NOW + 1,
	};
	ck_assert_int_eq(judge(PLAN_ENFORCE, 0, view, "5.4.1 " SAID).shield,
	    SHIELD_TROUBLE);
}
END_TEST

START_TEST(it_says_what_was_answered)
{
	struct upstream_view view = view_in(BREAKER_OPEN);

	ck_assert_str_eq(judge(PLAN_ENFORCE, 0, view, "5.4.1 " SAID)
	    .reply.text, "Mailweir: filter answered 5.4.1 while in trouble, "
	    "kept in the queue (incident 6f3a)");
	view.record.incident[0] = '\0';
	ck_assert_str_eq(judge(PLAN_ENFORCE, 1, view, "5.7.51 " SAID)
	    .reply.text, "Mailweir: exchange answered 5.7.51, "
	    "kept in the queue");
	ck_assert_str_eq(shield_name(SHIELD_TROUBLE), "shield");
	ck_assert_str_eq(shield_name(SHIELD_LOCK), "connector-lock");
	ck_assert_str_eq(shield_name(SHIELD_NONE), "");
}
END_TEST

START_TEST(what_is_not_believed_is_no_good_sign)
{
	ck_assert_int_eq(shield_evidence(SHIELD_TROUBLE, OUTCOME_REFUSED),
	    OUTCOME_IGNORE);
	ck_assert_int_eq(shield_evidence(SHIELD_TROUBLE, OUTCOME_TROUBLE),
	    OUTCOME_TROUBLE);
	ck_assert_int_eq(shield_evidence(SHIELD_NONE, OUTCOME_REFUSED),
	    OUTCOME_REFUSED);
	ck_assert_int_eq(shield_evidence(SHIELD_LOCK, OUTCOME_REFUSED),
	    OUTCOME_REFUSED);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("shield");
	Suite *s = suite_create("core");

	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, some_answers_are_kept, 0, MW_N_OF(rows));
	tcase_add_loop_test(tc, observe_mode_keeps_none, 0, MW_N_OF(rows));
	tcase_add_test(tc, an_operator_has_the_last_word);
	tcase_add_test(tc, it_says_what_was_answered);
	tcase_add_test(tc, what_is_not_believed_is_no_good_sign);
	return suite_main(s);
}
