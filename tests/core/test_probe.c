#include "suite.h"

#include "base/mem.h"
#include "core/probe.h"

#include <stdio.h>
#include <string.h>

#define TURNS 9
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

#define NEVER PROBE_TLS_NEVER
#define OFFERED PROBE_TLS_OFFERED
#define ALWAYS PROBE_TLS_ALWAYS
#define READY { 220, { 2, 0, 0 }, "220 2.0.0 Ready", false }
#define SAID_OK "2.1.0 host " RELAY " said: 250 2.1.0 Ok " \
	"(in reply to RCPT TO command)"

static const struct {
	const char *says;
	enum probe_tls tls;
	struct probe_reply replies[TURNS];	/* code 0: no more */
	const char *said, *status;
	bool whole;
} dialogues[] = {
	{ "all is well", OFFERED, { HI, EHLO, OK, OK, OK, BYE },
	    GREETED MAIL RCPT REST,
	    "2.1.0 host " RELAY " said: 250 2.1.0 Ok "
	    "(in reply to RCPT TO command)", true },
	{ "a recipient is put off", OFFERED, { HI, EHLO, OK,
	    { 451, { 4, 3, 2 }, "451 4.3.2 Temporary server error", false },
	    OK, BYE }, GREETED MAIL RCPT REST,
	    "4.3.2 host " RELAY " said: 451 4.3.2 Temporary server error "
	    "(in reply to RCPT TO command)", true },
	{ "an unknown recipient", OFFERED, { HI, EHLO, OK,
	    { 550, { 5, 1, 1 }, "550 5.1.1 who", false }, OK, BYE },
	    GREETED MAIL RCPT REST, "5.1.1 host " RELAY " said: 550 5.1.1 who "
	    "(in reply to RCPT TO command)", true },
	{ "a sender is put off, without an enhanced code", OFFERED, { HI, EHLO,
	    { 452, { 0 }, "452 full", false }, BYE }, GREETED MAIL "QUIT\r\n",
	    "4.0.0 host " RELAY " said: 452 full "
	    "(in reply to MAIL FROM command)", true },
	{ "a reply that makes no sense there", OFFERED, { HI, EHLO, OK,
	    { 354, { 0 }, "354 go", false }, OK, BYE },
	    GREETED MAIL RCPT REST, "4.0.0 host " RELAY " said: 354 go "
	    "(in reply to RCPT TO command)", true },
	{ "421 ends it at once", OFFERED, { HI, EHLO, OK,
	    { 421, { 4, 3, 2 }, "421 4.3.2 Cannot", false } },
	    GREETED MAIL RCPT, "4.3.2 host " RELAY " said: 421 4.3.2 Cannot "
	    "(in reply to RCPT TO command)", true },
	{ "421 for a greeting", OFFERED, { { 421, { 4, 3, 2 },
	    "421 4.3.2 The maximum", false } }, "",
	    "4.3.2 host " RELAY " refused to talk to me: "
	    "421 4.3.2 The maximum", false },
	{ "a permanent no for a greeting says nothing of mail", OFFERED,
	    { { 554, { 5, 7, 1 }, "554 5.7.1 go away", false }, BYE },
	    "QUIT\r\n", "4.7.1 host " RELAY " refused to talk to me: "
	    "554 5.7.1 go away", false },
	{ "EHLO is refused", OFFERED, { HI, { 502, { 0 }, "502 what", false },
	    BYE }, GREETED "QUIT\r\n",
	    "4.0.0 host " RELAY " refused to talk to me: 502 what", false },
	{ "TLS is offered: all is said again in it", OFFERED, { HI, EHLO_TLS,
	    READY, EHLO, OK, OK, OK, BYE },
	    GREETED "STARTTLS\r\n" GREETED MAIL RCPT REST, SAID_OK, true },
	{ "TLS is a must, and had", ALWAYS, { HI, EHLO_TLS, READY, EHLO, OK,
	    OK, OK, BYE },
	    GREETED "STARTTLS\r\n" GREETED MAIL RCPT REST, SAID_OK, true },
	{ "TLS in TLS is not asked for", ALWAYS, { HI, EHLO_TLS, READY,
	    EHLO_TLS, OK, OK, OK, BYE },
	    GREETED "STARTTLS\r\n" GREETED MAIL RCPT REST, SAID_OK, true },
	{ "TLS is a must, and not offered: no mail is asked about", ALWAYS,
	    { HI, EHLO, BYE }, GREETED "QUIT\r\n",
	    "4.7.4 TLS is required, but was not offered by host " RELAY,
	    false },
	{ "TLS is offered and refused", OFFERED, { HI, EHLO_TLS,
	    { 454, { 4, 7, 0 }, "454 4.7.0 not now", false }, BYE },
	    GREETED "STARTTLS\r\nQUIT\r\n", "4.7.0 host " RELAY " said: "
	    "454 4.7.0 not now (in reply to STARTTLS command)", false },
	{ "TLS is offered and not wished for", NEVER, { HI, EHLO_TLS, OK, OK,
	    OK, BYE }, GREETED MAIL RCPT REST, "2.1.0 host " RELAY
	    " said: 250 2.1.0 Ok (in reply to RCPT TO command)", true },
	{ "RSET is refused: that is judged no more", OFFERED, { HI, EHLO, OK, OK,
	    { 500, { 0 }, "500 what", false }, BYE }, GREETED MAIL RCPT REST,
	    "2.1.0 host " RELAY " said: 250 2.1.0 Ok "
	    "(in reply to RCPT TO command)", true },
};

static struct probe_script
script(enum probe_tls tls)
{
	return (struct probe_script){
		.nexthop = RELAY, .helo = "mx1", .from = "probe@we.test",
		.to = "probe@they.test", .tls = tls,
	};
}

START_TEST(a_dialogue)
{
	const struct probe_script s = script(dialogues[_i].tls);
	struct probe p = { 0 };
	char said[1000] = "", command[PROBE_COMMAND_MAX + 1];

	probe_connected(&p);
	for (size_t i = 0; p.stage != PROBE_OVER; i++) {
		if (p.stage == PROBE_HANDSHAKE) {
			probe_secured(&p);
			probe_command(&p, &s, command);
			strcat(said, command);
		}
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
	const struct probe_script s = script(NEVER);
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

START_TEST(no_tls)
{
	static const struct probe_reply hi = HI, ehlo = EHLO_TLS, go = READY;
	const struct probe_script s = script(ALWAYS);
	struct probe p = { 0 };

	probe_connected(&p);
	probe_heard(&p, &s, &hi);
	probe_heard(&p, &s, &ehlo);
	probe_heard(&p, &s, &go);
	ck_assert_int_eq(p.stage, PROBE_HANDSHAKE);
	probe_not_secured(&p, "Server certificate not trusted");
	ck_assert_str_eq(p.status, "4.7.5 Server certificate not trusted");
	ck_assert_int_eq(p.stage, PROBE_OVER);
	ck_assert(!p.whole);
}
END_TEST

static const struct {
	const char *policy;
	enum tls_level level;
	enum probe_tls tls;
	int n;
	const char *names[3];
} policies[] = {
	{ "", TLS_UNSET, OFFERED, 0, { NULL } },
	{ "none", TLS_NONE, NEVER, 0, { NULL } },
	{ "may", TLS_MAY, OFFERED, 0, { NULL } },
	{ "encrypt ciphers=high", TLS_ENCRYPT, ALWAYS, 0, { NULL } },
	{ "verify", TLS_VERIFY, ALWAYS, 1, { "mx.test" } },
	{ "dane-only", TLS_DANE_ONLY, ALWAYS, 1, { "mx.test" } },
	{ "secure", TLS_SECURE, ALWAYS, 2, { "mx.test", ".mx.test" } },
	{ "secure ciphers=high match=a.test:.b.test:nexthop", TLS_SECURE,
	    ALWAYS, 3, { "a.test", ".b.test", "mx.test" } },
	{ "fingerprint match=aa:bb", TLS_FINGERPRINT, ALWAYS, -1, { NULL } },
	{ "secure match=a:b:c:d:e:f:g:h:i", TLS_SECURE, ALWAYS, -1, { NULL } },
	{ "secure match=:", TLS_SECURE, ALWAYS, -1, { NULL } },
};

START_TEST(what_a_tls_policy_asks_for)
{
	const struct upstream u = {
		.tls = policies[_i].level, .tls_policy = policies[_i].policy,
	};
	probe_name names[PROBE_NAMES];

	ck_assert_int_eq(probe_tls(&u), policies[_i].tls);
	ck_assert_int_eq(probe_names(&u, "mx.test", names), policies[_i].n);
	for (int i = 0; i < policies[_i].n; i++)
		ck_assert_str_eq(names[i], policies[_i].names[i]);
}
END_TEST

enum { CONTOSO, SUFFIX, ANYBODY };

static const struct {
	const char *says;
	uint32_t destination;
	const char *to;
	const char *then;	/* NULL: nobody */
} recipients[] = {
	{ "the probe's own, where it belongs there", CONTOSO,
	    "probe@contoso.test", "probe@contoso.test" },
	{ "else the postmaster of the first domain", CONTOSO,
	    "probe@elsewhere.test", "postmaster@contoso.test" },
	{ "and where none is named", CONTOSO, "", "postmaster@contoso.test" },
	{ "a suffix is no domain", SUFFIX, "", NULL },
	{ "but holds the probe's own", SUFFIX, "p@a.partner.test",
	    "p@a.partner.test" },
	{ "the rest has no domain", ANYBODY, "", NULL },
	{ "but what nobody else has is of it", ANYBODY, "p@elsewhere.test",
	    "p@elsewhere.test" },
};

START_TEST(whom_a_preflight_is_for)
{
	static const struct destination all[] = {
		{ .name = "contoso" }, { .name = "suffix" }, { .name = "rest" },
	};
	static const struct {
		const char *domain;
		bool suffix;
		uint32_t destination;
	} domains[] = {
		{ "partner.test", true, SUFFIX }, { "contoso.test", true, CONTOSO },
		{ "contoso.test", false, CONTOSO }, { "fabrikam.test", false, CONTOSO },
	};
	struct destination_map *map = destination_map_new();
	const struct plan p = {
		.destinations = all, .n_destinations = 3, .domains = map,
		.catch_all = ANYBODY,
	};
	struct destination_pattern other;
	char to[PROBE_ADDRESS_MAX + 1];
	bool found;

	for (size_t i = 0; i < MW_N_OF(domains); i++) {
		struct destination_pattern pattern = {
			.suffix = domains[i].suffix,
			.destination = domains[i].destination,
		};

		ck_assert(domain_parse(span_of(domains[i].domain),
		    &pattern.domain));
		ck_assert(destination_map_add(map, &pattern, &other));
	}
	found = probe_recipient(&p, &all[recipients[_i].destination],
	    recipients[_i].to, to);
	ck_assert_msg(found == (recipients[_i].then != NULL), "%s",
	    recipients[_i].says);
	if (found)
		ck_assert_str_eq(to, recipients[_i].then);
	destination_map_free(&map);
}
END_TEST

START_TEST(no_connection)
{
	const struct probe_script s = script(NEVER);
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
	struct probe_script s = script(NEVER);
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

static const struct {
	const char *says;
	enum outcome_class class;
	bool on_trial, whole, shielded;
	enum outcome_class then;
} evidence[] = {
	{ "a good trial", OUTCOME_OK, true, true, false, OUTCOME_OK },
	{ "a good answer out of turn", OUTCOME_OK, false, true, false,
	    OUTCOME_IGNORE },
	{ "a trial that came to TLS only", OUTCOME_OK, true, false, false,
	    OUTCOME_IGNORE },
	{ "nobody there is a good answer too", OUTCOME_REFUSED, true, true,
	    false, OUTCOME_REFUSED },
	{ "unless the shield would not believe it", OUTCOME_REFUSED, true,
	    true, true, OUTCOME_TROUBLE },
	{ "which matters to a trial only", OUTCOME_REFUSED, false, true, true,
	    OUTCOME_IGNORE },
	{ "trouble is trouble", OUTCOME_TROUBLE, true, true, false,
	    OUTCOME_TROUBLE },
	{ "at any time", OUTCOME_TROUBLE, false, false, false,
	    OUTCOME_TROUBLE },
};

START_TEST(what_its_end_says)
{
	const struct probe p = { .whole = evidence[_i].whole };

	ck_assert_msg(probe_evidence(&p, evidence[_i].class,
	    evidence[_i].on_trial, evidence[_i].shielded) ==
	    evidence[_i].then, "%s", evidence[_i].says);
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
	tcase_add_test(t, no_tls);
	tcase_add_loop_test(t, what_a_tls_policy_asks_for, 0,
	    MW_N_OF(policies));
	tcase_add_loop_test(t, whom_a_preflight_is_for, 0,
	    MW_N_OF(recipients));
	tcase_add_test(t, no_connection);
	tcase_add_test(t, long_names_are_cut);
	tcase_add_loop_test(t, whom_it_asks, 0, MW_N_OF(targets));
	tcase_add_loop_test(t, what_its_end_says, 0, MW_N_OF(evidence));
	tcase_add_loop_test(t, what_may_stand_in_a_command, 0,
	    MW_N_OF(addresses));
	suite_add_tcase(s, t);
	return suite_main(s);
}
