/* status for people: a table each of hosts, upstreams and destinations. */
#include "base/buf.h"
#include "base/mem.h"
#include "ctl/print.h"
#include "ctl/shelter.h"
#include "ctl/status.h"
#include "observe/words.h"

#include <inttypes.h>
#include <stdio.h>

static void
show_hosts(const struct status *s)
{
	struct columns *c = columns_new(5);
	char age[24];

	columns_add(c, "HOST");
	columns_add(c, "MODE");
	columns_add(c, "CONFIGURATION");
	columns_add(c, "VERSION");
	columns_add(c, "SEEN");
	for (uint32_t i = 0; i < s->n_hosts; i++) {
		const struct host_status *h = &s->hosts[i];
		const int64_t ms = h->seen_ms < s->now_ms ?
		    s->now_ms - h->seen_ms : 0;

		columns_add(c, "%s", h->name);
		columns_add(c, "%s", h->mode);
		columns_add(c, "%s", h->digest);
		columns_add(c, "%s", h->version);
		columns_add(c, "%s%s ago", status_lost(s, h) ? "lost, " : "",
		    words_wait(ms, age));
	}
	columns_print(c);
	columns_free(&c);
}

/* " HOST=VALUE" of the hosts that are there. */
static void
name_hosts(const struct status *s, bool digests)
{
	for (uint32_t i = 0; i < s->n_hosts; i++) {
		const struct host_status *h = &s->hosts[i];

		if (status_lost(s, h))
			continue;
		putchar(' ');
		print_text(h->name);
		putchar('=');
		print_text(digests ? h->digest : h->mode);
	}
	putchar('\n');
}

/* Different modes are fine for a while: a change goes to a few hosts first. */
static void
show_warnings(const struct status *s)
{
	if (s->digests_differ) {
		fputs("warning: hosts disagree about the configuration:",
		    stdout);
		name_hosts(s, true);
	}
	if (s->modes_differ) {
		fputs("note: hosts run in different modes:", stdout);
		name_hosts(s, false);
	}
	if (s->reload_due)
		printf("warning: %s runs on another configuration than this "
		    "file: reload it\n", s->host);
	if (s->n_hosts == 0)
		puts("no host has been heard of yet");
}

/* "on mx1 alone: open, next step in 28s (incident 69205f0c1a2)" */
static void
note_alone(struct columns *c, const struct status *s,
    const struct alone_view *a)
{
	const bool waits = a->until_ms > s->now_ms;
	char wait[24];

	columns_note(c, "on %s alone: %s%s%s (incident %s)", a->host,
	    breaker_state_name(a->state), waits ? ", next step in " : "",
	    waits ? words_wait(a->until_ms - s->now_ms, wait) : "",
	    a->incident);
}

static void
add_upstream(struct columns *c, const struct status *s,
    const struct upstream_status *u)
{
	const struct upstream_record *r = &u->view.record;
	const struct override *forced = status_override(s,
	    &u->view.override);
	char share[16], wait[24];

	columns_add(c, "%s", u->upstream->name);
	columns_add(c, "%s", breaker_state_name(view_state(&u->view,
	    s->now_ms)));
	columns_add(c, "%s", words_share(view_allowance(&u->view, s->now_ms),
	    share));
	columns_add(c, "%u/%u", u->in_use, u->cap);
	columns_add(c, "%u", u->waiting);
	columns_add(c, "%s", forced != NULL ? "forced" :
	    breaker_reason_name(r->breaker.reason));
	columns_add(c, "%s", forced != NULL ? "" :
	    words_wait(status_next_step(s, u), wait));
	columns_add(c, "%s", r->incident);
	if (forced != NULL)
		columns_note(c, "forced %s by %s for another %s: %s",
		    override_state_name(forced->state), forced->by,
		    words_wait(forced->until_ms - s->now_ms, wait),
		    forced->reason);
	if (u->view.preflight.locked_ms > s->now_ms)
		columns_note(c, "locked: takes mail from the filter only; "
		    "asked again in %s",
		    words_wait(u->view.preflight.locked_ms - s->now_ms, wait));
	if (r->breaker.down_ms > 0)
		columns_note(c, "takes no mail for %s now",
		    words_wait(s->now_ms - r->breaker.down_ms, wait));
	if (r->breaker.state != BREAKER_CLOSED && r->sample[0] != '\0')
		columns_note(c, "because of %s: %s", r->rule, r->sample);
	for (uint32_t i = 0; i < u->n_alone; i++)
		note_alone(c, s, &u->alone[i]);
}

static void
show_upstreams(const struct status *s)
{
	static const char *const heads[] = { "UPSTREAM", "STATE", "ALLOWANCE",
		"IN USE", "WAITING", "REASON", "NEXT STEP", "INCIDENT" };
	struct columns *c = columns_new(MW_N_OF(heads));

	for (size_t i = 0; i < MW_N_OF(heads); i++)
		columns_add(c, "%s", heads[i]);
	for (uint32_t i = 0; i < s->plan->n_upstreams; i++)
		add_upstream(c, s, &s->upstreams[i]);
	columns_print(c);
	columns_free(&c);
}

static void
add_counters(struct columns *c, const struct destination_status *d)
{
	struct buf b = buf_new(1024);

	for (int i = 0; i < DEST_COUNTERS; i++) {
		if (d->counters[i] != 0)
			buf_addf(&b, "%s%s=%" PRIu64, b.len > 0 ? " " : "",
			    dest_counter_name((enum dest_counter)i),
			    d->counters[i]);
	}
	columns_add(c, "%s", buf_text(&b));
	buf_free(&b);
}

/* An operator's word on it, in a line of its own. */
static void
add_word(struct columns *c, const struct status *s, const struct override *o)
{
	char wait[24], rate[32] = "";

	if (o == NULL)
		return;
	if (o->rate > 0)
		snprintf(rate, sizeof(rate), " at %u a second", o->rate);
	columns_note(c, "%s%s by %s for another %s%s%s",
	    o->state == OVERRIDE_HOLD ? "on hold" : "released", rate, o->by,
	    words_wait(o->until_ms - s->now_ms, wait),
	    o->reason[0] != '\0' ? ": " : "", o->reason);
}

/* What waits for it in the hosts' queues; a warning where mail will soon be
 * returned to its senders. */
static void
add_backlog(struct columns *c, const struct status *s, const struct backlog *b)
{
	char age[24], expiring[96] = "";
	const int64_t age_ms = s->now_ms - b->oldest_ms;

	if (b->messages == 0)
		return;
	if (b->expiring > 0)
		snprintf(expiring, sizeof(expiring), "; WARNING: %u will soon "
		    "be too old for Postfix to keep", b->expiring);
	columns_note(c, "%u in the queue, the oldest for %s%s", b->messages,
	    words_wait(age_ms > 0 ? age_ms : 0, age), expiring);
}

static void
show_destinations(const struct status *s, const struct config *config)
{
	struct columns *c = columns_new(3);
	uint32_t sheltered;

	columns_add(c, "DESTINATION");
	columns_add(c, "UNDER WAY");
	columns_add(c, "COUNTERS");
	for (uint32_t i = 0; i < s->plan->n_destinations; i++) {
		const struct destination_status *d = &s->destinations[i];

		columns_add(c, "%s", d->destination->name);
		if (d->destination->cap != 0)
			columns_add(c, "%u/%u", d->leases,
			    d->destination->cap);
		else
			columns_add(c, "%u", d->leases);
		add_counters(c, d);
		add_word(c, s, status_override(s, &d->word));
		add_backlog(c, s, &d->backlog);
		sheltered = shelter_count(config, i);
		if (sheltered > 0)
			columns_note(c, "%u sheltered on %s, until it is "
			    "released there", sheltered, s->host);
	}
	columns_print(c);
	columns_free(&c);
}

void
status_show_text(const struct status *s, const struct config *config)
{
	printf("mode %s on this host, configuration %s\n",
	    s->plan->mode == PLAN_ENFORCE ? "enforce" : "observe",
	    s->digest);
	show_warnings(s);
	putchar('\n');
	if (s->n_hosts > 0) {
		show_hosts(s);
		putchar('\n');
	}
	show_upstreams(s);
	putchar('\n');
	show_destinations(s, config);
}
