#include "ctl/watch_detail.h"

#include "observe/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void
add_finding(const struct status *s, const struct finding *f, struct buf *to)
{
	char wait[24];

	buf_addf(to, "%s%s%s", f->name, f->name[0] != '\0' ? " " : "",
	    f->what);
	if (f->since_ms > 0)
		buf_addf(to, ", for %s",
		    words_wait(s->now_ms - f->since_ms, wait));
	buf_add_text(to, "\n");
	if (f->why[0] != '\0')
		buf_addf(to, "  why: %s\n", f->why);
	if (f->next[0] != '\0')
		buf_addf(to, "  next: %s\n", f->next);
	if (f->incident[0] != '\0')
		buf_addf(to, "  incident: %s\n", f->incident);
}

static void
add_findings(const struct status *s, enum health_about about,
    const char *name, struct buf *to)
{
	struct health health = health_of(s);

	for (uint32_t i = 0; i < health.n; i++)
		if (health.list[i].about == about &&
		    strcmp(health.list[i].name, name) == 0)
			add_finding(s, &health.list[i], to);
	health_free(&health);
}

static void
add_counter(const struct watch_past *past, const struct status *s,
    bool destination, uint32_t index, int k, struct buf *to)
{
	const char *name = destination ?
	    dest_counter_name((enum dest_counter)k) :
	    outcome_class_name((enum outcome_class)k);
	const uint64_t total = destination ?
	    s->destinations[index].counters[k] :
	    s->upstreams[index].totals[k];
	char rate[16];

	if (total > 0)
		buf_addf(to, "  %-13s %12" PRIu64 " %8s/s\n", name, total,
		    watch_rate_text(watch_rate(past, s, destination, index,
		    k), rate));
}

static bool
goes_to(const struct destination *d, uint32_t upstream)
{
	for (uint32_t i = 0; i < d->n_routes; i++)
		if (d->routes[i].upstream == upstream)
			return true;
	return false;
}

static void
add_upstream(const struct watch_past *past, const struct status *s,
    uint32_t index, struct buf *to)
{
	const struct upstream_status *u = &s->upstreams[index];
	const struct upstream_record *r = &u->view.record;
	char wait[24], share[16];

	buf_addf(to, "upstream %s: %s, %s of the mail\n", u->upstream->name,
	    breaker_state_name(view_state(&u->view, s->now_ms)),
	    words_share(view_allowance(&u->view, s->now_ms), share));
	add_findings(s, HEALTH_UPSTREAM, u->upstream->name, to);
	buf_addf(to, "connections: %u of %u in use, %u wait for one\n",
	    u->in_use, u->cap, u->waiting);
	for (uint32_t i = 0; i < u->upstream->n_nexthops; i++)
		buf_addf(to, "next hop: %s\n", u->upstream->nexthops[i]);
	if (r->breaker.trips > 0)
		buf_addf(to, "openings in this incident: %u\n",
		    r->breaker.trips);
	if (u->view.preflight.good_ms > 0)
		buf_addf(to, "would take our mail, as it said %s ago\n",
		    words_wait(s->now_ms - u->view.preflight.good_ms, wait));
	buf_add_text(to, "outcomes:\n");
	for (int k = 0; k < OUTCOME_CLASSES; k++)
		add_counter(past, s, false, index, k, to);
	buf_add_text(to, "has the mail of:\n");
	for (uint32_t i = 0; i < s->plan->n_destinations; i++)
		if (goes_to(s->destinations[i].destination, index))
			buf_addf(to, "  %s\n",
			    s->destinations[i].destination->name);
}

static void
add_destination(const struct watch_past *past, const struct status *s,
    uint32_t index, struct buf *to)
{
	const struct destination_status *d = &s->destinations[index];
	const struct override *word = status_override(s, &d->word);
	char wait[24], cap[24] = "";

	if (d->destination->cap > 0)
		snprintf(cap, sizeof(cap), " of %u", d->destination->cap);
	buf_addf(to, "destination %s: %u%s transactions under way\n",
	    d->destination->name, d->leases, cap);
	add_findings(s, HEALTH_DESTINATION, d->destination->name, to);
	if (word != NULL)
		buf_addf(to, "%s by %s for another %s%s%s\n",
		    word->state == OVERRIDE_HOLD ? "held" : "released",
		    word->by, words_wait(word->until_ms - s->now_ms, wait),
		    word->reason[0] != '\0' ? ": " : "", word->reason);
	buf_addf(to, "in the queues: %u messages", d->backlog.messages);
	if (d->backlog.messages > 0)
		buf_addf(to, ", the oldest waits for %s",
		    words_wait(s->now_ms - d->backlog.oldest_ms, wait));
	buf_add_text(to, "\nroutes, in order:\n");
	for (uint32_t i = 0; i < d->destination->n_routes; i++) {
		const struct route *r = &d->destination->routes[i];
		const struct upstream_status *u = &s->upstreams[r->upstream];

		buf_addf(to, "  %s%s: %s\n", u->upstream->name,
		    r->unfiltered ? " (unfiltered)" : "",
		    breaker_state_name(view_state(&u->view, s->now_ms)));
	}
	buf_add_text(to, "counters:\n");
	for (int k = 0; k < DEST_COUNTERS; k++)
		add_counter(past, s, true, index, k, to);
}

void
watch_detail(const struct watch_past *past, const struct status *now,
    bool destination, uint32_t index, struct buf *to)
{
	if (destination)
		add_destination(past, now, index, to);
	else
		add_upstream(past, now, index, to);
}

void
watch_findings(const struct status *now, struct buf *to)
{
	struct health health = health_of(now);

	if (health.n == 0)
		buf_add_text(to, "all is well\n");
	for (uint32_t i = 0; i < health.n; i++) {
		buf_addf(to, "%s: ", health_grade_name(health.list[i].grade));
		add_finding(now, &health.list[i], to);
	}
	health_free(&health);
}

const char *
watch_rate_text(uint32_t tenths, char dst[16])
{
	if (tenths == 0)
		snprintf(dst, 16, "0");
	else if (tenths < 1000)
		snprintf(dst, 16, "%u.%u", tenths / 10, tenths % 10);
	else
		snprintf(dst, 16, "%u", tenths / 10);
	return dst;
}
