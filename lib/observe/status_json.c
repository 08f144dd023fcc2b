/* status for scripts; docs/json.md has its fields. */
#include "observe/health.h"
#include "observe/json.h"

static json_t *
health_json(const struct status *s)
{
	struct health health = health_of(s);
	json_t *list = json_array();

	for (uint32_t i = 0; i < health.n; i++) {
		const struct finding *f = &health.list[i];

		json_array_append_new(list, json_pack(
		    "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
		    "grade", health_grade_name(f->grade),
		    "about", health_about_name(f->about),
		    "name", json_text_or_null(f->name),
		    "since_ms", f->since_ms == 0 ? json_null() :
		    json_integer(f->since_ms),
		    "what", json_text(f->what),
		    "why", json_text_or_null(f->why),
		    "next", json_text_or_null(f->next),
		    "incident", json_text_or_null(f->incident)));
	}
	health_free(&health);
	return list;
}

static json_t *
hosts_json(const struct status *s)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < s->n_hosts; i++) {
		const struct host_status *h = &s->hosts[i];

		json_array_append_new(list, json_pack(
		    "{s:o, s:o, s:o, s:o, s:I, s:b}",
		    "name", json_text(h->name), "mode", json_text(h->mode),
		    "digest", json_text(h->digest),
		    "version", json_text(h->version),
		    "seen_ms", (json_int_t)h->seen_ms,
		    "lost", status_lost(s, h)));
	}
	return list;
}

static json_t *
outcomes_json(const struct upstream_status *u)
{
	json_t *o = json_object();

	for (int i = 0; i < OUTCOME_CLASSES; i++)
		json_object_set_new(o,
		    outcome_class_name((enum outcome_class)i),
		    json_integer((json_int_t)u->totals[i]));
	return o;
}

static json_t *
alone_json(const struct status *s, const struct upstream_status *u)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < u->n_alone; i++) {
		const struct alone_view *a = &u->alone[i];

		json_array_append_new(list, json_pack(
		    "{s:o, s:s, s:I, s:o, s:o}", "host", json_text(a->host),
		    "state", breaker_state_name(a->state),
		    "allowance", (json_int_t)a->allowance,
		    "next_step_ms", a->until_ms == 0 ? json_null() :
		    json_integer(a->until_ms > s->now_ms ?
		    a->until_ms - s->now_ms : 0),
		    "incident", json_text_or_null(a->incident)));
	}
	return list;
}

static json_t *
upstream_json(const struct status *s, const struct upstream_status *u)
{
	const struct upstream_record *r = &u->view.record;
	const int64_t step_ms = status_next_step(s, u);
	json_t *o = json_pack("{s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:I}",
	    "name", u->upstream->name,
	    "state", breaker_state_name(view_state(&u->view, s->now_ms)),
	    "breaker", breaker_state_name(r->breaker.state),
	    "allowance", (int)view_allowance(&u->view, s->now_ms),
	    "in_use", (json_int_t)u->in_use,
	    "waiting", (json_int_t)u->waiting, "cap", (json_int_t)u->cap,
	    "connections", (json_int_t)u->upstream->connections);

	json_object_set_new(o, "reason",
	    json_text_or_null(breaker_reason_name(r->breaker.reason)));
	json_object_set_new(o, "trips", json_integer(r->breaker.trips));
	json_object_set_new(o, "since_ms", json_integer(r->breaker.since_ms));
	json_object_set_new(o, "down_since_ms", r->breaker.down_ms == 0 ?
	    json_null() : json_integer(r->breaker.down_ms));
	json_object_set_new(o, "preflight_ms", u->view.preflight.good_ms == 0 ?
	    json_null() : json_integer(u->view.preflight.good_ms));
	json_object_set_new(o, "locked_until_ms",
	    u->view.preflight.locked_ms <= s->now_ms ? json_null() :
	    json_integer(u->view.preflight.locked_ms));
	json_object_set_new(o, "next_step_ms", step_ms < 0 ? json_null() :
	    json_integer(step_ms));
	json_object_set_new(o, "incident", json_text_or_null(r->incident));
	json_object_set_new(o, "rule", json_text_or_null(r->rule));
	json_object_set_new(o, "sample", json_text_or_null(r->sample));
	json_object_set_new(o, "override",
	    json_override(status_override(s, &u->view.override)));
	json_object_set_new(o, "outcomes", outcomes_json(u));
	json_object_set_new(o, "alone", alone_json(s, u));
	return o;
}

static json_t *
upstreams_json(const struct status *s)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < s->plan->n_upstreams; i++)
		json_array_append_new(list,
		    upstream_json(s, &s->upstreams[i]));
	return list;
}

static json_t *
backlog_json(const struct backlog *b)
{
	if (b->messages == 0)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I}",
	    "messages", (json_int_t)b->messages,
	    "expiring", (json_int_t)b->expiring,
	    "oldest_ms", (json_int_t)b->oldest_ms,
	    "counted_ms", (json_int_t)b->at_ms);
}

static json_t *
routes_json(const struct status *s, const struct destination *d)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < d->n_routes; i++)
		json_array_append_new(list, json_text(
		    s->plan->upstreams[d->routes[i].upstream].name));
	return list;
}

static json_t *
destinations_json(const struct status *s)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < s->plan->n_destinations; i++) {
		const struct destination_status *d = &s->destinations[i];
		json_t *counters = json_object();

		for (int k = 0; k < DEST_COUNTERS; k++)
			json_object_set_new(counters,
			    dest_counter_name((enum dest_counter)k),
			    json_integer((json_int_t)d->counters[k]));
		json_array_append_new(list, json_pack(
		    "{s:s, s:o, s:b, s:I, s:I, s:o, s:o, s:o}",
		    "name", d->destination->name,
		    "routes", routes_json(s, d->destination),
		    "on_hold", d->on_hold,
		    "leases", (json_int_t)d->leases,
		    "cap", (json_int_t)d->destination->cap,
		    "override", json_override(status_override(s, &d->word)),
		    "counters", counters,
		    "backlog", backlog_json(&d->backlog)));
	}
	return list;
}

json_t *
status_json(const struct status *s)
{
	return json_pack("{s:I, s:o, s:s, s:o, s:b, s:b, s:o, s:o, s:o, s:o}",
	    "now_ms", (json_int_t)s->now_ms, "host", json_text(s->host),
	    "mode", s->plan->mode == PLAN_ENFORCE ? "enforce" : "observe",
	    "digest", json_text(s->digest),
	    "hosts_agree", !s->digests_differ, "reload_due", s->reload_due,
	    "health", health_json(s), "hosts", hosts_json(s), "upstreams", upstreams_json(s),
	    "destinations", destinations_json(s));
}
