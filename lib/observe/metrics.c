/*
 * The metrics, a family at a time. A host's own counters begin at 0 with its
 * process; the fleet's are those of Redis.
 */
#include "observe/overview.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>

struct writer {
	const struct overview *o;
	struct buf *to;
};

static void
family(struct writer *w, const char *name, const char *type, const char *help)
{
	buf_addf(w->to, "# HELP mailweir_%s %s\n# TYPE mailweir_%s %s\n", name,
	    help, name, type);
}

/* One that has no labels. */
static void
single(struct writer *w, const char *name, const char *help, int64_t value)
{
	family(w, name, "gauge", help);
	buf_addf(w->to, "mailweir_%s %" PRId64 "\n", name, value);
}

static void
add_seconds(struct buf *to, int64_t ms)
{
	buf_addf(to, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
}

static void
single_ms(struct writer *w, const char *name, const char *help, int64_t ms)
{
	family(w, name, "gauge", help);
	buf_addf(w->to, "mailweir_%s ", name);
	add_seconds(w->to, ms);
	buf_add_text(w->to, "\n");
}

/* The configuration's digest, of 16 hexadecimal digits, as a number that a
 * float holds: hosts are compared by it. */
static int64_t
hash_of(const char *digest)
{
	return (int64_t)(strtoull(digest, NULL, 16) >> 16);
}

static void
add_notified(struct writer *w)
{
	const struct overview *o = w->o;

	family(w, "notifications_total", "counter",
	    "Runs of notify.command by this host, and those dropped.");
	buf_addf(w->to,
	    "mailweir_notifications_total{result=\"ok\"} %" PRIu64 "\n"
	    "mailweir_notifications_total{result=\"failed\"} %" PRIu64 "\n"
	    "mailweir_notifications_total{result=\"dropped\"} %" PRIu64 "\n",
	    o->notified.well, o->notified.failed, o->notified.dropped);
}

static void
add_host(struct writer *w)
{
	const struct overview *o = w->o;
	const struct status *s = &o->status;

	family(w, "build_info", "gauge", "The version that runs.");
	buf_addf(w->to, "mailweir_build_info{version=\"%s\"} 1\n", o->version);
	single_ms(w, "start_time_seconds",
	    "When this process began, since 1970.", o->started_ms);
	single(w, "enforcing", "1: mode is enforce; 0: observe.",
	    s->plan->mode == PLAN_ENFORCE);
	single(w, "config_hash", "Of the configuration in force: hosts that "
	    "agree have the same.", hash_of(s->digest));
	single(w, "config_last_reload_successful",
	    "0: the file was refused, the old one stays in force.",
	    !s->reload_due);
	single_ms(w, "config_last_reload_success_timestamp_seconds",
	    "When the configuration in force was read, since 1970.",
	    o->loaded_ms);
	single(w, "redis_up", "1: Redis answers and can be written to.",
	    o->redis_fine);
	single_ms(w, "fleet_told_timestamp_seconds", "When the oldest of the "
	    "fleet's figures here was read, since 1970; 0: not all are known.",
	    overview_told(o));
	single_ms(w, "loop_lag_seconds",
	    "The longest that the event loop was late in the last minute or two.",
	    o->lag_ms);
	single(w, "open_connections",
	    "Connections of Postfix processes to the policy and map sockets.",
	    o->connections);
	add_notified(w);
}

/*
 * A figure of an upstream. One of the fleet that was not read yet is left out:
 * a counter that begins at 0 and jumps would look like a burst of mail.
 */
struct upstream_gauge {
	const char *name, *help;
	int64_t (*value)(const struct overview *o, uint32_t i);
	bool fleet;
	bool by_1000;		/* ms told in seconds, per mille as a ratio */
};

static const struct upstream_view *
view(const struct overview *o, uint32_t i)
{
	return &o->status.upstreams[i].view;
}

static int64_t
granted(const struct overview *o, uint32_t i)
{
	return o->upstreams[i].granted;
}

static int64_t
in_use_here(const struct overview *o, uint32_t i)
{
	return o->upstreams[i].in_use;
}

static int64_t
waiting_here(const struct overview *o, uint32_t i)
{
	return o->upstreams[i].waiting;
}

static int64_t
in_use(const struct overview *o, uint32_t i)
{
	return o->status.upstreams[i].in_use;
}

static int64_t
waiting(const struct overview *o, uint32_t i)
{
	return o->status.upstreams[i].waiting;
}

static int64_t
limit(const struct overview *o, uint32_t i)
{
	return view_connections(view(o, i), o->status.upstreams[i].cap,
	    o->status.now_ms);
}

static int64_t
configured(const struct overview *o, uint32_t i)
{
	return o->status.plan->upstreams[i].connections;
}

static int64_t
allowance(const struct overview *o, uint32_t i)
{
	return view_allowance(view(o, i), o->status.now_ms);
}

static int64_t
forced(const struct overview *o, uint32_t i)
{
	return status_override(&o->status, &view(o, i)->override) != NULL;
}

static int64_t
trips(const struct overview *o, uint32_t i)
{
	return view(o, i)->record.breaker.trips;
}

static int64_t
since(const struct overview *o, uint32_t i)
{
	return view(o, i)->record.breaker.since_ms;
}

static int64_t
next_step(const struct overview *o, uint32_t i)
{
	return view(o, i)->record.breaker.until_ms;
}

static const struct upstream_gauge upstream_gauges[] = {
	{ "upstream_slots_granted", "Connections that the fleet grants to "
	    "this host.", granted, false, false },
	{ "upstream_slots_in_use", "Connections of this host.", in_use_here,
	    false, false },
	{ "upstream_slots_waiting", "Of this host, in line for a connection.",
	    waiting_here, false, false },
	{ "fleet_upstream_connections", "Connections of all hosts.", in_use,
	    true, false },
	{ "fleet_upstream_connections_waiting",
	    "Of all hosts, in line for a connection.", waiting, true, false },
	{ "fleet_upstream_connections_limit",
	    "What all hosts together may have now.", limit, true, false },
	{ "fleet_upstream_connections_configured",
	    "What all hosts together may have at the most.", configured,
	    true, false },
	{ "fleet_upstream_allowance_ratio",
	    "Share of the traffic that it may get now, 0 to 1.", allowance,
	    true, true },
	{ "fleet_upstream_forced", "1: an operator opened or closed it.",
	    forced, true, false },
	{ "fleet_upstream_trips",
	    "Openings since it was last closed for good.", trips, true, false },
	{ "fleet_upstream_state_since_timestamp_seconds",
	    "When its state began, since 1970.", since, true, true },
	{ "fleet_upstream_next_step_timestamp_seconds",
	    "When its breaker takes the next step by itself, since 1970; "
	    "0: none is planned.", next_step, true, true },
};

static void
add_upstream_gauge(struct writer *w, const struct upstream_gauge *g)
{
	const struct plan *p = w->o->status.plan;

	family(w, g->name, "gauge", g->help);
	for (uint32_t i = 0; i < p->n_upstreams; i++) {
		const int64_t value = g->value(w->o, i);

		if (g->fleet && w->o->upstreams[i].told_ms == 0)
			continue;
		buf_addf(w->to, "mailweir_%s{upstream=\"%s\"} ", g->name,
		    p->upstreams[i].name);
		if (g->by_1000)
			add_seconds(w->to, value);
		else
			buf_addf(w->to, "%" PRId64, value);
		buf_add_text(w->to, "\n");
	}
}

/* One of them is 1. */
static void
add_state(struct writer *w, const char *name, const char *upstream,
    enum breaker_state now)
{
	for (int k = BREAKER_CLOSED; k <= BREAKER_RAMP; k++)
		buf_addf(w->to, "mailweir_%s{upstream=\"%s\",state=\"%s\"} "
		    "%d\n", name, upstream,
		    breaker_state_name((enum breaker_state)k), k == (int)now);
}

static void
add_states(struct writer *w)
{
	static const char here[] = "upstream_state";
	static const char fleets[] = "fleet_upstream_state";
	const struct status *s = &w->o->status;

	family(w, here, "gauge", "1: how it is on this host: the fleet's "
	    "state, or worse, where this host alone sees trouble.");
	for (uint32_t i = 0; i < s->plan->n_upstreams; i++)
		add_state(w, here, s->plan->upstreams[i].name,
		    w->o->upstreams[i].state);
	family(w, fleets, "gauge", "1: its breaker's state now, an "
	    "operator's word included; 0: the others.");
	for (uint32_t i = 0; i < s->plan->n_upstreams; i++)
		if (w->o->upstreams[i].told_ms != 0)
			add_state(w, fleets, s->plan->upstreams[i].name,
			    view_state(view(w->o, i), s->now_ms));
}

static void
add_outcomes(struct writer *w, const char *name, const char *help, bool here)
{
	const struct overview *o = w->o;
	const struct plan *p = o->status.plan;

	family(w, name, "counter", help);
	for (uint32_t i = 0; i < p->n_upstreams; i++) {
		const uint64_t *counts = here ? o->upstreams[i].here :
		    o->status.upstreams[i].totals;

		if (!here && o->upstreams[i].told_ms == 0)
			continue;
		for (int k = 0; k < OUTCOME_CLASSES; k++)
			buf_addf(w->to, "mailweir_%s{upstream=\"%s\","
			    "class=\"%s\"} %" PRIu64 "\n", name,
			    p->upstreams[i].name,
			    outcome_class_name((enum outcome_class)k),
			    counts[k]);
	}
}

/* The counters of destinations; reason tells those of one family apart. */
static const struct {
	const char *family, *help;	/* NULL: of the family above */
	const char *reason;		/* NULL: no such label */
	enum dest_counter counter;
} destination_counters[] = {
	{ "fleet_accepted_total", "Messages taken in.", NULL, DEST_ACCEPTED },
	{ "fleet_deferred_total", "Put off with 451 at intake.", "cap",
	    DEST_DEFERRED_CAP },
	{ NULL, NULL, "hold", DEST_DEFERRED_HOLD },
	{ NULL, NULL, "late", DEST_DEFERRED_LATE },
	{ "fleet_delivered_total", "Recipients delivered to.", NULL,
	    DEST_DELIVERED },
	{ "fleet_rerouted_total", "Of those delivered, by another upstream "
	    "than the first.", NULL, DEST_REROUTED },
	{ "fleet_held_total", "Delivery attempts that ended in the queue, for "
	    "no upstream was allowed.", NULL, DEST_HELD },
	{ "fleet_released_total", "Held messages that went back to work.",
	    NULL, DEST_RELEASED },
	{ "fleet_would_defer_total", "What observe mode would have put off.",
	    NULL, DEST_WOULD_DEFER },
	{ "fleet_would_refuse_total", "Connections that observe mode would "
	    "have refused.", NULL, DEST_WOULD_REFUSE },
};

static void
add_destination_counters(struct writer *w)
{
	const struct status *s = &w->o->status;
	const char *name = "";

	for (size_t k = 0; k < MW_N_OF(destination_counters); k++) {
		const char *reason = destination_counters[k].reason;

		if (destination_counters[k].family != NULL) {
			name = destination_counters[k].family;
			family(w, name, "counter",
			    destination_counters[k].help);
		}
		for (uint32_t i = 0; i < s->plan->n_destinations; i++) {
			if (w->o->destinations[i].told_ms == 0)
				continue;
			buf_addf(w->to, "mailweir_%s{destination=\"%s\"",
			    name, s->plan->destinations[i].name);
			if (reason != NULL)
				buf_addf(w->to, ",reason=\"%s\"", reason);
			buf_addf(w->to, "} %" PRIu64 "\n", s->destinations[i].
			    counters[destination_counters[k].counter]);
		}
	}
}

static void
add_destination_gauge(struct writer *w, const char *name, const char *help,
    uint32_t (*value)(const struct overview *o, uint32_t i))
{
	const struct plan *p = w->o->status.plan;

	family(w, name, "gauge", help);
	for (uint32_t i = 0; i < p->n_destinations; i++)
		if (w->o->destinations[i].told_ms != 0)
			buf_addf(w->to, "mailweir_%s{destination=\"%s\"} %u\n",
			    name, p->destinations[i].name, value(w->o, i));
}

static uint32_t
leases(const struct overview *o, uint32_t i)
{
	return o->status.destinations[i].leases;
}

static uint32_t
cap(const struct overview *o, uint32_t i)
{
	return o->status.plan->destinations[i].cap;
}

static uint32_t
on_hold(const struct overview *o, uint32_t i)
{
	return o->status.destinations[i].on_hold;
}

static uint32_t
queued(const struct overview *o, uint32_t i)
{
	return o->status.destinations[i].backlog.messages;
}

static uint32_t
expiring(const struct overview *o, uint32_t i)
{
	return o->status.destinations[i].backlog.expiring;
}

/* In whole seconds, as the queue knows it. */
static uint32_t
oldest(const struct overview *o, uint32_t i)
{
	return (uint32_t)(o->status.destinations[i].backlog.oldest_ms / 1000);
}

static void
add_hosts(struct writer *w)
{
	const struct status *s = &w->o->status;
	uint32_t enforce = 0, observe = 0, lost = 0;

	for (uint32_t i = 0; i < s->n_hosts; i++) {
		if (status_lost(s, &s->hosts[i]))
			lost++;
		else if (span_eq(span_of(s->hosts[i].mode), SPAN("enforce")))
			enforce++;
		else
			observe++;
	}
	family(w, "fleet_hosts", "gauge",
	    "Hosts heard of lately, by their mode; and lost ones, for a week.");
	buf_addf(w->to, "mailweir_fleet_hosts{state=\"enforce\"} %u\n"
	    "mailweir_fleet_hosts{state=\"observe\"} %u\n"
	    "mailweir_fleet_hosts{state=\"lost\"} %u\n", enforce, observe,
	    lost);
}

void
overview_metrics(const struct overview *o, struct buf *to)
{
	struct writer w = { o, to };

	add_host(&w);
	add_outcomes(&w, "outcomes_total",
	    "Classified delivery results that this host saw.", true);
	for (size_t i = 0; i < MW_N_OF(upstream_gauges); i++)
		add_upstream_gauge(&w, &upstream_gauges[i]);
	add_states(&w);
	add_outcomes(&w, "fleet_outcomes_total",
	    "Classified delivery results of all hosts.", false);
	add_hosts(&w);
	add_destination_gauge(&w, "fleet_destination_transactions",
	    "Incoming SMTP transactions under way.", leases);
	add_destination_gauge(&w, "fleet_destination_transactions_limit",
	    "How many there may be; 0: no limit.", cap);
	add_destination_gauge(&w, "fleet_destination_on_hold",
	    "1: no upstream may take its mail, or an operator holds it.",
	    on_hold);
	add_destination_gauge(&w, "fleet_destination_queued_messages",
	    "What waits in the queues of all hosts, counted once a minute.",
	    queued);
	add_destination_gauge(&w, "fleet_destination_expiring_messages",
	    "Of these, soon too old for Postfix to keep.", expiring);
	add_destination_gauge(&w,
	    "fleet_destination_oldest_message_timestamp_seconds",
	    "When the oldest of them arrived, since 1970; 0: none.", oldest);
	add_destination_counters(&w);
}
