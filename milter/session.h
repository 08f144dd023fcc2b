/*
 * session - one SMTP session as the milter sees it: what it holds, and what
 * each recipient and message is told.
 *
 *	begin ( mail ( rcpt | rcpt_rejected )* ( eom | over ) )* end
 *
 * A lease is taken for each destination of a transaction, once, and given
 * back once, whichever way and in whatever order the transaction ends. Knows
 * neither milter protocol nor store: those who call it and those it asks are
 * behind plain functions.
 */
#ifndef MILTER_SESSION_H
#define MILTER_SESSION_H

#include "core/decide.h"
#include "core/lease.h"
#include "core/plan.h"
#include "core/reply.h"
#include "core/view.h"

#include <stdbool.h>
#include <stdint.h>

/* What all hosts share, as far as a session needs it; engine/keeper.h says
 * more about each. Any thread. */
struct session_world {
	const struct plan *plan;
	/* Which destination a recipient belongs to, -1 for none. */
	int (*match)(void *self, struct span recipient);
	bool (*take)(void *self, uint32_t destination, const char *member);
	void (*give_back)(void *self, uint32_t destination,
	    const char *member);
	const struct snapshot *(*look)(void *self, int64_t *out_now_ms);
	void (*look_away)(void *self, const struct snapshot *seen);
	void (*count_verdict)(void *self, uint32_t destination,
	    const struct intake_verdict *verdict);
	void (*count_accepted)(void *self, uint32_t destination, bool waits);
	void *self;
};

struct session_peer {			/* texts from Postfix; "" where unknown */
	const char *host;		/* ours, as in Redis */
	struct span address, client_port, server_port;
};

/* A destination of the transaction under way. */
struct session_errand {
	uint32_t destination;
	bool wanted;		/* a recipient of it was let through */
	bool leased;
	bool marked;		/* somebody else may have a lease by our name */
};

/* All zeros is a session that holds nothing. */
struct session {
	const struct session_world *world;
	char member[LEASE_NAME_MAX + 1];	/* its leases' name; "": it can have none */
	bool simulated;		/* not an SMTP client: sendmail(1), qmqpd(8) */
	char address[64];
	char sasl_username[65];
	char queue_id[33];	/* of the message that is at its end */
	uint32_t n, room;
	struct session_errand *errands;
};

/* world is borrowed until session_end. */
void session_begin(struct session *s, const struct session_world *world,
    const struct session_peer *peer);
/* MAIL FROM. sasl_username: empty where the client is not authenticated. */
void session_mail(struct session *s, struct span sasl_username);
/* RCPT TO; false: *out_reply is the answer to this recipient. */
bool session_rcpt(struct session *s, struct span recipient,
    struct reply *out_reply);
/* A recipient that another part of Postfix has refused. */
void session_rcpt_rejected(struct session *s, struct span recipient);
/* End of message, which Postfix calls queue_id: the transaction is over, too.
 * False: *out_reply is the answer to all of it. */
bool session_eom(struct session *s, struct span queue_id,
    struct reply *out_reply);
/* The transaction is over without a message. */
void session_over(struct session *s);
/* The connection is closed; s is all zeros again. */
void session_end(struct session *s);

#endif
