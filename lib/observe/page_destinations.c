#include "page_parts.h"

#include "html.h"
#include "observe/words.h"

static void
add_cell(struct buf *to, const char *label, uint64_t n)
{
	char number[32];

	buf_addf(to, "<td class=\"n%s\" data-label=\"%s\">%s</td>",
	    n == 0 ? " zero" : "", label, words_number(n, number));
}

/* What waits in the queues; a warning where it will soon be returned. */
static void
add_queue(struct buf *to, const struct status *s, const struct backlog *b)
{
	char number[32], age[24];

	if (b->messages == 0) {
		add_cell(to, "In queue", 0);
		return;
	}
	buf_addf(to, "<td class=\"n\" data-label=\"In queue\">%s"
	    "<small>oldest %s</small>", words_number(b->messages, number),
	    words_wait(s->now_ms - b->oldest_ms, age));
	if (b->expiring > 0)
		buf_addf(to, "<strong>%s expiring</strong>",
		    words_number(b->expiring, number));
	buf_add_text(to, "</td>");
}

static void
add_routes(struct buf *to, const struct overview *o,
    const struct destination *d)
{
	buf_add_text(to, "<td class=\"routes\" data-label=\"Routes\">");
	for (uint32_t i = 0; i < d->n_routes; i++) {
		const struct upstream_status *u =
		    &o->status.upstreams[d->routes[i].upstream];

		html_element(to, "span", breaker_state_name(view_state(
		    &u->view, o->status.now_ms)), u->upstream->name);
		if (d->routes[i].unfiltered)
			buf_add_text(to, "<small>unfiltered</small>");
	}
	buf_add_text(to, "</td>");
}

static void
add_destination(struct buf *to, const struct overview *o, uint32_t i)
{
	const struct status *s = &o->status;
	const struct destination_status *d = &s->destinations[i];
	const uint64_t *c = d->counters;

	buf_addf(to, "<tr%s><th scope=\"row\">", o->destinations[i].on_hold ?
	    " class=\"held\"" : "");
	html_text(to, d->destination->name);
	if (o->destinations[i].on_hold)
		buf_add_text(to, "<span class=\"state\">on hold</span>");
	page_override(to, s, status_override(s, &d->word));
	buf_addf(to, "</th><td class=\"meter\" data-label=\"Under way\">"
	    "<span><b>%u</b>", d->leases);
	if (d->destination->cap > 0)
		buf_addf(to, " of %u", d->destination->cap);
	buf_add_text(to, "</span>");
	html_bar(to, d->leases, d->destination->cap);
	buf_add_text(to, "</td>");
	add_queue(to, s, &d->backlog);
	add_cell(to, "Accepted", c[DEST_ACCEPTED]);
	add_cell(to, "Delivered", c[DEST_DELIVERED]);
	add_cell(to, "Rerouted", c[DEST_REROUTED]);
	add_cell(to, "Deferred", c[DEST_DEFERRED] + c[DEST_WOULD_DEFER]);
	add_cell(to, "Held", c[DEST_HELD] + c[DEST_WOULD_REFUSE]);
	add_routes(to, o, d->destination);
	buf_add_text(to, "</tr>");
}

void
page_destinations(struct buf *to, const struct overview *o)
{
	buf_add_text(to, "<section><h2>Destinations</h2><table><thead><tr>"
	    "<th>Name</th><th>Under way</th><th class=\"n\">In queue</th>"
	    "<th class=\"n\">Accepted</th>"
	    "<th class=\"n\">Delivered</th><th class=\"n\">Rerouted</th>"
	    "<th class=\"n\">Deferred</th><th class=\"n\">Held</th>"
	    "<th>Routes</th></tr></thead><tbody>");
	for (uint32_t i = 0; i < o->status.plan->n_destinations; i++)
		add_destination(to, o, i);
	buf_add_text(to, "</tbody></table></section>");
}
