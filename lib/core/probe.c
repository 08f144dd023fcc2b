#include "core/probe.h"

#include "base/number.h"
#include "base/printable.h"

#include <assert.h>
#include <stdio.h>

/* Of a next hop in a status, so that the words behind it are there as well. */
#define NEXTHOP_SHOWN 100
#define TEXT_SHOWN 300

/* As in Postfix's own statuses. Source: smtp_proto.c, smtp_trouble.c. */
static const struct {
	const char *command, *doing;
} stages[] = {
	[PROBE_CONNECT] = { "", "connecting" },
	[PROBE_GREETING] = { "", "receiving the initial server greeting" },
	[PROBE_EHLO] = { "EHLO", "performing the EHLO handshake" },
	[PROBE_STARTTLS] = { "STARTTLS", "sending STARTTLS" },
	[PROBE_MAIL] = { "MAIL FROM", "sending MAIL FROM" },
	[PROBE_RCPT] = { "RCPT TO", "sending RCPT TO" },
	[PROBE_RSET] = { "RSET", "sending RSET" },
	[PROBE_QUIT] = { "QUIT", "sending QUIT" },
	[PROBE_OVER] = { "", "" },
};

/*
 * Where the server will not talk at all, Postfix takes a permanent reply for a
 * temporary one, for it says nothing of the message.
 */
static struct dsn
dsn_of(const struct probe *p, const struct probe_reply *r)
{
	const bool talks = p->stage > PROBE_EHLO;
	struct dsn dsn = r->dsn;

	dsn.class = r->code / 100;
	if (dsn.class == 3 || (dsn.class == 5 && !talks))
		dsn.class = 4;
	return dsn;
}

static void
judge(struct probe *p, const struct probe_script *script,
    const struct probe_reply *r)
{
	const struct dsn dsn = dsn_of(p, r);

	p->whole = p->stage == PROBE_MAIL || p->stage == PROBE_RCPT;
	if (p->stage <= PROBE_EHLO)
		snprintf(p->status, sizeof(p->status),
		    "%u.%u.%u host %.*s refused to talk to me: %.*s",
		    dsn.class, dsn.subject, dsn.detail,
		    NEXTHOP_SHOWN, script->nexthop, TEXT_SHOWN, r->text);
	else
		snprintf(p->status, sizeof(p->status),
		    "%u.%u.%u host %.*s said: %.*s (in reply to %s command)",
		    dsn.class, dsn.subject, dsn.detail,
		    NEXTHOP_SHOWN, script->nexthop, TEXT_SHOWN, r->text,
		    stages[p->stage].command);
}

static enum probe_stage
next_stage(const struct probe *p, const struct probe_script *script,
    const struct probe_reply *r)
{
	const bool good = r->code / 100 == 2;

	switch (p->stage) {
	case PROBE_GREETING:
	case PROBE_MAIL:
		return good ? p->stage + 1 : PROBE_QUIT;
	case PROBE_EHLO:
		if (!good)
			return PROBE_QUIT;
		return script->starttls && r->starttls ? PROBE_STARTTLS :
		    PROBE_MAIL;
	case PROBE_STARTTLS:
		return good ? PROBE_OVER : PROBE_QUIT;
	case PROBE_RCPT:
	case PROBE_RSET:
		return p->stage + 1;
	case PROBE_CONNECT:
	case PROBE_QUIT:
	case PROBE_OVER:
		break;
	}
	return PROBE_OVER;
}

bool
probe_target(const struct upstream *u, struct probe_target *out)
{
	for (uint32_t i = 0; i < u->n_nexthops; i++) {
		struct span port = span_of(u->nexthops[i]), host;
		int64_t number;

		if (!span_starts(port, SPAN("[")) ||
		    span_starts(port, SPAN("[.")))
			continue;
		(void)span_cut(&port, '[');
		host = span_cut(&port, ']');
		(void)span_cut(&port, ':');
		if (!span_copy(out->host, sizeof(out->host), host) ||
		    !number_parse(port, 1, UINT16_MAX, &number))
			continue;
		out->nexthop = u->nexthops[i];
		out->port = (uint16_t)number;
		return true;
	}
	return false;
}

bool
probe_address_good(struct span address)
{
	struct domain domain;

	return address.len <= PROBE_ADDRESS_MAX && printable_all(address) &&
	    span_find(address, ' ') < 0 && span_find(address, '<') < 0 &&
	    span_find(address, '>') < 0 && domain_of_address(address, &domain);
}

void
probe_connected(struct probe *p)
{
	assert(p->stage == PROBE_CONNECT);
	p->stage = PROBE_GREETING;
}

void
probe_not_connected(struct probe *p, const struct probe_script *script,
    const char *why)
{
	assert(p->stage == PROBE_CONNECT);
	snprintf(p->status, sizeof(p->status), "4.4.1 connect to %.*s: %s",
	    NEXTHOP_SHOWN, script->nexthop, why);
	p->stage = PROBE_OVER;
}

void
probe_heard(struct probe *p, const struct probe_script *script,
    const struct probe_reply *reply)
{
	const bool good = reply->code / 100 == 2;
	const bool final = p->stage == PROBE_STARTTLS || p->stage == PROBE_RCPT;

	if (p->status[0] == '\0' && (!good || final))
		judge(p, script, reply);
	/* It hangs up with these words. RFC 5321 section 3.8. */
	p->stage = reply->code == 421 ? PROBE_OVER :
	    next_stage(p, script, reply);
}

void
probe_broke(struct probe *p, const struct probe_script *script,
    enum probe_end end)
{
	static const struct {
		const char *what, *how;
	} words[] = {
		[PROBE_LOST] = { "lost connection", "" },
		[PROBE_TIMED_OUT] = { "conversation", "timed out " },
		[PROBE_GARBLED] = { "conversation", "made no sense " },
	};

	if (p->status[0] == '\0')
		snprintf(p->status, sizeof(p->status),
		    "4.4.2 %s with %.*s %swhile %s", words[end].what,
		    NEXTHOP_SHOWN, script->nexthop, words[end].how,
		    stages[p->stage].doing);
	p->stage = PROBE_OVER;
}

void
probe_command(const struct probe *p, const struct probe_script *script,
    char dst[PROBE_COMMAND_MAX + 1])
{
	const char *verb = stages[p->stage].command;
	const size_t size = PROBE_COMMAND_MAX + 1;

	switch (p->stage) {
	case PROBE_EHLO:
		snprintf(dst, size, "%s %s\r\n", verb, script->helo);
		return;
	case PROBE_MAIL:
		snprintf(dst, size, "%s:<%s>\r\n", verb, script->from);
		return;
	case PROBE_RCPT:
		snprintf(dst, size, "%s:<%s>\r\n", verb, script->to);
		return;
	case PROBE_STARTTLS:
	case PROBE_RSET:
	case PROBE_QUIT:
		snprintf(dst, size, "%s\r\n", verb);
		return;
	case PROBE_CONNECT:
	case PROBE_GREETING:
	case PROBE_OVER:
		dst[0] = '\0';
		return;
	}
}
