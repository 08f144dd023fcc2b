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
#include <stdint.h>

#define LEASE_NAME_MAX 160

/* What is given back waits for so long for the next session of this host to take
 * it over: for a moment only where other hosts may want it. */
#define LEASE_GIVEN_MS 5
#define LEASE_GIVEN_ROOMY_MS 250
/* What the store said of that is good for so long. */
#define LEASE_ROOMY_SEEN_MS 1000

/* An address without the "IPv6:" that Postfix has before some of them. */
struct span lease_address(struct span addr);

/*
 * HOST/ADDR:CLIENT_PORT/SERVER_PORT into dst. addr: with or without
 * "IPv6:". False, and dst empty, where an address or port is none (Postfix
 * says "unknown" when it does not know) or the name would be too long.
 */
bool lease_name(const char *host, struct span addr, struct span client_port,
    struct span server_port, char dst[LEASE_NAME_MAX + 1]);

/* With so many of a cap (0: none) in use, is there room for other hosts? */
bool lease_is_roomy(uint32_t cap, uint32_t in_use);
/* A host's part of a cap while nobody can be asked: at least one place; 0 where
 * there is no cap. hosts: 1 or more. */
uint32_t lease_share(uint32_t cap, uint32_t hosts);

#endif
