#include "suite.h"

#include "base/chance.h"
#include "base/mem.h"
#include "wire/maillog.h"

#include <stdio.h>
#include <string.h>

#define SECOND 1000LL
#define DAY (86400 * SECOND)
#define NOV_21 1795219200000LL	/* 2026-11-21T00:00:00Z */
#define REFERENCE (NOV_21 + DAY / 2)

static bool
is(struct span s, const char *text)
{
	return span_eq(s, span_of(text));
}

static struct maillog_line
read_text(const char *text)
{
	return maillog_read(span_of(text), REFERENCE);
}

START_TEST(all_of_a_final_line_is_read)
{
	const struct maillog_line l = read_text("Nov 21 09:50:12 lane "
	    "postfix/mw-x/smtp[27961]: C4A0BA8C279: to=<u15@big.example>, "
	    "orig_to=<a@x.example>, relay=mx.big.example[192.0.2.1]:2525, "
	    "conn_use=2, delay=0.91, delays=0/0.6/1/3.0512, dsn=4.3.2, "
	    "status=deferred (host mx.big.example[192.0.2.1] said: 451 4.3.2 "
	    "try later (mail) (in reply to MAIL FROM command))");

	ck_assert_int_eq(l.kind, MAILLOG_FINAL);
	ck_assert_int_eq(l.time_ms, NOV_21 + 35412 * SECOND);
	ck_assert(!l.zoned);
	ck_assert(is(l.host, "lane") && is(l.instance, "postfix"));
	ck_assert(is(l.service, "mw-x") && is(l.program, "smtp"));
	ck_assert(is(l.pid, "27961") && is(l.queue_id, "C4A0BA8C279"));
	ck_assert(is(l.recipient, "u15@big.example"));
	ck_assert(is(l.peer.host, "mx.big.example"));
	ck_assert(is(l.peer.address, "192.0.2.1"));
	ck_assert_uint_eq(l.peer.port, 2525);
	ck_assert_int_eq(l.delay_ms, 910);
	ck_assert_int_eq(l.delays_ms[0], 0);
	ck_assert_int_eq(l.delays_ms[1], 600);
	ck_assert_int_eq(l.delays_ms[2], 1000);
	ck_assert_int_eq(l.delays_ms[3], 3051);
	ck_assert(l.dsn.class == 4 && l.dsn.subject == 3 && l.dsn.detail == 2);
	ck_assert(is(l.status, "deferred"));
	ck_assert(is(l.text, "host mx.big.example[192.0.2.1] said: 451 4.3.2 "
	    "try later (mail) (in reply to MAIL FROM command)"));
}
END_TEST

/* Lines of Postfix 3.7, as they were logged. */
static const struct {
	const char *line;
	enum maillog_kind kind;
	const char *queue_id, *peer, *code, *status, *text;
} lines[] = {
	{ "Nov 21 09:11:09 mx1 postfix/smtp[16152]: 966C9A8A4B3: to=<User+Ext@Sub.Example.COM>, relay=127.0.0.1[127.0.0.1]:20100, delay=0.05, delays=0/0/0/0.04, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as SINK1-1)",
	    MAILLOG_FINAL, "966C9A8A4B3", "127.0.0.1[127.0.0.1]:20100",
	    "2.0.0", "sent", "250 2.0.0 Ok: queued as SINK1-1" },
	{ "Nov 21 09:35:58 pol postfix/smtp[31302]: 4jWnBk58KVz1cM4S: to=<a@x.example>, relay=127.0.0.1[127.0.0.1]:20100, delay=0.06, delays=0.01/0.01/0/0.04, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as SINK41-1)",
	    MAILLOG_FINAL, "4jWnBk58KVz1cM4S", "127.0.0.1[127.0.0.1]:20100",
	    "2.0.0", "sent", "250 2.0.0 Ok: queued as SINK41-1" },
	{ "Nov 21 09:32:03 mx1 postfix/lanea/smtp[14099]: DF699A8A19D: to=<u@p20136.example>, relay=127.0.0.1[127.0.0.1]:20136, delay=0.01, delays=0/0.01/0/0, dsn=4.7.1, status=deferred (host 127.0.0.1[127.0.0.1] refused to talk to me: 554 5.7.1 go away)",
	    MAILLOG_FINAL, "DF699A8A19D", "127.0.0.1[127.0.0.1]:20136",
	    "4.7.1", "deferred", "host 127.0.0.1[127.0.0.1] refused to talk to me: 554 5.7.1 go away" },
	{ "Nov 21 09:12:52 mx1 postfix/smtp[16152]: AD42FA8A160: to=<user+ext@sub.example.com>, relay=none, delay=0, delays=0/0/0/0, dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:20199: Connection refused)",
	    MAILLOG_FINAL, "AD42FA8A160", "127.0.0.1[127.0.0.1]:20199",
	    "4.4.1", "deferred", "connect to 127.0.0.1[127.0.0.1]:20199: Connection refused" },
	{ "Nov 21 09:32:04 mx1 postfix/lanea/smtp[14707]: A26E6A8A1A8: to=<u@dns.example>, relay=none, delay=0.01, delays=0/0/0/0, dsn=5.4.4, status=bounced (Host or domain name not found. Name service error for name=relay.nonexist.test type=A: Host not found)",
	    MAILLOG_FINAL, "A26E6A8A1A8", "[]:0", "5.4.4", "bounced",
	    "Host or domain name not found. Name service error for name=relay.nonexist.test type=A: Host not found" },
	{ "Nov 21 09:57:27 lane postfix/error[13527]: B6571A8C328: to=<u5@big.example>, relay=none, delay=0.2, delays=0/0.19/0/0.01, dsn=4.4.1, status=deferred (delivery temporarily suspended: connect to 127.0.0.1[127.0.0.1]:20199: Connection refused)",
	    MAILLOG_FINAL, "B6571A8C328", "[]:0", "4.4.1", "deferred",
	    "delivery temporarily suspended: connect to 127.0.0.1[127.0.0.1]:20199: Connection refused" },
	{ "Nov 21 10:08:48 pol postfix-out/smtp[11772]: 4jWnwc4wsFz1cM4d: to=<sb@x.example>, relay=127.0.0.1[127.0.0.1]:20132, delay=0.06, delays=0/0/0/0.05, dsn=4.1.1, status=SOFTBOUNCE (host 127.0.0.1[127.0.0.1] said: 550 5.1.1 no such user (in reply to RCPT TO command))",
	    MAILLOG_FINAL, "4jWnwc4wsFz1cM4d", "127.0.0.1[127.0.0.1]:20132",
	    "4.1.1", "SOFTBOUNCE", "host 127.0.0.1[127.0.0.1] said: 550 5.1.1 no such user (in reply to RCPT TO command)" },
	{ "Nov 21 09:46:42 mx1 postfix/discard[26270]: 71EF5A8A17E: to=<u@r10.example>, relay=none, delay=0.02, delays=0/0.01/0/0, dsn=2.0.0, status=sent (r10.example)",
	    MAILLOG_FINAL, "71EF5A8A17E", "[]:0", "2.0.0", "sent", "r10.example" },
	{ "Nov 21 09:32:04 mx1 postfix/lanea/smtp[14707]: connect to 127.0.0.1[127.0.0.1]:20199: Connection refused",
	    MAILLOG_CONNECT, "", "127.0.0.1[127.0.0.1]:20199", "4.4.1", "",
	    "connect to 127.0.0.1[127.0.0.1]:20199: Connection refused" },
	{ "Nov 21 09:55:49 mx1 postfix/lanea/smtp[4229]: 836BFA8A4BA: host 127.0.0.1[127.0.0.1] said: 451 4.3.2 try later (mail) (in reply to MAIL FROM command)",
	    MAILLOG_SAID, "836BFA8A4BA", "127.0.0.1[127.0.0.1]:0", "4.3.2", "",
	    "host 127.0.0.1[127.0.0.1] said: 451 4.3.2 try later (mail) (in reply to MAIL FROM command)" },
	{ "Nov 21 09:55:49 mx1 postfix/lanea/smtp[4223]: 6FAE1A8A4B8: host 127.0.0.1[127.0.0.1] refused to talk to me: 421 4.3.2 sink too busy",
	    MAILLOG_REFUSED, "6FAE1A8A4B8", "127.0.0.1[127.0.0.1]:0", "4.3.2",
	    "", "host 127.0.0.1[127.0.0.1] refused to talk to me: 421 4.3.2 sink too busy" },
	{ "Nov 21 09:55:49 mx1 postfix/lanea/smtp[4223]: 8E289A8A4BB: lost connection with 127.0.0.1[127.0.0.1] while receiving the initial server greeting",
	    MAILLOG_LOST, "8E289A8A4BB", "127.0.0.1[127.0.0.1]:0", "4.4.2", "",
	    "lost connection with 127.0.0.1[127.0.0.1] while receiving the initial server greeting" },
	{ "Nov 21 09:55:49 mx1 postfix/lanea/smtp[4223]: 8E289A8A4BB: TLS is required, but was not offered by host mx.example[192.0.2.1]",
	    MAILLOG_TLS, "8E289A8A4BB", "mx.example[192.0.2.1]:0", "4.7.5",
	    "", "TLS is required, but was not offered by host mx.example[192.0.2.1]" },
	{ "Nov 21 09:55:49 mx1 postfix/lanea/smtp[4223]: 8E289A8A4BB: TLS is required, but host mx.example[192.0.2.1] refused to start TLS: 421 4.3.2 Service not available",
	    MAILLOG_TLS, "8E289A8A4BB", "mx.example[192.0.2.1]:0", "4.3.2",
	    "", "TLS is required, but host mx.example[192.0.2.1] refused to start TLS: 421 4.3.2 Service not available" },
	{ "Nov 21 09:55:49 mx1 postfix/lanea/smtp[4223]: 8E289A8A4BB: Cannot start TLS: handshake failure",
	    MAILLOG_TLS, "8E289A8A4BB", "[]:0", "4.7.5", "",
	    "Cannot start TLS: handshake failure" },
	{ "Nov 21 09:55:49 mx1 postfix/lanea/smtp[4223]: 8E289A8A4BB: Server certificate not verified",
	    MAILLOG_TLS, "8E289A8A4BB", "[]:0", "4.7.5", "",
	    "Server certificate not verified" },
	{ "Nov 21 09:55:49 mx1 postfix/lanea/smtp[4223]: Server certificate not verified",
	    MAILLOG_OTHER, "", "[]:0", "0.0.0", "", "" },
	{ "Nov 21 09:39:37 mx1 postfix/qmgr[2469]: warning: private/hooks socket: malformed response",
	    MAILLOG_OTHER, "", "[]:0", "0.0.0", "", "" },
	{ "Nov 21 10:08:55 pol postfix-out/qmgr[11789]: 4jWnwh4RRgz1cM5t: from=<sender@lab.test>, status=force-expired, returned to sender",
	    MAILLOG_OTHER, "", "[]:0", "0.0.0", "", "" },
	{ "Nov 21 09:14:20 mx1 postfix/trivial-rewrite[16149]: warning: connect to 127.0.0.1:20201: Connection refused",
	    MAILLOG_OTHER, "", "[]:0", "0.0.0", "", "" },
	{ "Nov 21 09:36:45 pol postfix/smtpd[32061]: 4jWnCd258Yz1cLyP: reject: DATA from unknown[127.0.0.1]: 451 4.3.2 <DATA>: Data command rejected: upstream busy; from=<s@lab.test> to=<a@x.example> proto=ESMTP helo=<c.test>",
	    MAILLOG_OTHER, "", "[]:0", "0.0.0", "", "" },
	{ "Nov 21 09:44:40 mil postfix/cleanup[5266]: 87646A8C0E1: milter-reject: END-OF-MESSAGE from unknown[127.0.0.1]: 4.3.2 mil eom busy; from=<s@lab.test> to=<b@x.example> proto=ESMTP helo=<c.test>",
	    MAILLOG_OTHER, "", "[]:0", "0.0.0", "", "" },
	{ "Nov 21 09:11:09 mx1 postfix/qmgr[16096]: 966C9A8A4B3: from=<sender@lab.test>, size=337, nrcpt=1 (queue active)",
	    MAILLOG_OTHER, "", "[]:0", "0.0.0", "", "" },
};

START_TEST(lines_as_postfix_logs_them)
{
	const struct maillog_line l = read_text(lines[_i].line);
	char peer[200], code[32];

	snprintf(peer, sizeof(peer), "%.*s[%.*s]:%u", (int)l.peer.host.len,
	    l.peer.host.at, (int)l.peer.address.len, l.peer.address.at,
	    l.peer.port);
	snprintf(code, sizeof(code), "%u.%u.%u", l.dsn.class, l.dsn.subject,
	    l.dsn.detail);
	ck_assert_int_eq(l.kind, lines[_i].kind);
	ck_assert(l.program.len > 0 && l.pid.len > 0);
	ck_assert(is(l.queue_id, lines[_i].queue_id));
	ck_assert_str_eq(peer, lines[_i].peer);
	ck_assert_str_eq(code, lines[_i].code);
	ck_assert(is(l.status, lines[_i].status));
	ck_assert(is(l.text, lines[_i].text));
}
END_TEST

#define AFTER " mx1 postfix/qmgr[1]: x"
static const struct {
	const char *line;
	bool good, zoned;
	int64_t time_ms;
} times[] = {
	{ "2026-11-21T00:00:00Z" AFTER, true, true, NOV_21 },
	{ "2026-11-21T00:00:01.5+00:00" AFTER, true, true, NOV_21 + 1500 },
	{ "2026-11-21T01:00:00.123456+01:00" AFTER, true, true, NOV_21 + 123 },
	{ "2026-11-20T18:30:00.001-05:30" AFTER, true, true, NOV_21 + 1 },
	{ "2026-11-21T01:00:00+0100" AFTER, true, true, NOV_21 },
	{ "2026-11-20T18:30:00.001000-0530" AFTER, true, true, NOV_21 + 1 },
	{ "2026-11-21T00:00:00+01" AFTER, false, false, 0 },
	{ "2026-11-21T00:00:00+01:" AFTER, false, false, 0 },
	{ "1970-01-01T00:00:00Z" AFTER, true, true, 0 },
	{ "2000-02-29T00:00:00Z" AFTER, true, true, 951782400000 },
	{ "2000-03-01T00:00:00Z" AFTER, true, true, 951868800000 },
	{ "2024-12-31T23:59:60Z" AFTER, true, true, 1735689599000 },
	{ "9999-12-31T23:59:59Z" AFTER, true, true, 253402300799000 },
	{ "2100-02-29T00:00:00Z" AFTER, false, false, 0 },
	{ "2026-02-30T00:00:00Z" AFTER, false, false, 0 },
	{ "2026-13-01T00:00:00Z" AFTER, false, false, 0 },
	{ "2026-00-01T00:00:00Z" AFTER, false, false, 0 },
	{ "2026-11-21T24:00:00Z" AFTER, false, false, 0 },
	{ "2026-11-21T-1:00:00Z" AFTER, false, false, 0 },
	{ "2026-11-21T00:00:00" AFTER, false, false, 0 },
	{ "2026-11-21 00:00:00Z" AFTER, false, false, 0 },
	{ "1969-12-31T23:59:59Z" AFTER, false, false, 0 },
	{ "Nov 21 00:00:00" AFTER, true, false, NOV_21 },
	{ "Nov 22 00:00:00" AFTER, true, false, NOV_21 + DAY },
	{ "Nov  1 00:00:00" AFTER, true, false, NOV_21 - 20 * DAY },
	{ "Nov 23 00:00:00" AFTER, true, false, NOV_21 + 2 * DAY - 365 * DAY },
	{ "Dec 31 23:59:59" AFTER, true, false, 1767225599000 },
	{ "Feb 29 00:00:00" AFTER, true, false, 1709164800000 },
	{ "Feb 30 00:00:00" AFTER, false, false, 0 },
	{ "Nov  0 00:00:00" AFTER, false, false, 0 },
	{ "Nov 1 00:00:00" AFTER, false, false, 0 },
	{ "nov 21 00:00:00" AFTER, false, false, 0 },
	{ "Nov 21 00:00" AFTER, false, false, 0 },
	{ "" AFTER, false, false, 0 },
};

START_TEST(times_of_both_formats)
{
	const struct maillog_line l = read_text(times[_i].line);

	ck_assert_int_eq(l.program.len > 0, times[_i].good);
	ck_assert_int_eq(l.zoned, times[_i].zoned);
	ck_assert_int_eq(l.time_ms, times[_i].time_ms);
}
END_TEST

START_TEST(no_year_is_before_the_first)
{
	const char line[] = "Feb 29 00:00:00" AFTER;

	ck_assert_uint_eq(maillog_read(SPAN(line), 0).program.len, 0);
	ck_assert_uint_eq(maillog_read(SPAN(line), -DAY).program.len, 0);
	ck_assert_uint_eq(maillog_read(SPAN(line), INT64_MAX).program.len, 4);
}
END_TEST

/* "mx1 TAG MESSAGE" at a good time: is it a line of Postfix, and what kind? */
#define FINAL(recipient, relay, delays, dsn, end) \
	"postfix/smtp[1]: AD42FA8A160: to=<" recipient ">, relay=" relay \
	", delay=0, delays=" delays ", dsn=" dsn ", " end
static const struct {
	const char *rest;
	bool postfix;
	enum maillog_kind kind;
	const char *recipient, *text;
} hostile[] = {
	{ FINAL("a@b.c", "r[1.2.3.4]:25", "0/0/0/0", "2.0.0",
	    "status=sent (x)"), true, MAILLOG_FINAL, "a@b.c", "x" },
	{ FINAL("", "r[1.2.3.4]:25", "0/0/0/0", "2.0.0", "status=sent ()"),
	    true, MAILLOG_FINAL, "", "" },
	{ FINAL("a@b.c", "r[1.2.3.4]:25", "0/0/0/0", "2.0.0",
	    "status=sent (cut sho"), true, MAILLOG_FINAL, "a@b.c",
	    "cut sho" },
	{ FINAL("a@b.c", "r[1.2.3.4]:25", "0/0/0/0", "2.0.0",
	    "status=deferred (host r[1] said: 451 to=<z>, relay=evil[6.6.6.6])"),
	    true, MAILLOG_OTHER, "", "" },
	{ FINAL("a>, relay=evil[6.6.6.6]:25, delay=0, delays=0/0/0/0, "
	    "dsn=4.3.2, status=deferred (x@b.c", "r[1.2.3.4]:25", "0/0/0/0",
	    "2.0.0", "status=sent (x)"), true, MAILLOG_OTHER, "", "" },
	{ FINAL("a@b.c", "r[1.2.3.4]:25", "0/0/0", "2.0.0",
	    "status=sent (x)"), true, MAILLOG_OTHER, "", "" },
	{ FINAL("a@b.c", "r[1.2.3.4]:25", "0/0/0/0/0", "2.0.0",
	    "status=sent (x)"), true, MAILLOG_OTHER, "", "" },
	{ FINAL("a@b.c", "r[1.2.3.4]:25", "0/-1/0/0", "2.0.0",
	    "status=sent (x)"), true, MAILLOG_OTHER, "", "" },
	{ FINAL("a@b.c", "r[1.2.3.4]:25", "0/99999999999999999999/0/0",
	    "2.0.0", "status=sent (x)"), true, MAILLOG_OTHER, "", "" },
	{ FINAL("a@b.c", "r[1.2.3.4]:25", "0/0/0/0", "6.0.0",
	    "status=sent (x)"), true, MAILLOG_OTHER, "", "" },
	{ FINAL("a@b.c", "r[1.2.3.4]:25", "0/0/0/0", "2.0",
	    "status=sent (x)"), true, MAILLOG_OTHER, "", "" },
	{ FINAL("a@b.c", "r[1.2.3.4]:25", "0/0/0/0", "2.0.0", "status=sent"),
	    true, MAILLOG_OTHER, "", "" },
	{ FINAL("a@b.c", "r[1.2.3.4]:25", "0/0/0/0", "2.0.0", "status= (x)"),
	    true, MAILLOG_OTHER, "", "" },
	{ FINAL("a@b.c", "r[1.2.3.4]:25", "0/0", "2.0.0", ""), true,
	    MAILLOG_OTHER, "", "" },
	{ "postfix/smtp[1]: AD42FA8A160: to=<a@b.c", true, MAILLOG_OTHER, "",
	    "" },
	{ "postfix/smtp[1]: AD42FA8A160: to=<a@b.c>, ", true, MAILLOG_OTHER,
	    "", "" },
	{ "postfix/smtp[1]: AD42FA8A160:", true, MAILLOG_OTHER, "", "" },
	{ "postfix/smtp[1]: AD42F: host h[a] said: 451 x", true,
	    MAILLOG_OTHER, "", "" },
	{ "postfix/smtp[1]: NOQUEUE: host h[a] said: 451 x", true,
	    MAILLOG_SAID, "", "host h[a] said: 451 x" },
	{ "postfix/smtp[1]: AD42FA8A160: host h[a] said: ", true,
	    MAILLOG_OTHER, "", "" },	/* the blank at the end is trimmed */
	{ "postfix/smtp[1]: AD42FA8A160: host h[a said: 451 x", true,
	    MAILLOG_OTHER, "", "" },
	{ "postfix/smtp[1]: AD42FA8A160: host h i[a] said: 451 x", true,
	    MAILLOG_OTHER, "", "" },
	{ "postfix/smtp[1]: AD42FA8A160: host [a] said: 451 x", true,
	    MAILLOG_OTHER, "", "" },
	{ "postfix/smtpd[1]: AD42FA8A160: host h[a] said: 451 x", true,
	    MAILLOG_OTHER, "", "" },
	{ "postfix/smtp[1]: connect to h[a]:99999: x", true, MAILLOG_OTHER,
	    "", "" },
	{ "postfix/smtp[1]: connect to h[a]:", true, MAILLOG_OTHER, "", "" },
	{ "postfix/smtpd[1]: connect from h[a]", true, MAILLOG_OTHER, "", "" },
	{ "postfix/smtp[1]: ", false, MAILLOG_OTHER, "", "" },
	{ "postfix/[1]: x", false, MAILLOG_OTHER, "", "" },
	{ "postfix[1]: x", false, MAILLOG_OTHER, "", "" },
	{ "sshd[1]: x", false, MAILLOG_OTHER, "", "" },
	{ "postfix/smtp: x", false, MAILLOG_OTHER, "", "" },
	{ "postfix/smtp[1: x", false, MAILLOG_OTHER, "", "" },
	{ "", false, MAILLOG_OTHER, "", "" },
};

START_TEST(half_and_hostile_lines)
{
	char text[MAILLOG_LINE_MAX];
	struct maillog_line l;

	snprintf(text, sizeof(text), "Nov 21 09:00:00 mx1 %s\r\n",
	    hostile[_i].rest);
	l = read_text(text);
	ck_assert_int_eq(l.program.len > 0, hostile[_i].postfix);
	ck_assert_int_eq(l.kind, hostile[_i].kind);
	ck_assert(is(l.recipient, hostile[_i].recipient));
	ck_assert(is(l.text, hostile[_i].text));
}
END_TEST

/* What smtp(8) went on from was temporary to it, whatever the words. */
static const struct {
	const char *answer;
	unsigned subject, detail;
} answers[] = {
	{ "said: 451 4.3.2 later", 3, 2 },
	{ "said: 451-4.3.0 Multiple destination domains", 3, 0 },
	{ "said: 450 later", 0, 0 },
	{ "said: 450 4.3.2", 3, 2 },
	{ "said: 451 5.3.2 codes that do not agree", 0, 0 },
	{ "said: 451 4.3 half a code", 0, 0 },
	{ "said: 4511 4.3.2 no code", 0, 0 },
	{ "said: 45", 0, 0 },
	{ "said: later", 0, 0 },
	{ "refused to talk to me: 554 5.7.1 go away", 7, 1 },
};

START_TEST(codes_of_answers)
{
	char text[200];
	struct maillog_line l;

	snprintf(text, sizeof(text), "Nov 21 09:00:00 mx1 postfix/smtp[1]: "
	    "AD42FA8A160: host h[a] %s", answers[_i].answer);
	l = read_text(text);
	ck_assert_int_ne(l.kind, MAILLOG_OTHER);
	ck_assert_uint_eq(l.dsn.class, 4);
	ck_assert_uint_eq(l.dsn.subject, answers[_i].subject);
	ck_assert_uint_eq(l.dsn.detail, answers[_i].detail);
}
END_TEST

START_TEST(a_long_line_is_cut)
{
	static char text[2 * MAILLOG_LINE_MAX];
	size_t len;
	struct maillog_line l;

	snprintf(text, sizeof(text), "Nov 21 09:00:00 mx1 postfix/smtp[1]: "
	    "AD42FA8A160: host h[a] said: 451 ");
	len = strlen(text);
	memset(text + len, 'x', sizeof(text) - len);
	l = maillog_read((struct span){ text, sizeof(text) }, REFERENCE);
	ck_assert_int_eq(l.kind, MAILLOG_SAID);
	ck_assert_ptr_eq(l.text.at + l.text.len, text + MAILLOG_LINE_MAX);
}
END_TEST

/* Any line with a few bytes changed or its end cut off: a sanitizer looks on
 * at reads behind its end. */
START_TEST(damaged_lines_do_no_harm)
{
	const char *text = lines[_i].line;
	const size_t len = strlen(text);

	chance_seed(4320);
	for (size_t cut = 0; cut <= len; cut++) {
		char *copy = mem_dup_n(text, cut);
		char *exact = mem_new(cut > 0 ? cut : 1, 1);

		for (int i = 0; i < 3 && cut > 0; i++)
			copy[chance_below((uint32_t)cut)] =
			    (char)chance_below(256);
		memcpy(exact, copy, cut);
		(void)maillog_read((struct span){ exact, cut }, REFERENCE);
		mem_free(exact);
		mem_free(copy);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("maillog");
	TCase *tc = tcase_create("maillog");

	tcase_add_test(tc, all_of_a_final_line_is_read);
	tcase_add_loop_test(tc, lines_as_postfix_logs_them, 0,
	    MW_N_OF(lines));
	tcase_add_loop_test(tc, times_of_both_formats, 0, MW_N_OF(times));
	tcase_add_test(tc, no_year_is_before_the_first);
	tcase_add_loop_test(tc, half_and_hostile_lines, 0, MW_N_OF(hostile));
	tcase_add_loop_test(tc, codes_of_answers, 0, MW_N_OF(answers));
	tcase_add_test(tc, a_long_line_is_cut);
	tcase_add_loop_test(tc, damaged_lines_do_no_harm, 0, MW_N_OF(lines));
	suite_add_tcase(s, tc);
	return suite_main(s);
}
