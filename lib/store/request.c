#include "store/request.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"

/* Only what an upstream's answer ends with is large: 30 kB, which would be most
 * of what a lease costs. */
#define SMALL offsetof(struct store_reply, u.upstream.window)
static_assert(offsetof(struct store_reply, u.destination) +
    sizeof((struct store_reply){ 0 }.u.destination) <= SMALL, "small enough");
static_assert(offsetof(struct store_reply, u.commit) +
    sizeof((struct store_reply){ 0 }.u.commit) <= SMALL, "small enough");

void
store_reply_begin(struct store_reply *reply, enum store_verb verb,
    int64_t now_ms)
{
	memset(reply, 0, verb == STORE_OBSERVE ? sizeof(*reply) : SMALL);
	reply->verb = verb;
	reply->now_ms = now_ms;
}

void
store_reply_clear(struct store_reply *reply)
{
	if (reply->verb == STORE_HOSTS) {
		mem_free(reply->u.hosts.list);
		reply->u.hosts.list = NULL;
		reply->u.hosts.n = 0;
	} else if (reply->verb == STORE_EVENTS) {
		mem_free(reply->u.events.list);
		reply->u.events.list = NULL;
		reply->u.events.n = 0;
	}
}

struct upstream_record
store_alone_record(const struct store_reply *reply, const char *host)
{
	struct upstream_record own = { 0 };

	for (uint32_t i = 0; i < reply->u.upstream.n_alone; i++) {
		const struct alone_view *row = &reply->u.upstream.alone[i];
		const bool part = row->state == BREAKER_SHEDDING ||
		    row->state == BREAKER_RAMP;

		if (strcmp(row->host, host) != 0)
			continue;
		own.breaker = (struct breaker){
			.state = row->state,
			.allowance = part ? row->allowance : 0,
			.trips = row->state != BREAKER_SHEDDING,
			.until_ms = row->until_ms,
		};
		memcpy(own.incident, row->incident, sizeof(own.incident));
	}
	return record_sane(&own) ? own : (struct upstream_record){ 0 };
}
