#include "lib/engine/fleet_parts.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static struct fleet_hold *
by_name(const struct fleet *f, const char *name)
{
	for (struct fleet_hold *h = f->holds; h != NULL; h = h->next)
		if (strcmp(h->name, name) == 0)
			return h;
	return NULL;
}

static struct fleet_hold *
add_hold(struct fleet *f, const char *name)
{
	struct fleet_hold *h = mem_new(1, sizeof(*h));

	h->fleet = f;
	snprintf(h->name, sizeof(h->name), "%s", name);
	h->next = f->holds;
	f->holds = h;
	return h;
}

static void
has_read(void *arg, const struct store_reply *reply, const struct err *err)
{
	struct fleet_hold *h = arg;

	(void)err;
	h->reading = false;
	if (reply == NULL)
		return;
	fleet_note_time(h->fleet, reply);
	h->word = reply->u.destination.hold;
	h->counts.told_ms = reply->now_ms;
	h->counts.leases = reply->u.destination.leases;
	h->counts.backlog = reply->u.destination.backlog;
	memcpy(h->counts.counters, reply->u.destination.counters,
	    sizeof(h->counts.counters));
	if (h->index >= 0) {
		h->fleet->words[h->index] = h->word;
		h->fleet->destinations[h->index] = h->counts;
	}
}

void
fleet_holds_use_plan(struct fleet *f)
{
	f->words = mem_resize(f->words, f->plan->n_destinations,
	    sizeof(*f->words));
	f->destinations = mem_resize(f->destinations, f->plan->n_destinations,
	    sizeof(*f->destinations));
	for (struct fleet_hold *h = f->holds; h != NULL; h = h->next)
		h->index = -1;
	for (uint32_t i = 0; i < f->plan->n_destinations; i++) {
		const char *name = f->plan->destinations[i].name;
		struct fleet_hold *h = by_name(f, name);

		if (h == NULL)
			h = add_hold(f, name);
		h->index = (int)i;
		h->read_at_ms = 0;
		f->words[i] = h->word;
		f->destinations[i] = h->counts;
	}
}

/* A word is published as well; this is for who did not hear it. */
void
fleet_holds_tick(struct fleet *f, int64_t now_ms)
{
	const int64_t pause_ms = pace_ms(PACE_HOLDS, f->hosts,
	    f->plan->n_destinations);

	for (struct fleet_hold *h = f->holds; h != NULL; h = h->next) {
		if (h->index < 0 || h->reading || now_ms < h->read_at_ms)
			continue;
		h->reading = true;
		h->read_at_ms = now_ms + pause_ms;
		fleet_send(f, &(struct store_request){
			.verb = STORE_DESTINATION, .name = h->name,
		    }, has_read, h);
	}
}

void
fleet_holds_changed(struct fleet *f, struct span name)
{
	for (struct fleet_hold *h = f->holds; h != NULL; h = h->next)
		if (name.at == NULL || span_eq(span_of(h->name), name))
			h->read_at_ms = 0;
}

void
fleet_recall_hold(struct fleet *f, uint32_t destination, int64_t until_ms)
{
	struct fleet_hold *h = by_name(f,
	    f->plan->destinations[destination].name);

	h->word = (struct override){
		.state = OVERRIDE_HOLD, .until_ms = until_ms,
	};
	f->words[destination] = h->word;
}

void
fleet_holds_free(struct fleet *f)
{
	while (f->holds != NULL) {
		struct fleet_hold *h = f->holds;

		f->holds = h->next;
		mem_free(h);
	}
	mem_free(f->words);
	mem_free(f->destinations);
}
