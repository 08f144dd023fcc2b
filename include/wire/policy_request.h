/*
 * policy_request - Postfix's policy delegation protocol: `name=value` lines
 * and an empty one. Source: SMTPD_POLICY_README.
 */
#ifndef WIRE_POLICY_REQUEST_H
#define WIRE_POLICY_REQUEST_H

#include "base/buf.h"
#include "base/span.h"

#define POLICY_REQUEST_MAX 16384	/* bytes of a request */
#define POLICY_ATTRIBUTES_MAX 128
#define POLICY_ACTION_MAX 1000

/* What we look at, borrowed from the input; empty when it was not sent. */
struct policy_request {
	struct span request, protocol_state;
	struct span client_address, client_port, server_port;
	struct span helo_name, sender, recipient, recipient_count;
	struct span queue_id, instance, size;
	struct span sasl_username, policy_context;
};

enum policy_read {
	POLICY_MORE,		/* good so far, the end is missing */
	POLICY_DONE,
	POLICY_BAD,		/* no such request, or over a limit */
};

/*
 * Look for a request at the start of in. Attributes may come in any order,
 * unknown ones are passed over, of a doubled one the first counts. Outputs
 * are written when DONE only.
 */
enum policy_read policy_request_read(struct span in,
    struct policy_request *out, size_t *out_used);
/* Append "action=ACTION" and the empty line; action is made printable. */
void policy_reply_write(struct buf *to, struct span action);

#endif
