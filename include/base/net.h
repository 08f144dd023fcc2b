/*
 * net - addresses and networks as values, and sockets to listen on.
 */
#ifndef BASE_NET_H
#define BASE_NET_H

#include "base/compiler.h"
#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

struct network {
	uint8_t addr[16];	/* IPv4 as ::ffff:a.b.c.d */
	uint8_t bits;		/* 0..128 */
};

/* "10.0.0.0/8", "::1", "2001:db8::/32"; host bits must be zero. */
bool network_parse(struct span s, struct network *out);
/* Is the address (text as Postfix gives it) inside? False for non-addresses. */
bool network_holds(const struct network *n, struct span address);

/* Where a server is: a unix socket or an address and port; no host names, so
 * that nothing ever waits for a resolver ("localhost" is 127.0.0.1). */
struct address {
	bool is_unix;
	char path[108];		/* is_unix: absolute */
	char host[46];		/* else an IPv4 or IPv6 address */
	uint16_t port;
};
/* "unix:/path", "tcp:127.0.0.1:6379", "tcp:[::1]:6379". */
bool address_parse(struct span s, struct address *out);

#define SENTINELS_MAX 8
#define SENTINEL_NAME_MAX 63

/* Of a server that moves: whom to ask where the one of that name is. All
 * zeros: nobody. */
struct sentinels {
	char name[SENTINEL_NAME_MAX + 1];
	uint32_t n;
	struct address list[SENTINELS_MAX];
};
/* "sentinel:NAME@127.0.0.1:26379,[::1]:26379"; a name of letters, digits,
 * '.', '-' and '_'. */
bool sentinels_parse(struct span s, struct sentinels *out);

/*
 * A listening, non-blocking, close-on-exec stream socket.
 * where: "unix:/path" or "inet:ADDR:PORT" ("inet:[v6]:PORT"), addresses only.
 * For unix: a stale socket is removed first (never another kind of file,
 * nor a socket that somebody serves),
 * mode is given to the new one, the path must be <= 107 bytes.
 * One that the service manager already listens on there is taken as it is.
 * Returns the descriptor, or -1 with err.
 */
int net_listen(const char *where, unsigned mode, int backlog, struct err *err);

#endif
