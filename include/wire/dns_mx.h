/*
 * dns_mx - a DNS message that answers a question for MX (RFC 1035 section 4).
 *
 * What other names' records it holds is not looked at: whom we ask is our
 * own resolver, and that it answers what was asked is the business of whoever
 * received it.
 */
#ifndef WIRE_DNS_MX_H
#define WIRE_DNS_MX_H

#include "base/span.h"
#include "core/mx.h"

#include <stdbool.h>

/*
 * True and *out when the message says whom domain belongs to, be it nobody.
 * False when it says nothing: SERVFAIL and the like, cut short, malformed.
 */
bool dns_mx_read(struct span message, const struct domain *domain,
    struct mx_answer *out);

#endif
