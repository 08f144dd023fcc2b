#include "suite.h"

#include "base/mem.h"
#include "core/probe.h"

#include <stdio.h>
#include <string.h>

#define TURNS 8
#define RELAY "[relay.test]:25"
#define HI { 220, { 0 }, "220 hi", false }
#define EHLO { 250, { 0 }, "250 relay", false }
#define EHLO_TLS { 250, { 0 }, "250-relay 250 STARTTLS", true }
#define OK { 250, { 2, 1, 0 }, "250 2.1.0 Ok", false }
#define BYE { 221, { 2, 0, 0 }, "221 2.0.0 Bye", false }
#define GREETED "EHLO mx1\r\n"
#define MAIL "MAIL FROM:<probe@we.test>\r\n"
#define RCPT "RCPT TO:<probe@they.test>\r\n"
#define REST "RSET\r\nQUIT\r\n"

static const struct {
	const char *says;
	bool clear;		/* starttls is off */
	struct probe_reply replies[TURNS];	/* code 0: no more */
	const char *said, *status;
	bool whole;
} dialogues[] = {
	{ "all is well", false, { HI, EHLO, OK, OK, OK, BYE },
	    GREETED MAIL RCPT REST,
	    "2.1.0 host " RELAY " said: 250 2.1.0 Ok "
	    "(in reply to RCPT TO command)", true },
	{ "a recipient is put off", false, { HI, EHLO, OK,
	    { 451, { 4, 3, 2 }, "451 4.3.2 Temporary server error", false },
	    OK, BYE }, GREETED MAIL RCPT REST,
	    "4.3.2 host " RELAY " said: 451 4.3.2 Temporary server error "
	    "(in reply to RCPT TO command)", true },
	{ "an unknown recipient", false, { HI, EHLO, OK,
	    { 550, { 5, 1, 1 }, "550 5.1.1 who", false }, OK, BYE },
	    GREETED MAIL RCPT REST, "5.1.1 host " RELAY " said: 550 5.1.1 who "
	    "(in reply to RCPT TO command)", true },
	{ "a sender is put off, without an enhanced code", false, { HI, EHLO,
	    { 452, { 0 }, "452 full", false }, BYE }, GREETED MAIL "QUIT\r\n",
	    "4.0.0 host " RELAY " said: 452 full "
	    "(in reply to MAIL FROM command)", true },
	{ "a reply that makes no sense there", false, { HI, EHLO, OK,
	    { 354, { 0 }, "354 go", false }, OK, BYE },
	    GREETED MAIL RCPT REST, "4.0.0 host " RELAY " said: 354 go "
	    "(in reply to RCPT TO command)", true },
	{ "421 ends it at once", false, { HI, EHLO, OK,
	    { 421, { 4, 3, 2 }, "421 4.3.2 Cannot", false } },
	    GREETED MAIL RCPT, "4.3.2 host " RELAY " said: 421 4.3.2 Cannot "
	    "(in reply to RCPT TO command)", true },
	{ "421 for a greeting", false, { { 421, { 4, 3, 2 },
	    "421 4.3.2 The maximum", false } }, "",
	    "4.3.2 host " RELAY " refused to talk to me: "
	    "421 4.3.2 The maximum", false },
	{ "a permanent no for a greeting says nothing of mail", false,
	    { { 554, { 5, 7, 1 }, "554 5.7.1 go away", false }, BYE },
	    "QUIT\r\n", "4.7.1 host " RELAY " refused to talk to me: "
	    "554 5.7.1 go away", false },
	{ "EHLO is refused", false, { HI, { 502, { 0 }, "502 what", false },
	    BYE }, GREETED "QUIT\r\n",
	    "4.0.0 host " RELAY " refused to talk to me: 502 what", false },
	{ "TLS is offered and granted", false, { HI, EHLO_TLS,
	    { 220, { 2, 0, 0 }, "220 2.0.0 Ready", false } },
	    GREETED "STARTTLS\r\n", "2.0.0 host " RELAY " said: "
	    "220 2.0.0 Ready (in reply to STARTTLS command)", false },
	{ "TLS is offered and refused", false, { HI, EHLO_TLS,
	    { 454, { 4, 7, 0 }, "454 4.7.0 not now", false }, BYE },
	    GREETED "STARTTLS\r\nQUIT\r\n", "4.7.0 host " RELAY " said: "
	    "454 4.7.0 not now (in reply to STARTTLS command)", false },
	{ "TLS is offered and not wished for", true, { HI, EHLO_TLS, OK, OK,
	    OK, BYE }, GREETED MAIL RCPT REST, "2.1.0 host " RELAY
	    " said: 250 2.1.0 Ok (in reply to RCPT TO command)", true },
	{ "RSET is refused: that is judged no more", false, { HI, EHLO, OK, OK,
	    { 500, { 0 }, "500 what", false }, BYE }, GREETED MAIL RCPT REST,
	    "2.1.0 host " RELAY " said: 250 2.1.0 Ok "
	    "(in reply to RCPT TO command)", true },
};

static struct probe_script
script(bool clear)
{
	return (struct probe_script){
		.nexthop = RELAY, .helo = "mx1", .from = "probe@we.test",
		.to = "probe@they.test", .starttls = !clear,
	};
}

START_TEST(a_dialogue)
{
	const struct probe_script s = script(dialogues[_i].clear);
	struct probe p = { 0 };
	char said[1000] = "", command[PROBE_COMMAND_MAX + 1];

	probe_connected(&p);
	for (size_t i = 0; p.stage != PROBE_OVER; i++) {
		ck_assert_msg(i < TURNS && dialogues[_i].replies[i].code > 0,
		    "%s: no end", dialogues[_i].says);
		probe_heard(&p, &s, &dialogues[_i].replies[i]);
		probe_command(&p, &s, command);
		strcat(said, command);
	}
	ck_assert_msg(strcmp(said, dialogues[_i].said) == 0, "%s: %s",
	    dialogues[_i].says, said);
	ck_assert_str_eq(p.status, dialogues[_i].status);
	ck_assert(p.whole == dialogues[_i].whole);
}
END_TEST

static const struct {
	unsigned heard;		/* good replies before it breaks */
	enum probe_end end;
	const char *status;
} breaks[] = {
	{ 0, PROBE_LOST, "4.4.2 lost connection with " RELAY
	    " while receiving the initial server greeting" },
	{ 0, PROBE_GARBLED, "4.4.2 conversation with " RELAY
	    " made no sense while receiving the initial server greeting" },
	{ 1, PROBE_TIMED_OUT, "4.4.2 conversation with " RELAY
	    " timed out while performing the EHLO handshake" },
	{ 2, PROBE_TIMED_OUT, "4.4.2 conversation with " RELAY
	    " timed out while sending MAIL FROM" },
	{ 3, PROBE_LOST, "4.4.2 lost connection with " RELAY
	    " while sending RCPT TO" },
	{ 4, PROBE_LOST, "2.1.0 host " RELAY " said: 250 2.1.0 Ok "
	    "(in reply to RCPT TO command)" },
};

START_TEST(a_dialogue_that_breaks_off)
{
	static const struct probe_reply ok = OK;
	const struct probe_script s = script(true);
	struct probe p = { 0 };
	char command[PROBE_COMMAND_MAX + 1];

	probe_connected(&p);
	for (unsigned i = 0; i < breaks[_i].heard; i++)
		probe_heard(&p, &s, &ok);
	probe_broke(&p, &s, breaks[_i].end);
	ck_assert_str_eq(p.status, breaks[_i].status);
	ck_assert_int_eq(p.stage, PROBE_OVER);
	ck_assert(p.whole == (breaks[_i].heard == 4));
	probe_command(&p, &s, command);
	ck_assert_str_eq(command, "");
}
END_TEST

START_TEST(no_connection)
{
	const struct probe_script s = script(true);
	struct probe p = { 0 };

	probe_not_connected(&p, &s, "Connection refused");
	ck_assert_str_eq(p.status,
	    "4.4.1 connect to " RELAY ": Connection refused");
	ck_assert_int_eq(p.stage, PROBE_OVER);
	ck_assert(!p.whole);
}
END_TEST

/* The words behind a long next hop are there: rules look for them. */
START_TEST(long_names_are_cut)
{
	static char nexthop[300], text[400];
	struct probe_script s = script(true);
	struct probe p = { .stage = PROBE_RCPT };
	const struct probe_reply r = { .code = 451, .text = text };

	memset(nexthop, 'n', sizeof(nexthop) - 1);
	memset(text, 't', sizeof(text) - 1);
	s.nexthop = nexthop;
	probe_heard(&p, &s, &r);
	ck_assert_ptr_nonnull(strstr(p.status,
	    "t (in reply to RCPT TO command)"));
}
END_TEST

static const struct {
	const char *nexthops[3];
	const char *host;	/* NULL: none that can be asked */
	unsigned port;
} targets[] = {
	{ { "[relay.test]:25" }, "relay.test", 25 },
	{ { "[127.0.0.1]:2525" }, "127.0.0.1", 2525 },
	{ { "[2001:db8::1]:25" }, "2001:db8::1", 25 },
	{ { "[.all.test]:25", "mx.test:25", "[one.test]:587" },
	    "one.test", 587 },
	{ { "mx.test:25" }, NULL, 0 },
	{ { NULL }, NULL, 0 },
};

START_TEST(whom_it_asks)
{
	struct upstream u = { .name = "u" };
	struct probe_target t;

	for (; u.n_nexthops < 3 &&
	    targets[_i].nexthops[u.n_nexthops] != NULL; u.n_nexthops++)
		u.nexthops[u.n_nexthops] = targets[_i].nexthops[u.n_nexthops];
	ck_assert(probe_target(&u, &t) == (targets[_i].host != NULL));
	if (targets[_i].host == NULL)
		return;
	ck_assert_str_eq(t.host, targets[_i].host);
	ck_assert_uint_eq(t.port, targets[_i].port);
}
END_TEST

static const struct {
	const char *address;
	bool good;
} addresses[] = {
	{ "probe@contoso.test", true },
	{ "a.b+c@contoso.test", true },
	{ "probe", false },
	{ "probe@", false },
	{ "", false },
	{ "a b@contoso.test", false },
	{ "<probe@contoso.test>", false },
	{ "a\r\nRCPT TO:b@contoso.test", false },
	{ "a>@contoso.test", false },
};

START_TEST(what_may_stand_in_a_command)
{
	ck_assert_msg(probe_address_good(span_of(addresses[_i].address)) ==
	    addresses[_i].good, "%s", addresses[_i].address);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("probe");
	TCase *t = tcase_create("probe");

	tcase_add_loop_test(t, a_dialogue, 0, MW_N_OF(dialogues));
	tcase_add_loop_test(t, a_dialogue_that_breaks_off, 0,
	    MW_N_OF(breaks));
	tcase_add_test(t, no_connection);
	tcase_add_test(t, long_names_are_cut);
	tcase_add_loop_test(t, whom_it_asks, 0, MW_N_OF(targets));
	tcase_add_loop_test(t, what_may_stand_in_a_command, 0,
	    MW_N_OF(addresses));
	suite_add_tcase(s, t);
	return suite_main(s);
}
