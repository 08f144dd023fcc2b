/*
 * maillog - one line of a Postfix mail log, as far as it tells how an
 * attempt to deliver ended.
 *
 * It is no log reader: it sees one line at a time and keeps nothing. Both time
 * formats of syslog are known. Source: Postfix log_adhoc.c, smtp_trouble.c,
 * smtp_connect.c.
 */
#ifndef WIRE_MAILLOG_H
#define WIRE_MAILLOG_H

#include "base/span.h"
#include "core/reply.h"

#include <stdbool.h>
#include <stdint.h>

#define MAILLOG_LINE_MAX 2048	/* what is longer is cut */

enum maillog_kind {
	MAILLOG_OTHER = 0,
	/* "QID: to=<...>, relay=..., ..., status=... (TEXT)": the end of it,
	 * for one recipient and one try of the queue manager's */
	MAILLOG_FINAL,
	/* From smtp(8), which then goes on to its next host where there is
	 * one; all but the last with a queue id: */
	MAILLOG_SAID,		/* "host H[A] said: TEXT" */
	MAILLOG_REFUSED,	/* "host H[A] refused to talk to me: TEXT" */
	MAILLOG_LOST,		/* "lost connection with H[A] while ...",
				 * "conversation with H[A] timed out while ..." */
	MAILLOG_TLS,		/* "TLS is required, but ...", "Cannot start
				 * TLS: ...", "Server certificate not ..."; it
				 * may name no host */
	MAILLOG_CONNECT,	/* "connect to H[A]:PORT: TEXT" */
};

/* Whom the attempt was made at: "relay.example[192.0.2.1]:25". */
struct maillog_peer {
	struct span host, address;	/* empty: nobody, or it is not told */
	uint16_t port;			/* 0: not told */
};

/* What stands in the line, borrowed and not checked; empty when absent. */
struct maillog_line {
	enum maillog_kind kind;
	bool zoned;		/* the time is one of the whole world */
	int64_t time_ms;	/* since 1970; not zoned: as if it were UTC */
	struct span host;	/* whose log it is */
	struct span instance;	/* "postfix", "postfix-out" */
	struct span service;	/* of "postfix/mw-x/smtp": "mw-x" */
	struct span program;	/* "smtp"; empty: no line of Postfix's */
	struct span pid;
	/* All kinds but OTHER: */
	struct span queue_id;	/* not with CONNECT */
	struct maillog_peer peer;	/* of relay=, else of a connect text */
	struct dsn dsn;		/* where no code is told: as Postfix gives it */
	struct span text;	/* as in a final status, "host H[A] said: ..." */
	/* FINAL alone: */
	struct span recipient;
	struct span status;	/* "sent", "deferred", "bounced", ... */
	int64_t delay_ms;
	/* before and in the queue manager, to connect, to send */
	int64_t delays_ms[4];
};

/*
 * Read a line. Times of the old format have no year: it is the one that
 * brings them nearest to reference_ms, but not more than a day behind it.
 * What a stranger may choose (recipient, TEXT) cannot pass for the rest of a
 * line: where that could be meant in two ways the line is OTHER.
 */
struct maillog_line maillog_read(struct span line, int64_t reference_ms);

#endif
