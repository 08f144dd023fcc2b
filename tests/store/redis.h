/*
 * redis - a redis-server of the test's own: a unix socket in a private
 * directory and, where asked for, a port on loopback. It dies with the test.
 */
#ifndef TESTS_STORE_REDIS_H
#define TESTS_STORE_REDIS_H

#include "store/health.h"

#include <stdbool.h>
#include <sys/types.h>

struct redis {
	pid_t pid;
	char dir[64];
	bool is_sentinel;
	uint16_t port;
	bool in_cluster;
	struct address unix_address, tcp_address;
};

/* Is redis-server installed? */
bool redis_there(void);
/* It answers when this returns; aborts where it does not. */
void redis_start(struct redis *r);
/* One in Sentinel's place, for which `primary` is "mw". Two of such agree. */
void redis_start_sentinel(struct redis *r, const struct redis *primary);
/* The same as a node of a cluster, which it is to be told of. */
void redis_start_node(struct redis *r);
/* End it, keep its directory. */
void redis_kill(struct redis *r);
/* The same again, on the same address. */
void redis_restart(struct redis *r);
void redis_stop(struct redis *r);
/* Say something to it as an administrator would, words apart by blanks; the
 * answer as text, valid until the next one. */
const char *redis_say(const struct redis *r, const char *fmt, ...)
    MW_PRINTF(2, 3);

#endif
