#include "core/destination.h"

#include "base/mem.h"
#include "base/table.h"

#include <string.h>

/*
 * That a new suffix holds no pattern of another destination could be seen by
 * walking over all patterns; to keep adding linear, two more tables say what
 * stands below each parent: the first pattern, and the first one of another
 * destination than that.
 */
struct destination_map {
	struct table *patterns;	/* "contoso.com", ".contoso.com" for a suffix */
	struct table *inside;	/* ".com" -> the first pattern below it */
	struct table *inside_other;
};

#define KEY_MAX (DOMAIN_MAX + 1)

/* A table's number is two: its lower half is the destination, ... */
static uint64_t
pair(uint32_t destination, uint32_t other)
{
	return (uint64_t)other << 32 | destination;
}

static uint32_t
destination_of(uint64_t value)
{
	return (uint32_t)value;
}

/* ... the other one a pattern's tag, or where the pattern inside stands. */
static uint32_t
other_half(uint64_t value)
{
	return (uint32_t)(value >> 32);
}

static struct span
key_of(const struct destination_pattern *pattern, char dst[KEY_MAX])
{
	const struct span name = domain_span(&pattern->domain);

	if (!pattern->suffix)
		return name;
	dst[0] = '.';
	memcpy(dst + 1, name.at, name.len);
	return (struct span){ dst, name.len + 1 };
}

static struct destination_pattern
pattern_of(struct table_entry e)
{
	struct destination_pattern p = {
		.suffix = e.key.at[0] == '.',
		.destination = destination_of(e.value),
		.tag = other_half(e.value),
	};

	if (p.suffix)
		e.key = span_skip(e.key, 1);
	memcpy(p.domain.name, e.key.at, e.key.len);
	p.domain.len = (uint8_t)e.key.len;
	return p;
}

/* From "a.contoso.com" or ".a.contoso.com" to ".contoso.com", the nearest
 * suffix that holds it; false at the top. */
static bool
to_parent(struct span *key)
{
	const char *dot = memchr(key->at + 1, '.', key->len - 1);

	if (dot == NULL)
		return false;
	key->len -= (size_t)(dot - key->at);
	key->at = dot;
	return true;
}

/* What a table says stands below key, if it is of another destination. */
static bool
below(const struct table *table, struct span key, uint32_t destination,
    uint32_t *out_at)
{
	uint64_t value;

	if (!table_get(table, key, &value) ||
	    destination_of(value) == destination)
		return false;
	*out_at = other_half(value);
	return true;
}

/* What stands inside a new pattern, or around it, of another destination. */
static bool
overlap(const struct destination_map *map,
    const struct destination_pattern *pattern, struct span key,
    uint32_t *out_at)
{
	const uint32_t destination = pattern->destination;

	if (pattern->suffix && (below(map->inside, key, destination, out_at) ||
	    below(map->inside_other, key, destination, out_at)))
		return true;
	while (to_parent(&key))
		if (table_find(map->patterns, key, out_at) && destination_of(
		    table_at(map->patterns, *out_at).value) != destination)
			return true;
	return false;
}

static void
tell_parents(struct destination_map *map, struct span key, uint64_t value)
{
	uint32_t first;

	while (to_parent(&key))
		if (!table_add(map->inside, key, value, &first) &&
		    destination_of(table_at(map->inside, first).value) !=
		    destination_of(value))
			table_add(map->inside_other, key, value, NULL);
}

struct destination_map *
destination_map_new(void)
{
	struct destination_map *map = mem_new(1, sizeof(*map));

	map->patterns = table_new();
	map->inside = table_new();
	map->inside_other = table_new();
	return map;
}

void
destination_map_free(struct destination_map **map)
{
	if (*map == NULL)
		return;
	table_free(&(*map)->patterns);
	table_free(&(*map)->inside);
	table_free(&(*map)->inside_other);
	mem_free(*map);
	*map = NULL;
}

void
destination_map_expect(struct destination_map *map, size_t more)
{
	table_expect(map->patterns, more);
}

bool
destination_map_add(struct destination_map *map,
    const struct destination_pattern *pattern,
    struct destination_pattern *out_other)
{
	const uint32_t destination = pattern->destination;
	char text[KEY_MAX];
	const struct span key = key_of(pattern, text);
	uint32_t at;

	if (overlap(map, pattern, key, &at)) {
		/* The same one again is told rather than its neighbour. */
		(void)table_find(map->patterns, key, &at);
	} else if (table_add(map->patterns, key,
	    pair(destination, pattern->tag), &at)) {
		tell_parents(map, key, pair(destination, at));
		return true;
	}
	*out_other = pattern_of(table_at(map->patterns, at));
	return false;
}

int
destination_map_find(const struct destination_map *map,
    const struct domain *domain)
{
	struct span key = domain_span(domain);
	uint64_t value;

	do {
		if (table_get(map->patterns, key, &value))
			return (int)destination_of(value);
	} while (to_parent(&key));
	return -1;
}

size_t
destination_map_count(const struct destination_map *map)
{
	return table_count(map->patterns);
}

bool
destination_map_next(const struct destination_map *map, uint32_t *at,
    struct destination_pattern *out)
{
	struct table_entry e;

	if (!table_next(map->patterns, at, &e))
		return false;
	*out = pattern_of(e);
	return true;
}

bool
destination_map_next_key(const struct destination_map *map, uint32_t *at,
    struct span *out_key, uint32_t *out_destination)
{
	struct table_entry e;

	if (!table_next(map->patterns, at, &e))
		return false;
	*out_key = e.key;
	*out_destination = destination_of(e.value);
	return true;
}
