#include "core/destination.h"

#include "base/mem.h"
#include "base/table.h"

#include <assert.h>

/*
 * Three tables from a domain to the number of a pattern. `below` holds every
 * parent of every pattern, with the first pattern found there and whether all
 * patterns there are of one destination: that is what a new suffix has to be
 * compared with, and it keeps adding linear.
 */
struct destination_map {
	struct destination_pattern *patterns;
	uint32_t n, room;
	struct table *exact, *suffix, *below;
	struct family *families;	/* below's values */
	uint32_t n_families, families_room;
};

struct family {
	uint32_t first;		/* pattern */
	uint32_t other;		/* one of another destination; first when none */
};

/* The parent of a domain, empty when it has none. */
static struct span
parent_of(struct span domain)
{
	struct span rest = domain;

	(void)span_cut(&rest, '.');
	return rest;
}

static const struct destination_pattern *
pattern_at(const struct destination_map *map, uint32_t i)
{
	return &map->patterns[i];
}

static bool
is_other(const struct destination_map *map, uint32_t i,
    const struct destination_pattern *p)
{
	return pattern_at(map, i)->destination != p->destination;
}

/* A suffix of another destination that p lies in, or p itself once more. */
static bool
lies_in(const struct destination_map *map,
    const struct destination_pattern *p, uint32_t *out_i)
{
	const struct span name = domain_span(&p->domain);

	if (table_get(p->suffix ? map->suffix : map->exact, name, out_i))
		return true;
	for (struct span up = parent_of(name); up.len > 0;
	    up = parent_of(up))
		if (table_get(map->suffix, up, out_i) &&
		    is_other(map, *out_i, p))
			return true;
	return false;
}

/* A pattern of another destination that lies in the suffix p. */
static bool
is_around(const struct destination_map *map,
    const struct destination_pattern *p, uint32_t *out_i)
{
	const struct family *f;
	uint32_t i;

	if (!p->suffix || !table_get(map->below, domain_span(&p->domain), &i))
		return false;
	f = &map->families[i];
	*out_i = is_other(map, f->first, p) ? f->first : f->other;
	return is_other(map, *out_i, p);
}

static void
note_parent(struct destination_map *map, struct span parent, uint32_t i)
{
	uint32_t known;

	if (!table_add(map->below, parent, map->n_families, &known)) {
		struct family *f = &map->families[known];

		if (is_other(map, f->first, pattern_at(map, i)))
			f->other = i;
		return;
	}
	if (map->n_families == map->families_room) {
		map->families_room = map->families_room > 0 ?
		    map->families_room * 2 : 64;
		map->families = mem_resize(map->families, map->families_room,
		    sizeof(*map->families));
	}
	map->families[map->n_families++] = (struct family){ i, i };
}

struct destination_map *
destination_map_new(void)
{
	struct destination_map *map = mem_new(1, sizeof(*map));

	map->exact = table_new();
	map->suffix = table_new();
	map->below = table_new();
	return map;
}

void
destination_map_free(struct destination_map **map)
{
	if (*map == NULL)
		return;
	table_free(&(*map)->exact);
	table_free(&(*map)->suffix);
	table_free(&(*map)->below);
	mem_free((*map)->families);
	mem_free((*map)->patterns);
	mem_free(*map);
	*map = NULL;
}

bool
destination_map_add(struct destination_map *map,
    const struct destination_pattern *pattern,
    struct destination_pattern *out_other)
{
	const struct span name = domain_span(&pattern->domain);
	uint32_t other;

	if (lies_in(map, pattern, &other) || is_around(map, pattern, &other)) {
		*out_other = *pattern_at(map, other);
		return false;
	}
	if (map->n == map->room) {
		map->room = map->room > 0 ? map->room * 2 : 64;
		map->patterns = mem_resize(map->patterns, map->room,
		    sizeof(*map->patterns));
	}
	map->patterns[map->n] = *pattern;
	table_add(pattern->suffix ? map->suffix : map->exact, name, map->n,
	    NULL);
	for (struct span up = parent_of(name); up.len > 0; up = parent_of(up))
		note_parent(map, up, map->n);
	map->n++;
	return true;
}

int
destination_map_find(const struct destination_map *map,
    const struct domain *domain)
{
	const struct span name = domain_span(domain);
	uint32_t i;

	if (table_get(map->exact, name, &i))
		return (int)pattern_at(map, i)->destination;
	for (struct span up = parent_of(name); up.len > 0; up = parent_of(up))
		if (table_get(map->suffix, up, &i))
			return (int)pattern_at(map, i)->destination;
	return -1;
}

size_t
destination_map_count(const struct destination_map *map)
{
	return map->n;
}

struct destination_pattern
destination_map_pattern(const struct destination_map *map, size_t place)
{
	assert(place < map->n);
	return map->patterns[place];
}
