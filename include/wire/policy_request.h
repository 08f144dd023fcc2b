/*
 * policy_request - what smtpd(8) asks a policy service, and the answer.
 *
 * Lines of "name=value" up to an empty one, in any order; a later Postfix may
 * send names we do not know. It sees the bytes collected so far and keeps
 * nothing between two calls. Source: Postfix SMTPD_POLICY_README.
 */
#ifndef WIRE_POLICY_REQUEST_H
#define WIRE_POLICY_REQUEST_H

#include "base/buf.h"
#include "base/span.h"

#include <stddef.h>

#define POLICY_REQUEST_MAX 16384	/* bytes, the empty line included */
#define POLICY_ATTRIBUTES_MAX 128	/* Postfix 3.7 sends 29 */

/* Not smtpd's: what a milter asks that says it is there. */
#define POLICY_PRESENCE "mailweir_milter"
#define POLICY_PRESENCE_MS 500	/* so often */

enum policy_read {
	POLICY_MORE,		/* the empty line is still to come */
	POLICY_DONE,
	POLICY_BAD,		/* nothing that follows can mend it */
};

/* What the sender sent, borrowed and not checked; empty when absent. */
struct policy_request {
	struct span request, protocol_state;
	struct span client_address, client_port, server_port, helo_name;
	struct span sender, recipient, recipient_count;
	struct span queue_id, instance, size;
	struct span sasl_username, policy_context;
};

/*
 * Read the request that in begins with. Done: *out borrows from in, and
 * *out_used is the bytes of it, with the empty line; what follows is the next
 * one's. Of a name that stands there twice, the first one counts. Lines may
 * end in CR LF. Bad: a NUL, a line without a name and '=', over the limits.
 */
enum policy_read policy_request_read(struct span in,
    struct policy_request *out, size_t *out_used);
/* Add an answer: an action of access(5), made printable, cut at 1000 bytes. */
void policy_reply_write(struct buf *to, struct span action);

#endif
