#include "suite.h"

#include "base/mem.h"
#include "observe/event.h"

#include <stdio.h>
#include <string.h>

static const struct override forced = {
	.state = OVERRIDE_OPEN, .until_ms = 1795255200000, .by = "alice",
	.reason = "maintenance window",
};
static const struct override going = {
	.state = OVERRIDE_RELEASE, .until_ms = 1795255200000, .rate = 5,
	.by = "bob",
};
static const struct override let_go = { .by = "bob" };

static const struct {
	const char *says;
	struct event event;
	const char *told;	/* "name=value|..." */
} events[] = {
	{ "an opening tells why, and what was seen",
	    { .kind = EVENT_STATE, .host = "mx1", .upstream = "filter",
		.from = BREAKER_CLOSED, .to = BREAKER_OPEN,
		.reason = BREAKER_STREAK, .rule = "busy",
		.sample = "4.3.2 busy", .incident = "f-1" },
	    "event=breaker|upstream=filter|from=closed|to=open|reason=streak|"
	    "allowance=0|rule=busy|sample=4.3.2 busy|incident=f-1|host=mx1" },
	{ "one of a host alone says so",
	    { .kind = EVENT_STATE, .host = "mx1", .upstream = "filter",
		.own = true, .from = BREAKER_CLOSED, .to = BREAKER_OPEN,
		.reason = BREAKER_STREAK, .rule = "busy",
		.sample = "4.3.2 busy", .incident = "f-1" },
	    "event=breaker|upstream=filter|scope=host|from=closed|to=open|"
	    "reason=streak|allowance=0|rule=busy|sample=4.3.2 busy|"
	    "incident=f-1|host=mx1" },
	{ "what is empty is left out",
	    { .kind = EVENT_STATE, .host = "mx1", .upstream = "filter",
		.from = BREAKER_HALF_OPEN, .to = BREAKER_CLOSED,
		.allowance = 1000, .rule = "", .sample = "" },
	    "event=breaker|upstream=filter|from=half-open|to=closed|"
	    "allowance=1000|host=mx1" },
	{ "a step back says how mail fared",
	    { .kind = EVENT_STATE, .host = "mx1", .upstream = "filter",
		.from = BREAKER_OPEN, .to = BREAKER_SHEDDING,
		.reason = BREAKER_STEP_BACK, .allowance = 785,
		.before = 550, .after = 100, .incident = "f-1" },
	    "event=breaker|upstream=filter|from=open|to=shedding|"
	    "reason=step-back|allowance=785|before=550|after=100|"
	    "incident=f-1|host=mx1" },
	{ "a force says who, why and until when",
	    { .kind = EVENT_OVERRIDE, .host = "mx1", .upstream = "filter",
		.override = &forced },
	    "event=override|upstream=filter|state=open|"
	    "until=2026-11-21T10:00:00.000Z|by=alice|"
	    "reason=maintenance window|host=mx1" },
	{ "letting go is auto, and has no end",
	    { .kind = EVENT_OVERRIDE, .host = "mx1", .upstream = "filter",
		.override = &let_go },
	    "event=override|upstream=filter|state=auto|by=bob|host=mx1" },
	{ "a release says of what, and how fast",
	    { .kind = EVENT_OVERRIDE, .host = "mx1", .destination = "contoso",
		.override = &going },
	    "event=override|destination=contoso|state=release|"
	    "until=2026-11-21T10:00:00.000Z|rate=5|by=bob|host=mx1" },
	{ "a host is seen", { .kind = EVENT_HOST_SEEN, .host = "mx2" },
	    "event=host-seen|host=mx2" },
	{ "a host is lost", { .kind = EVENT_HOST_LOST, .host = "mx2" },
	    "event=host-lost|host=mx2" },
	{ "a throttle tells by how much",
	    { .kind = EVENT_THROTTLE, .host = "mx1", .upstream = "filter",
		.cap_from = 20, .cap_to = 14 },
	    "event=throttle|upstream=filter|from=20|to=14|host=mx1" },
	{ "messages that will expire: how many, which, and when",
	    { .kind = EVENT_EXPIRING, .host = "mx1", .destination = "contoso",
		.messages = 12, .at_ms = 1763728000000, .sample = "A1 B2" },
	    "event=expiring|destination=contoso|messages=12|"
	    "first=2025-11-21T12:26:40.000Z|sample=A1 B2|host=mx1" },
	{ "a shield tells why, and what was said",
	    { .kind = EVENT_SHIELD, .host = "mx1", .upstream = "filter",
		.rule = "shield", .sample = "5.4.1 host x said: 550 no",
		.incident = "f-1" },
	    "event=shield|upstream=filter|rule=shield|"
	    "sample=5.4.1 host x said: 550 no|incident=f-1|host=mx1" },
	{ "a bypass begins, with what the filter said last",
	    { .kind = EVENT_BYPASS, .host = "mx1", .upstream = "exchange",
		.destination = "contoso", .begins = true,
		.why = "primary-down", .rule = "busy", .sample = "4.3.2 busy",
		.incident = "f-1" },
	    "event=bypass|upstream=exchange|destination=contoso|state=begins|"
	    "reason=primary-down|rule=busy|sample=4.3.2 busy|incident=f-1|"
	    "host=mx1" },
	{ "and ends", { .kind = EVENT_BYPASS, .host = "mx1",
		.upstream = "exchange", .destination = "contoso",
		.why = "primary-up", .incident = "f-1" },
	    "event=bypass|upstream=exchange|destination=contoso|state=ends|"
	    "reason=primary-up|incident=f-1|host=mx1" },
	{ "an outcome tells its class, and a stranger's text made printable",
	    { .kind = EVENT_OUTCOME, .host = "mx1", .upstream = "filter",
		.class = "policy", .rule = "blocked",
		.sample = "5.7.1 \x1b[31mno\r\nX" },
	    "event=outcome|upstream=filter|class=policy|rule=blocked|"
	    "sample=5.7.1 ?[31mno??X|host=mx1" },
};

static const char *
told(const struct event *e, char dst[1000])
{
	struct event_pair pairs[EVENT_PAIRS];
	const size_t n = event_pairs(e, pairs);

	dst[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		const size_t len = strlen(dst);

		snprintf(dst + len, 1000 - len, "%s%s=%s", i > 0 ? "|" : "",
		    pairs[i].name, pairs[i].value);
	}
	return dst;
}

START_TEST(an_event_is_told_as_fields)
{
	char text[1000];

	ck_assert_msg(strcmp(told(&events[_i].event, text),
	    events[_i].told) == 0, "%s: got %s", events[_i].says, text);
}
END_TEST

START_TEST(a_long_sample_is_cut)
{
	char long_text[1000], text[1000];
	const struct event e = { .kind = EVENT_OUTCOME, .sample = long_text };

	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	ck_assert_uint_eq(strlen(told(&e, text)),
	    strlen("event=outcome|sample=") + 200);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("event");
	Suite *s = suite_create("observe");

	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, an_event_is_told_as_fields, 0,
	    MW_N_OF(events));
	tcase_add_test(tc, a_long_sample_is_cut);
	return suite_main(s);
}
