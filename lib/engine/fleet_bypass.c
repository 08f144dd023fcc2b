#include "lib/engine/fleet_parts.h"

#include "base/mem.h"
#include "core/route.h"
#include "engine/announce.h"

#include <string.h>

static void
ignore_answer(void *arg, const struct store_reply *reply,
    const struct err *err)
{
	(void)arg, (void)reply, (void)err;
}

static void
note(struct fleet_upstream *u, int64_t lock_ms)
{
	fleet_send(u->fleet, &(struct store_request){
		.verb = STORE_PREFLIGHT,
		.name = u->name,
		.u.preflight.lock_ms = lock_ms,
	    }, ignore_answer, NULL);
}

static void
tell(struct fleet *f, uint32_t destination, uint32_t route, const char *why)
{
	const struct destination *d = &f->plan->destinations[destination];
	const struct fleet_bypass *b = &f->bypasses[destination][route];
	const struct upstream_record *primary =
	    &f->views[d->routes[0].upstream].record;

	announce(&f->port, &(struct event){
		.kind = EVENT_BYPASS,
		.host = f->host,
		.destination = d->name,
		.upstream = f->plan->upstreams[d->routes[route].upstream].name,
		.begins = b->open,
		.why = why,
		.rule = b->open ? primary->rule : "",
		.sample = b->open ? primary->sample : "",
		.incident = b->incident,
	    });
}

static void
look(struct fleet *f, uint32_t destination, uint32_t route, int64_t fleet_ms)
{
	const struct destination *d = &f->plan->destinations[destination];
	struct fleet_bypass *b = &f->bypasses[destination][route];
	const enum bypass now = route_bypass(f->plan, d, route, f->views,
	    fleet_ms);

	if (b->open == (now == BYPASS_OK))
		return;
	b->open = !b->open;
	if (b->open)
		memcpy(b->incident,
		    f->views[d->routes[0].upstream].record.incident,
		    sizeof(b->incident));
	tell(f, destination, route, b->open ? "primary-down" :
	    bypass_name(now));
}

void
fleet_bypass_use_plan(struct fleet *f)
{
	mem_free(f->bypasses);
	f->bypasses = mem_new(f->plan->n_destinations, sizeof(*f->bypasses));
}

void
fleet_bypass_leave_plan(struct fleet *f)
{
	for (uint32_t i = 0; i < f->plan->n_destinations; i++)
		for (uint32_t k = 0; k < PLAN_ROUTES; k++)
			if (f->bypasses[i][k].open) {
				f->bypasses[i][k].open = false;
				tell(f, i, k, "reload");
			}
}

void
fleet_bypass_tick(struct fleet *f, int64_t now_ms)
{
	const int64_t fleet_ms = fleet_time(f, now_ms);

	for (uint32_t i = 0; i < f->plan->n_destinations; i++)
		for (uint32_t k = 0; k < f->plan->destinations[i].n_routes; k++)
			if (f->plan->destinations[i].routes[k].unfiltered)
				look(f, i, k, fleet_ms);
}

/* A lock that the store has not heard of, or lost, is told again. */
void
fleet_bypass_read(struct fleet_upstream *u, const struct store_reply *reply)
{
	struct preflight *p = &u->view.preflight;

	u->view.seen_ms = reply->now_ms;
	*p = reply->u.upstream.preflight;
	if (u->locked_ms > reply->now_ms && u->locked_ms > p->locked_ms) {
		p->locked_ms = u->locked_ms;
		note(u, u->locked_ms - reply->now_ms);
	}
	fleet_publish_view(u);
}

void
fleet_preflight(struct fleet_upstream *u, int64_t now_ms)
{
	if (now_ms < u->preflight_at_ms)
		return;
	u->preflight_at_ms = now_ms + FLEET_PREFLIGHT_MS;
	note(u, 0);
}

void
fleet_lock(struct fleet_upstream *u, int64_t now_ms)
{
	const int64_t fleet_ms = fleet_time(u->fleet, now_ms);

	if (u->view.preflight.locked_ms > fleet_ms)
		return;
	fleet_bypass_tick(u->fleet, now_ms);	/* what began is told first */
	u->locked_ms = fleet_ms + u->rules.open_max_ms;
	u->view.preflight.locked_ms = u->locked_ms;
	fleet_publish_view(u);
	note(u, u->rules.open_max_ms);
}
