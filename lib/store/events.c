#include "events.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/printable.h"

static void
forget(struct events *l, uint32_t keep)
{
	const uint32_t gone = l->n > keep ? l->n - keep : 0;

	for (uint32_t i = 0; i < gone; i++)
		mem_free(l->list[i]);
	l->n -= gone;
	memmove(l->list, l->list + gone, l->n * sizeof(l->list[0]));
}

/* "1763728000000-3", as Redis orders them. */
static bool
id_parse(struct span id, int64_t *out_ms, int64_t *out_seq)
{
	const struct span ms = span_cut(&id, '-');

	*out_seq = 0;
	return number_parse(ms, 0, INT64_MAX, out_ms) &&
	    (id.at == NULL || number_parse(id, 0, INT64_MAX, out_seq));
}

static bool
is_behind(const char *id, const char *after)
{
	int64_t ms, seq, after_ms, after_seq;

	return id_parse(span_of(id), &ms, &seq) &&
	    id_parse(span_of(after), &after_ms, &after_seq) &&
	    (ms > after_ms || (ms == after_ms && seq > after_seq));
}

void
events_free(struct events *l)
{
	forget(l, 0);
}

void
events_add(struct events *l, const struct store_request *r, int64_t now)
{
	const uint32_t keep = r->u.event_add.keep;
	struct store_event *e = mem_new(1, sizeof(*e));

	assert(r->u.event_add.n <= STORE_PAIRS_MAX);
	l->seq = now > l->ms ? 0 : l->seq + 1;
	l->ms = now > l->ms ? now : l->ms;
	snprintf(e->id, sizeof(e->id), "%" PRId64 "-%" PRIu64, l->ms, l->seq);
	for (; e->n < r->u.event_add.n; e->n++) {
		const struct store_pair *pair = &r->u.event_add.pairs[e->n];

		printable(e->pairs[e->n].name, sizeof(e->pairs[0].name),
		    span_of(pair->name));
		printable(e->pairs[e->n].value, sizeof(e->pairs[0].value),
		    span_of(pair->value));
	}
	forget(l, EVENTS_MAX - 1);
	l->list[l->n++] = e;
	forget(l, keep > 0 ? keep : 1);
}

int
events_read(const struct events *l, const struct store_request *r,
    struct store_reply *out, struct err *err)
{
	const char *after = r->u.events.after;
	const uint32_t last = r->u.events.last;
	int64_t ms, seq;
	uint32_t first = 0;

	if (after[0] == '\0')
		first = l->n > last ? l->n - last : 0;
	else if (!id_parse(span_of(after), &ms, &seq))
		return err_set(err, ERR_SYNTAX, "no event has such an id");
	else
		while (first < l->n && !is_behind(l->list[first]->id, after))
			first++;
	out->u.events.list = mem_new(l->n + 1, sizeof(*l->list[0]));
	for (uint32_t i = first; i < l->n && i - first < last; i++)
		out->u.events.list[out->u.events.n++] = *l->list[i];
	return 0;
}
