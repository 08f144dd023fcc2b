#include "observe/overview.h"

#include "observe/json.h"

static int64_t
older(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t
overview_told(const struct overview *o)
{
	const struct plan *p = o->status.plan;
	int64_t told_ms = o->status.now_ms;

	for (uint32_t i = 0; i < p->n_upstreams; i++)
		told_ms = older(told_ms, o->upstreams[i].told_ms);
	for (uint32_t i = 0; i < p->n_destinations; i++)
		told_ms = older(told_ms, o->destinations[i].told_ms);
	return told_ms;
}

void
overview_health(const struct overview *o, struct buf *to)
{
	json_t *json = json_pack(
	    "{s:s, s:o, s:s, s:s, s:o, s:b, s:s, s:I, s:I}",
	    "status", "ok", "host", json_text(o->status.host),
	    "version", o->version, "mode",
	    o->status.plan->mode == PLAN_ENFORCE ? "enforce" : "observe",
	    "digest", json_text(o->status.digest),
	    "reload_due", o->status.reload_due,
	    "redis", o->redis,
	    "told_ms", (json_int_t)overview_told(o),
	    "lag_ms", (json_int_t)o->lag_ms);

	json_write(to, json);
}
