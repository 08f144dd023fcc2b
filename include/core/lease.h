/*
 * lease - the name of a place under a destination's intake cap.
 *
 * The policy daemon and the milter see the same SMTP session through
 * different hooks. They give its lease the same name, so that a transaction
 * counts once however many of the two are in place.
 */
#ifndef CORE_LEASE_H
#define CORE_LEASE_H

#include "base/span.h"

#include <stdbool.h>

#define LEASE_NAME_MAX 160

/* An address without the "IPv6:" that Postfix has before some of them. */
struct span lease_address(struct span addr);

/*
 * HOST/ADDR:CLIENT_PORT/SERVER_PORT into dst. addr: with or without
 * "IPv6:". False, and dst empty, where an address or port is none (Postfix
 * says "unknown" when it does not know) or the name would be too long.
 */
bool lease_name(const char *host, struct span addr, struct span client_port,
    struct span server_port, char dst[LEASE_NAME_MAX + 1]);

#endif
