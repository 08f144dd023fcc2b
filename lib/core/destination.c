#include "core/destination.h"

#include "base/mem.h"
#include "base/table.h"

#include <assert.h>
#include <stdio.h>

/*
 * The patterns by their key: "contoso.com", and ".contoso.com" for a suffix.
 * That a new suffix holds no pattern of another destination could be seen by
 * walking over all patterns; to keep adding linear, two more tables say what
 * stands below each parent: the first pattern, and the first one of another
 * destination than that.
 */
struct destination_map {
	struct entry *entries;
	uint32_t n, room;
	struct table *keys;	/* key -> entry */
	struct table *inside;	/* ".com" -> the first entry below it */
	struct table *inside_other;
};

struct entry {
	char *key;
	uint32_t destination, tag;
};

#define KEY_MAX (DOMAIN_MAX + 1)

static struct span
key_of(const struct destination_pattern *pattern, char dst[KEY_MAX + 1])
{
	snprintf(dst, KEY_MAX + 1, "%s%s", pattern->suffix ? "." : "",
	    pattern->domain.name);
	return span_of(dst);
}

static struct destination_pattern
pattern_of(const struct entry *entry)
{
	struct destination_pattern p = {
		.suffix = entry->key[0] == '.',
		.destination = entry->destination,
		.tag = entry->tag,
	};
	const struct span name = span_of(entry->key + (p.suffix ? 1 : 0));

	memcpy(p.domain.name, name.at, name.len);
	p.domain.len = (uint8_t)name.len;
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

/* Is key in the table, with an entry of another destination? */
static bool
of_other(const struct destination_map *map, const struct table *table,
    struct span key, uint32_t destination, uint32_t *out)
{
	return table_get(table, key, out) &&
	    map->entries[*out].destination != destination;
}

static bool
collides(const struct destination_map *map,
    const struct destination_pattern *pattern, struct span key,
    uint32_t *out)
{
	const uint32_t destination = pattern->destination;

	if (table_get(map->keys, key, out))
		return true;
	if (pattern->suffix &&
	    (of_other(map, map->inside, key, destination, out) ||
	    of_other(map, map->inside_other, key, destination, out)))
		return true;
	while (to_parent(&key))
		if (of_other(map, map->keys, key, destination, out))
			return true;
	return false;
}

static void
tell_parents(struct destination_map *map, struct span key, uint32_t entry)
{
	const uint32_t destination = map->entries[entry].destination;
	uint32_t first;

	while (to_parent(&key))
		if (!table_add(map->inside, key, entry, &first) &&
		    map->entries[first].destination != destination)
			table_add(map->inside_other, key, entry, NULL);
}

static uint32_t
keep_entry(struct destination_map *map, struct entry entry)
{
	if (map->n == map->room) {
		map->room = map->room > 0 ? map->room * 2 : 16;
		map->entries = mem_resize(map->entries, map->room,
		    sizeof(*map->entries));
	}
	map->entries[map->n] = entry;
	return map->n++;
}

struct destination_map *
destination_map_new(void)
{
	struct destination_map *map = mem_new(1, sizeof(*map));

	map->keys = table_new();
	map->inside = table_new();
	map->inside_other = table_new();
	return map;
}

void
destination_map_free(struct destination_map **map)
{
	if (*map == NULL)
		return;
	for (uint32_t i = 0; i < (*map)->n; i++)
		mem_free((*map)->entries[i].key);
	mem_free((*map)->entries);
	table_free(&(*map)->keys);
	table_free(&(*map)->inside);
	table_free(&(*map)->inside_other);
	mem_free(*map);
	*map = NULL;
}

bool
destination_map_add(struct destination_map *map,
    const struct destination_pattern *pattern,
    struct destination_pattern *out_other)
{
	char text[KEY_MAX + 1];
	const struct span key = key_of(pattern, text);
	uint32_t entry;

	if (collides(map, pattern, key, &entry)) {
		*out_other = pattern_of(&map->entries[entry]);
		return false;
	}
	entry = keep_entry(map, (struct entry){
		.key = mem_dup(text),
		.destination = pattern->destination,
		.tag = pattern->tag,
	});
	table_add(map->keys, key, entry, NULL);
	tell_parents(map, key, entry);
	return true;
}

int
destination_map_find(const struct destination_map *map,
    const struct domain *domain)
{
	struct span key = domain_span(domain);
	uint32_t entry;

	do {
		if (table_get(map->keys, key, &entry))
			return (int)map->entries[entry].destination;
	} while (to_parent(&key));
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
	return pattern_of(&map->entries[place]);
}
