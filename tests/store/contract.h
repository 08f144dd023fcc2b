/*
 * contract - what every store promises, tried on each: in memory, through the
 * pool and through the event loop. Whoever builds on a store may rely on what
 * stands in the test_contract programs.
 */
#ifndef TESTS_STORE_CONTRACT_H
#define TESTS_STORE_CONTRACT_H

#include <check.h>

#include "nap.h"
#include "redis.h"
#include "store/request.h"

extern struct redis redis;

enum { IN_MEMORY, POOL, LOOP, POOL_OVER_TCP, STORES };

/* The one that is open. */
extern const struct backend {
	const char *name;
	void (*open)(void);
	int (*call)(const struct store_request *, struct store_reply *,
	    struct err *);
} *store;

/* It is empty, as Redis is. The end of a test closes it. */
void open_store(int which);
bool store_is_redis(void);

/* Requests as sentences; each is answered. */
struct store_reply ask(const struct store_request *request);
struct store_reply destination(const char *name);

/* Of the upstream "filter": what a host saw of it, and its record. */
struct seen {
	const char *host;
	int64_t version;
	uint32_t ok, trouble, half;
	bool had_good;
	uint32_t bad_tail;
};
struct store_reply observe(struct seen s);
struct upstream_record an_open_record(void);
struct store_reply commit(struct upstream_record record, int64_t version,
    bool afresh);

/* What a program is made of: its case, with a Redis for it; what every store
 * has to pass, each told by _i; and the run of it. */
TCase *contract_case(const char *name);
void contract_every_store(TCase *tc, const TTest *const *tests, size_t n);
int contract_main(TCase *tc);

#endif
