/*
 * probe - an SMTP dialogue that asks whether an upstream would take mail,
 * and brings none. Pure: replies go in, the next command comes out.
 *
 *	connect -> greeting -> EHLO -> MAIL FROM -> RCPT TO -> RSET -> QUIT
 *	                       | ^
 *	                       v | where offered and wished for
 *	                STARTTLS, and the handshake
 *
 * The first reply that is not a good one judges the upstream, or the one to
 * RCPT TO; what follows is manners. The judgement is a status as Postfix would
 * write it, so that core/outcome classifies it like any other.
 *
 * There is no TLS here: who runs the dialogue does the handshake, and says how
 * it went. Where TLS is a must and cannot be had, no mail is asked about.
 */
#ifndef CORE_PROBE_H
#define CORE_PROBE_H

#include "core/domain.h"
#include "core/outcome.h"
#include "core/plan.h"

#define PROBE_STATUS_MAX 512
#define PROBE_COMMAND_MAX 300		/* with the CR LF */
#define PROBE_ADDRESS_MAX 254	/* RFC 5321 4.5.3.1.3, less the <> */

/* Where a probe of an upstream connects to. */
struct probe_target {
	const char *nexthop;		/* borrowed from the upstream */
	char host[DOMAIN_MAX + 1];	/* a name or an address */
	uint16_t port;
};
/* The first "[host]:port" of its next hops. False where there is none: the MX
 * of a domain, and all hosts below a suffix, are not looked up. */
bool probe_target(const struct upstream *u, struct probe_target *out);

/* Can it stand between < and > of a command? Printable ASCII but for blanks,
 * '<' and '>', with a domain at the end. */
bool probe_address_good(struct span address);

/*
 * Of which name a certificate has to be one, by the TLS policy of u, as Postfix
 * reads it; ".x" stands for all below x. Returns how many; 0: it is not looked
 * at; -1: what the policy asks for cannot be checked here.
 */
#define PROBE_NAMES 8
typedef char probe_name[DOMAIN_MAX + 2];
int probe_names(const struct upstream *u, const char *host,
    probe_name out[PROBE_NAMES]);

/*
 * Whom to ask a way past the filter for, on behalf of d: `to` where it is an
 * address of d, else the postmaster of d's first domain. False when d has none.
 */
bool probe_recipient(const struct plan *p, const struct destination *d,
    const char *to, char dst[PROBE_ADDRESS_MAX + 1]);

enum probe_tls { PROBE_TLS_NEVER = 0, PROBE_TLS_OFFERED, PROBE_TLS_ALWAYS };
/* As real mail does it. */
enum probe_tls probe_tls(const struct upstream *u);

struct probe_script {		/* all borrowed */
	const char *nexthop;	/* in place of Postfix's "name[address]" */
	const char *helo, *from, *to;
	enum probe_tls tls;
};

enum probe_stage {		/* what is waited for */
	PROBE_CONNECT = 0,
	PROBE_GREETING, PROBE_EHLO, PROBE_STARTTLS, PROBE_HANDSHAKE,
	PROBE_MAIL, PROBE_RCPT, PROBE_RSET, PROBE_QUIT,
	PROBE_OVER,
};

/* All zeros is one that is about to connect. */
struct probe {
	enum probe_stage stage;
	bool secure;		/* in TLS */
	bool whole;		/* status answers MAIL FROM or RCPT TO */
	char status[PROBE_STATUS_MAX + 1];	/* "": not judged as yet */
};

struct probe_reply {
	uint16_t code;		/* 200..599 */
	struct dsn dsn;		/* of the code's class; zeros for none */
	const char *text;	/* codes included, on one line, printable */
	bool starttls;		/* to EHLO: offered */
};

enum probe_end {		/* how a dialogue breaks off */
	PROBE_LOST,
	PROBE_TIMED_OUT,
	PROBE_GARBLED,		/* that was no SMTP reply */
};

/* The connection is there. */
void probe_connected(struct probe *p);
/* There will be none; why as strerror(3) has it. */
void probe_not_connected(struct probe *p, const struct probe_script *script,
    const char *why);
/* The handshake is over: well, or why is what Postfix says then. */
void probe_secured(struct probe *p);
void probe_not_secured(struct probe *p, const char *why);
/* A reply: stage is the next one then. */
void probe_heard(struct probe *p, const struct probe_script *script,
    const struct probe_reply *reply);
/* There will be no reply: it is over. */
void probe_broke(struct probe *p, const struct probe_script *script,
    enum probe_end end);

/*
 * What the end of a probe says of its upstream, by the class of its status. A
 * good answer is evidence only of a trial, and only where it was asked about
 * mail: one to deliveries that went elsewhere would outweigh them. What the
 * shield would not believe (shielded) is a bad answer to a trial: the recipient
 * is ours, and no stranger chose it.
 */
enum outcome_class probe_evidence(const struct probe *p,
    enum outcome_class class, bool on_trial, bool shielded);

/* The command of this stage, with CR LF; "" where there is none. */
void probe_command(const struct probe *p, const struct probe_script *script,
    char dst[PROBE_COMMAND_MAX + 1]);

#endif
