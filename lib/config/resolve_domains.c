#include "resolve.h"

#include "file.h"

#include "base/mem.h"
#include "core/destination.h"

#define DOMAINS_FILE_MAX (64u * 1024 * 1024)
#define DOMAINS_LINES_MAX 1000000
#define LINE_ABOUT 16		/* bytes that a domain takes there */

struct domains {
	struct load *load;
	struct destination_map *map;
	struct place *places;	/* by the patterns' tag */
	uint32_t n, room;
};

/* The pattern's text as an administrator writes it. */
static const char *
pattern_text(const struct load *l, const struct destination_pattern *p)
{
	return arena_textf(l->scratch, "%s%s", p->suffix ? "." : "",
	    p->domain.name);
}

static uint32_t
remember(struct domains *d, struct place at)
{
	if (d->n == d->room) {
		d->room = d->room > 0 ? 2 * d->room : 256;
		d->places = mem_resize(d->places, d->room,
		    sizeof(d->places[0]));
	}
	d->places[d->n] = at;
	return d->n++;
}

static void
complain_overlap(const struct domains *d, struct place at,
    const struct destination_pattern *mine,
    const struct destination_pattern *other)
{
	const struct load *l = d->load;
	const struct place there = d->places[other->tag];
	const bool same = mine->suffix == other->suffix &&
	    span_eq(domain_span(&mine->domain), domain_span(&other->domain));

	errors_add(l->errors, at, "\"%s\" %s %s%s%sdestination %s, %s:%u",
	    pattern_text(l, mine), same ? "stands in" : "overlaps",
	    same ? "" : "\"", same ? "" : pattern_text(l, other),
	    same ? "" : "\" of ", l->config->plan.destinations
	    [other->destination].name, there.file, there.line);
}

static void
add_pattern(struct domains *d, uint32_t destination, struct span text,
    struct place at)
{
	struct destination_pattern pattern = { .destination = destination };
	struct destination_pattern other;
	struct span name = text;

	pattern.suffix = name.len > 0 && name.at[0] == '.';
	if (pattern.suffix) {
		name.at++;
		name.len--;
	}
	if (!domain_parse(name, &pattern.domain)) {
		errors_add(d->load->errors, at, "\"%.*s\" is no domain",
		    (int)(text.len > 100 ? 100 : text.len), text.at);
		return;
	}
	if (!span_eq(name, domain_span(&pattern.domain)))
		errors_note(d->load->errors, at, "\"%.*s\" is taken as \"%s\"",
		    (int)(text.len > 100 ? 100 : text.len), text.at,
		    pattern_text(d->load, &pattern));
	pattern.tag = remember(d, at);
	if (!destination_map_add(d->map, &pattern, &other))
		complain_overlap(d, at, &pattern, &other);
}

/* One domain a line; '#' begins a comment. */
static void
add_lines(struct domains *d, uint32_t destination, const char *path,
    struct span text)
{
	struct place at = { path, 0 };

	destination_map_expect(d->map, text.len / LINE_ABOUT);
	while (text.at != NULL) {
		struct span line = span_cut(&text, '\n');

		if (++at.line > DOMAINS_LINES_MAX) {
			errors_add(d->load->errors, at, "more than %d lines",
			    DOMAINS_LINES_MAX);
			return;
		}
		line = span_trim(span_cut(&line, '#'));
		if (line.len > 0)
			add_pattern(d, destination, line, at);
	}
}

static void
add_file(struct domains *d, uint32_t destination, const struct section *s)
{
	struct load *l = d->load;
	const char *path = load_path(l,
	    section_value(s, KEY_DESTINATION_DOMAINS_FILE)->text);
	struct buf text = buf_new(DOMAINS_FILE_MAX);
	struct err err;

	if (file_read(path, &text, &err) != 0)
		fault(l, s, KEY_DESTINATION_DOMAINS_FILE, "%s: %s", path,
		    err.text);
	else
		add_lines(d, destination, path, buf_span(&text));
	buf_free(&text);
}

static bool
has_mx_route(const struct plan *p, const struct destination *d)
{
	for (uint32_t i = 0; i < d->n_routes; i++)
		if (p->upstreams[d->routes[i].upstream].mx)
			return true;
	return false;
}

/* No transport table can know MX: where the catch-all's lane does not go by
 * them, mail for these domains takes its route, whatever theirs are. */
static void
note_mx(const struct load *l, const struct section *s, uint32_t destination)
{
	const struct plan *p = &l->config->plan;
	const struct place at = section_value(s, KEY_DESTINATION_MX)->at;

	if (p->destinations[destination].n_mx == 0)
		return;
	if (!has_mx_route(p, &p->destinations[destination]))
		errors_note(l->errors, at, "%s.mx: it has no route with an "
		    "upstream that is mx = true; mail for its domains leaves "
		    "as the catch-all's does", s->path);
	else if (p->catch_all < 0 ||
	    !has_mx_route(p, &p->destinations[p->catch_all]))
		errors_note(l->errors, at, "%s.mx: mail for its domains leaves "
		    "through the catch-all's lane, and that has no route with "
		    "an upstream that is mx = true", s->path);
}

static void
set_catch_all(struct load *l, uint32_t destination, const struct section *s,
    struct place *first)
{
	struct plan *p = &l->config->plan;
	const struct place at = section_value(s, KEY_DESTINATION_CATCH_ALL)->at;

	if (p->catch_all >= 0) {
		fault(l, s, KEY_DESTINATION_CATCH_ALL,
		    "destination %s is the catch-all already, %s:%u",
		    p->destinations[p->catch_all].name, first->file,
		    first->line);
		return;
	}
	p->catch_all = (int)destination;
	*first = at;
}

void
resolve_domains(struct load *l)
{
	const struct section *s = section_below(l->top, "destinations.X");
	struct plan *p = &l->config->plan;
	struct domains d = { .load = l, .map = destination_map_new() };
	struct domains mx = { .load = l, .map = destination_map_new() };
	struct place catch_all = { 0 };

	p->domains = d.map;
	p->mx = mx.map;
	p->catch_all = -1;
	for (uint32_t i = 0; i < p->n_destinations; i++, s = section_next(s)) {
		const struct value *v =
		    section_value(s, KEY_DESTINATION_DOMAINS);

		for (size_t j = 0; j < v->n; j++)
			add_pattern(&d, i, span_of(v->items[j].text),
			    v->items[j].at);
		if (section_value(s,
		    KEY_DESTINATION_DOMAINS_FILE)->text[0] != '\0')
			add_file(&d, i, s);
		for (uint32_t j = 0; j < p->destinations[i].n_mx; j++)
			add_pattern(&mx, i, span_of(p->destinations[i].mx[j]),
			    section_value(s, KEY_DESTINATION_MX)->at);
		if (section_value(s, KEY_DESTINATION_CATCH_ALL)->number == 1)
			set_catch_all(l, i, s, &catch_all);
	}
	s = section_below(l->top, "destinations.X");
	for (uint32_t i = 0; i < p->n_destinations; i++, s = section_next(s))
		note_mx(l, s, i);
	mem_free(d.places);
	mem_free(mx.places);
}
