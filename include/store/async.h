/*
 * async - the store for an event loop: Redis without waiting.
 *
 * Each request has its own deadline (options.timeout_ms). Once one was
 * missed, or the connection is lost, the link is down: every request is
 * answered ERR_UNAVAILABLE at the next turn of the loop, until a ping of the
 * store's own has been answered in time. Nothing waits twice.
 * One thread: the loop's.
 */
#ifndef STORE_ASYNC_H
#define STORE_ASYNC_H

#include "store/health.h"
#include "store/request.h"

struct event_base;
struct store_async;

struct store_async_events {
	store_health_fn *health;	/* the link went up or down */
	/* an upstream's record or override was changed by someone (publish) */
	void (*changed)(void *arg, const char *name);
	void *arg;
};

/* options and what they point to are copied. Connects on its own. */
struct store_async *store_async_new(struct event_base *base,
    const struct store_options *options,
    const struct store_async_events *events);
/* Outstanding requests are answered ERR_UNAVAILABLE first. */
void store_async_free(struct store_async **store);
struct store_port store_async_port(struct store_async *store);
bool store_async_up(const struct store_async *store);

#endif
