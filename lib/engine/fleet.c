#include "lib/engine/fleet_parts.h"

#include "base/bucket.h"
#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static struct fleet_upstream *
by_name(struct fleet *f, const char *name)
{
	for (struct fleet_upstream *u = f->all; u != NULL; u = u->next)
		if (strcmp(u->name, name) == 0)
			return u;
	return NULL;
}

static struct fleet_upstream *
add_upstream(struct fleet *f, const char *name)
{
	struct fleet_upstream *u = mem_new(1, sizeof(*u));

	u->fleet = f;
	snprintf(u->name, sizeof(u->name), "%s", name);
	u->line = line_new();
	u->limit = UINT32_MAX;
	u->next = f->all;
	f->all = u;
	return u;
}

/* A part of each rate is this host's. */
static void
share_rate(const struct fleet_upstream *u)
{
	line_set_rate(u->line,
	    u->rate * BUCKET_ONE_A_SECOND / u->fleet->hosts);
}

static void
use_plan(struct fleet *f, const struct plan *plan)
{
	f->plan = plan;
	f->by_index = mem_resize(f->by_index, plan->n_upstreams,
	    sizeof(struct fleet_upstream *));
	f->views = mem_resize(f->views, plan->n_upstreams,
	    sizeof(*f->views));
	for (struct fleet_upstream *u = f->all; u != NULL; u = u->next)
		u->index = -1;
	for (uint32_t i = 0; i < plan->n_upstreams; i++) {
		const struct upstream *up = &plan->upstreams[i];
		struct fleet_upstream *u = by_name(f, up->name);

		if (u == NULL)
			u = add_upstream(f, up->name);
		u->index = (int)i;
		u->rules = up->breaker;
		u->slow = plan->slow;
		u->connections = up->connections;
		u->rate = up->rate;
		share_rate(u);
		u->observe_at_ms = u->slots_at_ms = 0;
		f->by_index[i] = u;
		fleet_publish_view(u);
	}
	fleet_holds_use_plan(f);
	fleet_bypass_use_plan(f);
}

int64_t
fleet_now(const struct fleet *f)
{
	return f->clock();
}

void
fleet_send(struct fleet *f, const struct store_request *request,
    store_done *done, void *arg)
{
	f->port.send(f->port.self, request, done, arg);
}

int64_t
fleet_pace(const struct fleet *f, enum pace kind)
{
	return pace_ms(kind, f->hosts, f->plan->n_upstreams);
}

void
fleet_note_time(struct fleet *f, const struct store_reply *reply)
{
	f->offset_ms = reply->now_ms - fleet_now(f);
}

void
fleet_publish_view(struct fleet_upstream *u)
{
	if (u->index >= 0)
		u->fleet->views[u->index] = u->view;
}

uint32_t
fleet_connections(const struct fleet_upstream *u)
{
	return view_connections(&u->view, u->connections,
	    fleet_time(u->fleet, fleet_now(u->fleet)));
}

uint32_t
fleet_limit(const struct fleet_upstream *u)
{
	const uint32_t now = fleet_connections(u);
	const uint32_t usual = throttle_connections(&u->view.record.throttle,
	    u->connections);

	return now > usual ? now : usual;
}

struct fleet *
fleet_new(const struct fleet_options *options, int64_t wall_ms)
{
	struct fleet *f = mem_new(1, sizeof(*f));

	snprintf(f->host, sizeof(f->host), "%s", options->host);
	f->port = options->port;
	f->clock = options->clock;
	f->hosts = 1;
	/* Until the store has told its own. */
	f->offset_ms = wall_ms - fleet_now(f);
	use_plan(f, options->plan);
	return f;
}

void
fleet_free(struct fleet **fleet)
{
	struct fleet *f = *fleet;

	if (f == NULL)
		return;
	while (f->all != NULL) {
		struct fleet_upstream *u = f->all;

		f->all = u->next;
		line_free(&u->line);
		mem_free(u);
	}
	fleet_holds_free(f);
	mem_free(f->bypasses);
	mem_free(f->by_index);
	mem_free(f->views);
	mem_free(f);
	*fleet = NULL;
}

void
fleet_reload(struct fleet *fleet, const struct plan *plan)
{
	fleet_bypass_leave_plan(fleet);
	use_plan(fleet, plan);
}

void
fleet_set_hosts(struct fleet *fleet, uint32_t hosts)
{
	fleet->hosts = hosts > 0 ? hosts : 1;
	for (struct fleet_upstream *u = fleet->all; u != NULL; u = u->next)
		share_rate(u);
}

void
fleet_tick(struct fleet *fleet, int64_t now_ms)
{
	for (struct fleet_upstream *u = fleet->all; u != NULL; u = u->next) {
		const struct line_state s = line_state(u->line, now_ms);
		const bool idle = s.in_use + s.old == 0;

		if (u->index < 0 && idle)
			continue;
		fleet_record_tick(u, now_ms);
		fleet_slots_tick(u, now_ms);
	}
	fleet_holds_tick(fleet, now_ms);
	fleet_bypass_tick(fleet, now_ms);
}

void
fleet_changed(struct fleet *fleet, struct span name)
{
	for (struct fleet_upstream *u = fleet->all; u != NULL; u = u->next)
		if (span_eq(span_of(u->name), name))
			u->observe_at_ms = 0;
	fleet_holds_changed(fleet, name);
}

void
fleet_flush(struct fleet *fleet)
{
	for (struct fleet_upstream *u = fleet->all; u != NULL; u = u->next)
		fleet_record_flush(u);
}

void
fleet_store_is_back(struct fleet *fleet)
{
	for (struct fleet_upstream *u = fleet->all; u != NULL; u = u->next)
		u->observe_at_ms = u->slots_at_ms = 0;
	fleet_holds_changed(fleet, (struct span){ 0 });
}

int64_t
fleet_time(const struct fleet *fleet, int64_t now_ms)
{
	return now_ms + fleet->offset_ms;
}

const struct upstream_view *
fleet_views(const struct fleet *fleet)
{
	return fleet->views;
}

struct snapshot
fleet_snapshot(const struct fleet *fleet)
{
	return (struct snapshot){
		.upstreams = fleet->views, .holds = fleet->words,
	};
}

struct fleet_upstream *
fleet_upstream(struct fleet *fleet, uint32_t index)
{
	assert(index < fleet->plan->n_upstreams);
	return fleet->by_index[index];
}

struct line *
fleet_line(struct fleet_upstream *u)
{
	return u->line;
}

const struct upstream_view *
fleet_view(const struct fleet_upstream *u)
{
	return &u->view;
}

const char *
fleet_name(const struct fleet_upstream *u)
{
	return u->name;
}

int
fleet_index(const struct fleet_upstream *u)
{
	return u->index;
}

void
fleet_asked(struct fleet_upstream *u, int64_t now_ms)
{
	silence_asked(&u->silence, now_ms);
}

void
fleet_fared(struct fleet_upstream *u, bool good)
{
	review_saw(&u->review, good);
}

bool
fleet_is_silent(const struct fleet_upstream *u, int64_t now_ms)
{
	return silence_lasts(&u->silence, u->rules.slow_after_ms, now_ms);
}

int64_t
fleet_slow_after(const struct fleet_upstream *u)
{
	return u->rules.slow_after_ms;
}

const struct fleet_counts *
fleet_counts(const struct fleet_upstream *u)
{
	return &u->counts;
}

const struct fleet_destination *
fleet_destinations(const struct fleet *fleet)
{
	return fleet->destinations;
}
