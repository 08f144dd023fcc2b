/* replay for scripts; docs/json.md has its fields. */
#include "base/clock.h"
#include "base/mem.h"
#include "ctl/json.h"
#include "ctl/replay.h"

static json_t *
time_json(int64_t ms)
{
	char when[32];

	return ms == 0 ? json_null() : json_string(clock_format(ms, when));
}

static json_t *
changes_json(const struct replay_upstream *u)
{
	json_t *list = json_array();

	for (size_t i = 0; i < u->n; i++) {
		const struct replay_kept *k = &u->changes[i];

		json_array_append_new(list, json_pack(
		    "{s:o, s:s, s:s, s:s, s:i, s:o, s:o}",
		    "time", time_json(k->change.time_ms),
		    "from", breaker_state_name(k->change.from),
		    "to", breaker_state_name(k->change.to),
		    "reason", breaker_reason_name(k->change.reason),
		    "allowance", (int)k->change.allowance,
		    "rule", json_text_or_null(k->rule),
		    "sample", json_text_or_null(k->sample)));
	}
	return list;
}

static json_t *
outcomes_json(const struct replay_totals *t)
{
	json_t *o = json_object();

	for (int i = 0; i < OUTCOME_CLASSES; i++)
		json_object_set_new(o,
		    outcome_class_name((enum outcome_class)i),
		    json_integer((json_int_t)t->outcomes[i]));
	return o;
}

static json_t *
upstream_json(const struct replay_report *r, uint32_t index)
{
	const struct replay_upstream *u = &r->upstreams[index];
	const struct replay_totals *t = replay_totals(r->replay, index);

	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, "
	    "s:o, s:I}",
	    "name", r->plan->upstreams[index].name,
	    "state", breaker_state_name(replay_state(r->replay, index)),
	    "attempts", (json_int_t)t->attempts, "bad", (json_int_t)t->bad,
	    "saved", (json_int_t)t->saved,
	    "saved_bad", (json_int_t)t->saved_bad,
	    "rerouted", (json_int_t)t->rerouted, "held", (json_int_t)t->held,
	    "openings", (json_int_t)t->openings,
	    "outcomes", outcomes_json(t), "changes", changes_json(u),
	    "changes_left_out", (json_int_t)u->left_out);
}

static json_t *
incidents_json(const struct replay_report *r)
{
	json_t *list = json_array();
	struct replay_incident *incidents;
	size_t n;

	incidents = replay_incidents(r, &n);
	for (size_t i = 0; i < n; i++) {
		const struct replay_incident *x = &incidents[i];
		const struct replay_upstream *u = &r->upstreams[x->upstream];

		json_array_append_new(list, json_pack(
		    "{s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
		    "s:o, s:o}",
		    "upstream", r->plan->upstreams[x->upstream].name,
		    "begin", time_json(x->begin_ms),
		    "end", x->last == u->n ? json_null() :
		    time_json(x->end_ms),
		    "lasts_ms", (json_int_t)(x->end_ms - x->begin_ms),
		    "attempts", (json_int_t)x->sum.attempts,
		    "bad", (json_int_t)x->sum.bad,
		    "saved", (json_int_t)x->sum.saved,
		    "saved_bad", (json_int_t)x->sum.saved_bad,
		    "rerouted", (json_int_t)x->sum.rerouted,
		    "held", (json_int_t)x->sum.held,
		    "openings", (json_int_t)x->sum.openings,
		    "rule", json_text_or_null(u->changes[x->first].rule),
		    "sample",
		    json_text_or_null(u->changes[x->first].sample)));
	}
	mem_free(incidents);
	return list;
}

void
replay_show_json(const struct replay_report *r)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < r->plan->n_upstreams; i++)
		json_array_append_new(list, upstream_json(r, i));
	json_print(json_pack("{s:i, s:I, s:I, s:I, s:o, s:o, s:o, s:o}",
	    "seed", REPLAY_SEED, "lines", (json_int_t)r->lines,
	    "hosts", (json_int_t)r->hosts,
	    "elsewhere", (json_int_t)r->elsewhere,
	    "first", time_json(r->first_ms), "last", time_json(r->last_ms),
	    "incidents", incidents_json(r), "upstreams", list), false);
}
