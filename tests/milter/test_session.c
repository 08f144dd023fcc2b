#include "milter/session.h"

#include "base/chance.h"
#include "base/log.h"
#include "base/mem.h"
#include "suite.h"

#include <stdio.h>

/* Two destinations behind an upstream each, and one for the rest. */
enum { CONTOSO, FABRIKAM, REST, DESTINATIONS };

static const struct upstream upstreams[] = {
	{ .name = "filter", .connections = 1 },
	{ .name = "relay", .connections = 1 },
	{ .name = "mx", .connections = 1 },
};
static const struct destination destinations[] = {
	{ .name = "contoso", .cap = 2, .n_routes = 1,
	    .routes = { { .upstream = 0 } } },
	{ .name = "fabrikam", .cap = 2, .n_routes = 1,
	    .routes = { { .upstream = 1 } } },
	{ .name = "rest", .cap = 2, .n_routes = 1,
	    .routes = { { .upstream = 2 } } },
};
static struct plan plan;
static struct destination_map *domains;

/* The world of these tests. */
static struct {
	struct upstream_view views[3];
	struct override holds[DESTINATIONS];
	bool full[DESTINATIONS];
	bool held[DESTINATIONS];	/* under our one name */
	unsigned taken[DESTINATIONS], given[DESTINATIONS];
	unsigned accepted[DESTINATIONS];
	uint32_t queued[DESTINATIONS];
	unsigned deferred[DESTINATIONS], would_defer[DESTINATIONS];
	bool looking;
	enum decide_reason reason;	/* the last one counted */
	char member[LEASE_NAME_MAX + 1];
} w;

static struct session session;
static struct reply reply;

static int
match(void *self, struct span recipient)
{
	(void)self;
	return plan_match(&plan, recipient);
}

static bool
take(void *self, uint32_t destination, const char *member)
{
	(void)self;
	snprintf(w.member, sizeof(w.member), "%s", member);
	if (w.full[destination])
		return false;
	ck_assert(!w.held[destination]);
	w.held[destination] = true;
	w.taken[destination]++;
	return true;
}

static void
give_back(void *self, uint32_t destination, const char *member)
{
	(void)self;
	ck_assert_str_eq(member, session.member);
	w.held[destination] = false;
	w.given[destination]++;
}

static const struct snapshot *
look(void *self, int64_t *out_now_ms)
{
	static struct snapshot seen;

	(void)self;
	ck_assert(!w.looking);
	w.looking = true;
	seen = (struct snapshot){ w.views, w.holds, w.queued };
	*out_now_ms = 1000;
	return &seen;
}

static void
look_away(void *self, const struct snapshot *seen)
{
	(void)self, (void)seen;
	ck_assert(w.looking);
	w.looking = false;
}

static void
count_verdict(void *self, uint32_t destination,
    const struct intake_verdict *v)
{
	(void)self;
	w.reason = v->reason;
	if (v->enforced)
		w.deferred[destination]++;
	else
		w.would_defer[destination]++;
}

static void
count_accepted(void *self, uint32_t destination, bool waits)
{
	(void)self;
	w.accepted[destination]++;
	w.queued[destination] += waits;
}

static const struct session_world world = {
	.plan = &plan,
	.match = match,
	.take = take,
	.give_back = give_back,
	.look = look,
	.look_away = look_away,
	.count_verdict = count_verdict,
	.count_accepted = count_accepted,
};

static void
add_domain(const char *name, uint32_t destination)
{
	struct destination_pattern pattern = { .destination = destination };
	struct destination_pattern other;

	ck_assert(domain_parse(span_of(name), &pattern.domain));
	ck_assert(destination_map_add(domains, &pattern, &other));
}

static void
open_breaker(unsigned upstream)
{
	w.views[upstream].record.breaker.state = BREAKER_OPEN;
	w.views[upstream].record.breaker.until_ms = 5000;
}

static void
begin_from(const char *address, const char *port)
{
	session_begin(&session, &world, &(struct session_peer){
		.host = "mx1",
		.address = span_of(address),
		.client_port = span_of(port),
		.server_port = SPAN("25"),
	});
}

static void
set_up(void)
{
	static struct network submission;

	memset(&w, 0, sizeof(w));
	for (size_t i = 0; i < MW_N_OF(w.views); i++)
		w.views[i].known = true;
	domains = destination_map_new();
	add_domain("contoso.com", CONTOSO);
	add_domain("fabrikam.com", FABRIKAM);
	ck_assert(network_parse(SPAN("2001:db8::/32"), &submission));
	plan = (struct plan){
		.mode = PLAN_ENFORCE,
		.upstreams = upstreams,
		.n_upstreams = MW_N_OF(upstreams),
		.destinations = destinations,
		.n_destinations = MW_N_OF(destinations),
		.domains = domains,
		.catch_all = -1,
		.hold_incoming = true,
		.submission_authenticated = true,
		.submission_networks = &submission,
		.n_submission_networks = 1,
		.replies = {
			.cap = "DESTINATION is at capacity",
			.hold = "DESTINATION is unavailable",
			.late = "DESTINATION went away",
		},
	};
	begin_from("192.0.2.1", "40000");
	session_mail(&session, SPAN(""));
}

static void
tear_down(void)
{
	session_end(&session);
	destination_map_free(&domains);
}

static bool
rcpt(const char *address)
{
	return session_rcpt(&session, span_of(address), &reply);
}

static void
replied(const char *expected)
{
	char text[REPLY_TEXT_MAX + 32];

	ck_assert(reply_render(&reply, REPLY_SMTP, text, sizeof(text)));
	ck_assert_str_eq(text, expected);
}

START_TEST(a_destination_costs_one_lease_a_transaction)
{
	ck_assert(rcpt("<a@contoso.com>"));
	ck_assert(rcpt("<b@contoso.com>"));
	ck_assert(rcpt("<c@fabrikam.com>"));
	ck_assert(rcpt("<d@elsewhere.example>"));
	ck_assert_str_eq(w.member, "mx1/192.0.2.1:40000/25");
	ck_assert_uint_eq(w.taken[CONTOSO], 1);
	ck_assert_uint_eq(w.taken[FABRIKAM], 1);
	ck_assert(session_eom(&session, SPAN("4F1"), &reply));
	ck_assert_uint_eq(w.given[CONTOSO], 1);
	ck_assert_uint_eq(w.given[FABRIKAM], 1);
	ck_assert_uint_eq(w.accepted[CONTOSO], 1);
	ck_assert_uint_eq(w.accepted[FABRIKAM], 1);
	ck_assert_uint_eq(w.taken[REST] + w.accepted[REST], 0);
}
END_TEST

START_TEST(the_next_transaction_takes_its_own)
{
	ck_assert(rcpt("a@contoso.com"));
	ck_assert(session_eom(&session, SPAN("4F1"), &reply));
	session_mail(&session, SPAN(""));
	ck_assert(rcpt("a@contoso.com"));
	ck_assert_uint_eq(w.taken[CONTOSO], 2);
	session_mail(&session, SPAN(""));
	ck_assert_uint_eq(w.given[CONTOSO], 2);
}
END_TEST

START_TEST(at_the_cap_only_that_recipient_is_deferred)
{
	w.full[CONTOSO] = true;
	ck_assert(rcpt("c@fabrikam.com"));
	ck_assert(!rcpt("a@contoso.com"));
	replied("451 4.3.2 contoso is at capacity");
	ck_assert(rcpt("d@fabrikam.com"));
	ck_assert(session_eom(&session, SPAN("4F1"), &reply));
	ck_assert_uint_eq(w.deferred[CONTOSO], 1);
	ck_assert_int_eq(w.reason, DECIDE_AT_CAP);
	ck_assert_uint_eq(w.accepted[CONTOSO], 0);
	ck_assert_uint_eq(w.given[CONTOSO], 0);
	ck_assert_uint_eq(w.accepted[FABRIKAM], 1);
}
END_TEST

START_TEST(on_hold_only_that_recipient_is_deferred)
{
	open_breaker(0);
	ck_assert(!rcpt("a@contoso.com"));
	replied("451 4.3.2 contoso is unavailable");
	ck_assert(rcpt("c@fabrikam.com"));
	ck_assert_uint_eq(w.taken[CONTOSO], 0);
	ck_assert_uint_eq(w.deferred[CONTOSO], 1);
	ck_assert(session_eom(&session, SPAN("4F1"), &reply));
	ck_assert_uint_eq(w.accepted[CONTOSO], 0);
	/* the policy service may have taken one by our name */
	ck_assert_uint_eq(w.given[CONTOSO], 1);
}
END_TEST

START_TEST(held_by_an_operator_it_is_on_hold_too)
{
	w.holds[CONTOSO] = (struct override){
		.state = OVERRIDE_HOLD, .until_ms = 5000,
	};
	ck_assert(!rcpt("<a@contoso.com>"));
	replied("451 4.3.2 contoso is unavailable");
	ck_assert(rcpt("<c@fabrikam.com>"));
	w.holds[FABRIKAM] = w.holds[CONTOSO];
	ck_assert(!session_eom(&session, SPAN("4F1"), &reply));
	replied("451 4.3.2 fabrikam went away");
}
END_TEST

START_TEST(with_all_on_hold_the_channel_is_closed)
{
	plan.catch_all = REST;
	open_breaker(0);
	open_breaker(1);
	ck_assert(!rcpt("a@contoso.com"));
	replied("451 4.3.2 contoso is unavailable");
	open_breaker(2);
	ck_assert(!rcpt("a@elsewhere.example"));
	replied("421 4.3.2 Service not available, closing transmission"
	    " channel");
}
END_TEST

START_TEST(mail_for_no_destination_keeps_the_channel_open)
{
	for (unsigned i = 0; i < 3; i++)
		open_breaker(i);
	ck_assert(!rcpt("a@contoso.com"));
	replied("451 4.3.2 contoso is unavailable");
	ck_assert(rcpt("a@elsewhere.example"));
}
END_TEST

START_TEST(gone_bad_meanwhile_all_of_the_message_is_deferred)
{
	ck_assert(rcpt("c@fabrikam.com"));
	ck_assert(rcpt("a@contoso.com"));
	open_breaker(0);
	ck_assert(!session_eom(&session, SPAN("4F1"), &reply));
	replied("451 4.3.2 contoso went away");
	ck_assert_uint_eq(w.deferred[CONTOSO], 1);
	ck_assert_int_eq(w.reason, DECIDE_LATE);
	ck_assert_uint_eq(w.deferred[FABRIKAM], 0);
	ck_assert_uint_eq(w.accepted[CONTOSO] + w.accepted[FABRIKAM], 0);
	ck_assert_uint_eq(w.given[CONTOSO], 1);
	ck_assert_uint_eq(w.given[FABRIKAM], 1);
}
END_TEST

START_TEST(a_destination_without_a_recipient_left_is_not_late)
{
	w.full[CONTOSO] = true;
	ck_assert(!rcpt("a@contoso.com"));
	session_rcpt_rejected(&session, SPAN("b@contoso.com"));
	ck_assert(rcpt("c@fabrikam.com"));
	open_breaker(0);
	ck_assert(session_eom(&session, SPAN("4F1"), &reply));
}
END_TEST

START_TEST(observing_everything_passes_and_is_counted)
{
	plan.mode = PLAN_OBSERVE;
	w.full[CONTOSO] = true;
	ck_assert(rcpt("a@contoso.com"));
	ck_assert_uint_eq(w.would_defer[CONTOSO], 1);
	ck_assert_int_eq(w.reason, DECIDE_AT_CAP);
	open_breaker(1);
	ck_assert(rcpt("c@fabrikam.com"));
	ck_assert_int_eq(w.reason, DECIDE_ON_HOLD);
	ck_assert_uint_eq(w.taken[FABRIKAM], 1);
	ck_assert(session_eom(&session, SPAN("4F1"), &reply));
	ck_assert_int_eq(w.reason, DECIDE_LATE);
	ck_assert_uint_eq(w.would_defer[FABRIKAM], 2);
	ck_assert_uint_eq(w.accepted[CONTOSO], 1);
	ck_assert_uint_eq(w.accepted[FABRIKAM], 1);
	ck_assert_uint_eq(w.deferred[CONTOSO] + w.deferred[FABRIKAM], 0);
	ck_assert_uint_eq(w.given[CONTOSO], 0);
}
END_TEST

static const struct {
	const char *address, *sasl_username;
	bool let_in;
} submitters[] = {
	{ "192.0.2.1", "", false },
	{ "192.0.2.1", "alice", true },
	{ "2001:db8::1", "", true },
	{ "IPv6:2001:db8::1", "", true },	/* as the macro says it */
	{ "IPv6:2001:db9::1", "", false },
};

START_TEST(on_hold_submission_is_let_in)
{
	begin_from(submitters[_i].address, "40000");
	session_mail(&session, span_of(submitters[_i].sasl_username));
	open_breaker(0);
	ck_assert(rcpt("a@contoso.com") == submitters[_i].let_in);
	ck_assert_uint_eq(w.taken[CONTOSO], submitters[_i].let_in);
	ck_assert(session_eom(&session, SPAN("4F1"), &reply));
	ck_assert_uint_eq(w.accepted[CONTOSO], submitters[_i].let_in);
}
END_TEST

START_TEST(mail_of_no_smtp_client_is_never_refused_nor_leased)
{
	begin_from("127.0.0.1", "0");
	session_mail(&session, SPAN(""));
	for (unsigned i = 0; i < 3; i++)
		open_breaker(i);
	w.full[CONTOSO] = true;
	ck_assert(rcpt("a@contoso.com"));
	ck_assert(session_eom(&session, SPAN("4F1"), &reply));
	ck_assert_uint_eq(w.taken[CONTOSO] + w.given[CONTOSO], 0);
	ck_assert_uint_eq(w.accepted[CONTOSO], 1);
}
END_TEST

START_TEST(a_client_without_a_name_holds_no_lease)
{
	begin_from("unknown", "unknown");
	session_mail(&session, SPAN(""));
	w.full[CONTOSO] = true;
	ck_assert(rcpt("a@contoso.com"));
	session_rcpt_rejected(&session, SPAN("c@fabrikam.com"));
	ck_assert(session_eom(&session, SPAN("4F1"), &reply));
	ck_assert_uint_eq(w.given[CONTOSO] + w.given[FABRIKAM], 0);
	session_mail(&session, SPAN(""));
	open_breaker(0);
	ck_assert(!rcpt("a@contoso.com"));
}
END_TEST

START_TEST(what_others_refused_takes_no_lease_and_frees_theirs)
{
	session_rcpt_rejected(&session, SPAN("<a@contoso.com>"));
	session_rcpt_rejected(&session, SPAN("<b@contoso.com>"));
	session_rcpt_rejected(&session, SPAN("<nobody>"));
	ck_assert_uint_eq(w.taken[CONTOSO], 0);
	session_over(&session);
	session_over(&session);
	ck_assert_uint_eq(w.given[CONTOSO], 1);
	ck_assert_uint_eq(w.deferred[CONTOSO], 0);
}
END_TEST

static const char *const addresses[] = {
	"<a@contoso.com>", "b@contoso.com", "c@fabrikam.com",
	"d@elsewhere.example", "", "<>", "no domain", "\"x@y\"@contoso.com",
};

static void
step(void)
{
	const struct span to = span_of(
	    addresses[chance_below(MW_N_OF(addresses))]);

	switch (chance_below(12)) {
	case 0:
		session_mail(&session, SPAN(""));
		break;
	case 1:
		session_eom(&session, SPAN("4F1"), &reply);
		break;
	case 2:
		session_over(&session);
		break;
	case 3:
		begin_from("192.0.2.9", chance_below(2) ? "5" : "0");
		break;
	case 4:
		session_end(&session);
		begin_from("192.0.2.1", "40000");
		break;
	case 5:
		w.full[chance_below(DESTINATIONS)] = chance_below(2);
		break;
	case 6:
		w.views[chance_below(3)].record.breaker.state =
		    chance_below(2) ? BREAKER_OPEN : BREAKER_CLOSED;
		break;
	case 7:
		session_rcpt_rejected(&session, to);
		break;
	default:
		session_rcpt(&session, to, &reply);
	}
}

START_TEST(in_any_order_what_was_taken_is_given_back)
{
	chance_seed((uint64_t)_i);
	plan.catch_all = chance_below(2) ? REST : -1;
	plan.mode = chance_below(2) ? PLAN_ENFORCE : PLAN_OBSERVE;
	for (int i = 0; i < 300; i++)
		step();
	session_end(&session);
	for (int i = 0; i < DESTINATIONS; i++) {
		ck_assert(!w.held[i]);
		ck_assert_uint_ge(w.given[i], w.taken[i]);
	}
	session_end(&session);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("session");
	TCase *t = tcase_create("session");

	log_open("test", LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_destination_costs_one_lease_a_transaction);
	tcase_add_test(t, the_next_transaction_takes_its_own);
	tcase_add_test(t, at_the_cap_only_that_recipient_is_deferred);
	tcase_add_test(t, on_hold_only_that_recipient_is_deferred);
	tcase_add_test(t, held_by_an_operator_it_is_on_hold_too);
	tcase_add_test(t, with_all_on_hold_the_channel_is_closed);
	tcase_add_test(t, mail_for_no_destination_keeps_the_channel_open);
	tcase_add_test(t, gone_bad_meanwhile_all_of_the_message_is_deferred);
	tcase_add_test(t, a_destination_without_a_recipient_left_is_not_late);
	tcase_add_test(t, observing_everything_passes_and_is_counted);
	tcase_add_loop_test(t, on_hold_submission_is_let_in, 0,
	    MW_N_OF(submitters));
	tcase_add_test(t,
	    mail_of_no_smtp_client_is_never_refused_nor_leased);
	tcase_add_test(t, a_client_without_a_name_holds_no_lease);
	tcase_add_test(t, what_others_refused_takes_no_lease_and_frees_theirs);
	tcase_add_loop_test(t, in_any_order_what_was_taken_is_given_back, 0,
	    100);
	suite_add_tcase(s, t);
	return suite_main(s);
}
