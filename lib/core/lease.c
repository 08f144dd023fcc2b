#include "core/lease.h"

#include <stdio.h>

#define ADDR_MAX 45	/* INET6_ADDRSTRLEN less its NUL */
#define PORT_MAX 5
#define ROOM_MIN 16		/* so many free places, and a quarter of the cap */

static bool
consists_of(struct span s, const char *set, size_t max)
{
	if (s.len == 0 || s.len > max)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '\0' || strchr(set, s.at[i]) == NULL)
			return false;
	}
	return true;
}

struct span
lease_address(struct span addr)
{
	struct span rest = addr;
	struct span family = span_cut(&rest, ':');

	return span_eq_fold(family, SPAN("ipv6")) ? rest : addr;
}

bool
lease_name(const char *host, struct span addr, struct span client_port,
    struct span server_port, char dst[LEASE_NAME_MAX + 1])
{
	int n;

	dst[0] = '\0';
	addr = lease_address(addr);
	if (host[0] == '\0' ||
	    !consists_of(addr, "0123456789abcdefABCDEF.:", ADDR_MAX) ||
	    !consists_of(client_port, "0123456789", PORT_MAX) ||
	    !consists_of(server_port, "0123456789", PORT_MAX))
		return false;
	n = snprintf(dst, LEASE_NAME_MAX + 1, "%s/%.*s:%.*s/%.*s", host,
	    (int)addr.len, addr.at, (int)client_port.len, client_port.at,
	    (int)server_port.len, server_port.at);
	if (n < 0 || n > LEASE_NAME_MAX) {
		dst[0] = '\0';
		return false;
	}
	return true;
}

bool
lease_is_roomy(uint32_t cap, uint32_t in_use)
{
	const uint32_t room = cap / 4 > ROOM_MIN ? cap / 4 : ROOM_MIN;

	return cap == 0 || (in_use < cap && cap - in_use >= room);
}

uint32_t
lease_share(uint32_t cap, uint32_t hosts)
{
	const uint32_t share = cap / hosts;

	return cap > 0 && share == 0 ? 1 : share;
}
