#include "page_parts.h"

#include "base/mem.h"
#include "html.h"
#include "observe/words.h"

#define ROWS 24		/* of the table; what is well stands in tiles beyond */

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

		buf_addf(to, "<span class=\"%s\">", breaker_state_name(
		    view_state(&u->view, o->status.now_ms)));
		html_text(to, u->upstream->name);
		if (d->routes[i].unfiltered)
			buf_add_text(to, " <small>unfiltered</small>");
		buf_add_text(to, "</span>");
	}
	buf_add_text(to, "</td>");
}

static void
add_row(struct buf *to, const struct overview *o, uint32_t i)
{
	const struct status *s = &o->status;
	const struct destination_status *d = &s->destinations[i];
	const uint64_t *c = d->counters;

	buf_addf(to, "<tr%s><th scope=\"row\">", d->on_hold ?
	    " class=\"held\"" : "");
	html_text(to, d->destination->name);
	if (d->on_hold)
		buf_add_text(to, "<span class=\"state\">on hold</span>");
	page_override(to, s, status_override(s, &d->word));
	buf_addf(to, "</th><td class=\"meter\" data-label=\"Coming in\">"
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

/* Name and cap, in the colour of the way that its mail would take first. */
static void
add_tile(struct buf *to, const struct overview *o, uint32_t i)
{
	const struct status *s = &o->status;
	const struct destination_status *d = &s->destinations[i];
	const struct upstream_status *first =
	    &s->upstreams[d->destination->routes[0].upstream];

	buf_addf(to, "<li class=\"%s%s\">", breaker_state_name(view_state(
	    &first->view, s->now_ms)), d->on_hold ?
	    " held" : "");
	html_element(to, "strong", "", d->destination->name);
	buf_addf(to, "<span>%u</span>", d->leases);
	html_bar(to, d->leases, d->destination->cap);
	buf_add_text(to, "</li>");
}

/* Mail waits outside or inside; it goes another way than it should. */
static enum light
light_of(const struct overview *o, uint32_t i)
{
	const struct destination_status *d = &o->status.destinations[i];
	const struct destination *plan = d->destination;

	if (d->on_hold || d->backlog.expiring > 0 ||
	    (plan->cap > 0 && d->leases >= plan->cap))
		return LIGHT_RED;
	if (page_light(o, plan->routes[0].upstream) != LIGHT_GREEN)
		return LIGHT_AMBER;
	return LIGHT_GREEN;
}

/* All of them, the worst first: yours to free. *out_rows of them have a row:
 * those that are bad where there are many. */
static uint32_t *
sort(const struct overview *o, uint32_t *out_rows)
{
	const uint32_t all = o->status.plan->n_destinations;
	uint32_t *order = mem_new(all, sizeof(*order));
	uint32_t n = 0, bad = 0;

	for (int light = LIGHT_RED; light <= LIGHT_GREEN; light++) {
		for (uint32_t i = 0; i < all; i++)
			if (light_of(o, i) == (enum light)light)
				order[n++] = i;
		if (light == LIGHT_RED)
			bad = n;
	}
	*out_rows = all <= ROWS ? all : bad < ROWS ? bad : ROWS;
	return order;
}

static void
add_heading(struct buf *to, const char *class, const char *text, uint32_t n)
{
	buf_addf(to, "<section class=\"%s\"><h2>%s <small>%u</small></h2>",
	    class, text, n);
}

void
page_destinations(struct buf *to, const struct overview *o)
{
	uint32_t rows;
	uint32_t *order = sort(o, &rows);

	if (rows > 0) {
		add_heading(to, "destinations", "Destinations", rows);
		buf_add_text(to, "<table><thead><tr><th>Name</th>"
		    "<th>Coming in</th><th class=\"n\">In queue</th>"
		    "<th class=\"n\">Accepted</th>"
		    "<th class=\"n\">Delivered</th>"
		    "<th class=\"n\">Rerouted</th>"
		    "<th class=\"n\">Deferred</th><th class=\"n\">Held</th>"
		    "<th>Routes</th></tr></thead><tbody>");
		for (uint32_t i = 0; i < rows; i++)
			add_row(to, o, order[i]);
		buf_add_text(to, "</tbody></table></section>");
	}
	mem_free(order);
}

void
page_other_destinations(struct buf *to, const struct overview *o)
{
	const uint32_t all = o->status.plan->n_destinations;
	uint32_t rows;
	uint32_t *order = sort(o, &rows);

	if (rows < all) {
		add_heading(to, "others", rows == 0 ? "Destinations" :
		    "Other destinations", all - rows);
		buf_add_text(to, "<ul class=\"tiles\">");
		for (uint32_t i = rows; i < all; i++)
			add_tile(to, o, order[i]);
		buf_add_text(to, "</ul></section>");
	}
	mem_free(order);
}
