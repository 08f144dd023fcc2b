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
	[PROBE_HANDSHAKE] = { "", "performing the TLS handshake" },
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
		if (p->secure || script->tls == PROBE_TLS_NEVER)
			return PROBE_MAIL;
		if (r->starttls)
			return PROBE_STARTTLS;
		return script->tls == PROBE_TLS_ALWAYS ? PROBE_QUIT :
		    PROBE_MAIL;
	case PROBE_STARTTLS:
		return good ? PROBE_HANDSHAKE : PROBE_QUIT;
	case PROBE_RCPT:
	case PROBE_RSET:
		return p->stage + 1;
	case PROBE_CONNECT:
	case PROBE_HANDSHAKE:
	case PROBE_QUIT:
	case PROBE_OVER:
		break;
	}
	return PROBE_OVER;
}

static bool
lacks_tls(const struct probe *p, const struct probe_script *script,
    const struct probe_reply *r)
{
	return p->stage == PROBE_EHLO && !p->secure && !r->starttls &&
	    script->tls == PROBE_TLS_ALWAYS;
}

/* One of the words of a policy's match attribute. Source: postconf(5),
 * smtp_tls_secure_cert_match. */
static bool
add_name(struct span word, const char *host, probe_name dst)
{
	if (span_eq(word, SPAN("hostname")) || span_eq(word, SPAN("nexthop")))
		word = span_of(host);
	if (!span_eq(word, SPAN("dot-nexthop")))
		return word.len > 0 && span_copy(dst, sizeof(probe_name), word);
	dst[0] = '.';
	return span_copy(dst + 1, sizeof(probe_name) - 1, span_of(host));
}

static int
add_names(struct span words, const char *host, int n,
    probe_name out[PROBE_NAMES])
{
	while (words.at != NULL && n >= 0) {
		const struct span word = span_cut(&words, ':');

		n = n < PROBE_NAMES && add_name(word, host, out[n]) ?
		    n + 1 : -1;
	}
	return n;
}

static const char *
usual_names(enum tls_level level)
{
	switch (level) {
	case TLS_UNSET:
	case TLS_NONE:
	case TLS_MAY:
	case TLS_ENCRYPT:
	case TLS_FINGERPRINT:
		return NULL;
	case TLS_SECURE:
		return "nexthop:dot-nexthop";
	case TLS_DANE:
	case TLS_DANE_ONLY:
	case TLS_VERIFY:
		break;
	}
	return "hostname";
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

int
probe_names(const struct upstream *u, const char *host,
    probe_name out[PROBE_NAMES])
{
	const char *usual = usual_names(u->tls);
	struct span rest = span_of(u->tls_policy);
	int n = 0;

	if (u->tls == TLS_FINGERPRINT)
		return -1;
	if (usual == NULL)
		return 0;
	while (rest.at != NULL && n >= 0) {
		struct span word = span_cut(&rest, ' ');

		if (span_eq(span_cut(&word, '='), SPAN("match")))
			n = add_names(word, host, n, out);
	}
	return n != 0 ? n : add_names(span_of(usual), host, 0, out);
}

bool
probe_recipient(const struct plan *p, const struct destination *d,
    const char *to, char dst[PROBE_ADDRESS_MAX + 1])
{
	const int own = (int)(d - p->destinations);
	uint32_t at = 0, destination;
	struct span key;

	if (plan_match(p, span_of(to)) == own)
		return span_copy(dst, PROBE_ADDRESS_MAX + 1, span_of(to));
	while (destination_map_next_key(p->domains, &at, &key, &destination)) {
		if ((int)destination == own && key.at[0] != '.')
			return snprintf(dst, PROBE_ADDRESS_MAX + 1,
			    "postmaster@%.*s", (int)key.len, key.at) <=
			    PROBE_ADDRESS_MAX;
	}
	return false;
}

enum probe_tls
probe_tls(const struct upstream *u)
{
	if (u->tls == TLS_NONE)
		return PROBE_TLS_NEVER;
	return u->tls <= TLS_MAY ? PROBE_TLS_OFFERED : PROBE_TLS_ALWAYS;
}

void
probe_secured(struct probe *p)
{
	assert(p->stage == PROBE_HANDSHAKE);
	p->secure = true;
	p->stage = PROBE_EHLO;
}

void
probe_not_secured(struct probe *p, const char *why)
{
	assert(p->stage == PROBE_HANDSHAKE);
	snprintf(p->status, sizeof(p->status), "4.7.5 %s", why);
	p->stage = PROBE_OVER;
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

	if (p->status[0] == '\0' && (!good || p->stage == PROBE_RCPT))
		judge(p, script, reply);
	if (p->status[0] == '\0' && lacks_tls(p, script, reply))
		snprintf(p->status, sizeof(p->status), "4.7.4 TLS is "
		    "required, but was not offered by host %.*s",
		    NEXTHOP_SHOWN, script->nexthop);
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

enum outcome_class
probe_evidence(const struct probe *p, enum outcome_class class, bool on_trial,
    bool shielded)
{
	if (on_trial && shielded)
		return OUTCOME_TROUBLE;
	if (outcome_weight(class).good > 0 && !(on_trial && p->whole))
		return OUTCOME_IGNORE;
	return class;
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
	case PROBE_HANDSHAKE:
	case PROBE_OVER:
		dst[0] = '\0';
		return;
	}
}
