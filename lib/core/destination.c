#include "core/destination.h"

#include "base/mem.h"
#include "base/table.h"

#include <assert.h>
#include <string.h>

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
	char *text;		/* of all keys, one behind the other */
	uint32_t len, text_room;
	struct table *keys;	/* key -> entry */
	struct table *inside;	/* ".com" -> the first entry below it */
	struct table *inside_other;
};

struct entry {
	uint32_t at, len;	/* the key's, in the text */
	uint32_t destination, tag;
};

#define KEY_MAX (DOMAIN_MAX + 1)

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

static struct span
entry_key(const struct destination_map *map, const struct entry *entry)
{
	return (struct span){ map->text + entry->at, entry->len };
}

static struct destination_pattern
pattern_of(const struct destination_map *map, const struct entry *entry)
{
	struct span name = entry_key(map, entry);
	struct destination_pattern p = {
		.suffix = name.at[0] == '.',
		.destination = entry->destination,
		.tag = entry->tag,
	};

	if (p.suffix)
		name = span_skip(name, 1);
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
keep_text(struct destination_map *map, struct span key)
{
	const uint32_t at = map->len;

	assert(key.len <= UINT32_MAX / 4 - at);
	if (at + key.len > map->text_room) {
		map->text_room = 2 * map->text_room + KEY_MAX;
		map->text = mem_resize(map->text, map->text_room, 1);
	}
	memcpy(map->text + at, key.at, key.len);
	map->len += (uint32_t)key.len;
	return at;
}

static uint32_t
keep_entry(struct destination_map *map, struct span key,
    const struct destination_pattern *pattern)
{
	if (map->n == map->room) {
		map->room = map->room > 0 ? map->room * 2 : 16;
		map->entries = mem_resize(map->entries, map->room,
		    sizeof(*map->entries));
	}
	map->entries[map->n] = (struct entry){
		.at = keep_text(map, key),
		.len = (uint32_t)key.len,
		.destination = pattern->destination,
		.tag = pattern->tag,
	};
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
	mem_free((*map)->text);
	mem_free((*map)->entries);
	table_free(&(*map)->keys);
	table_free(&(*map)->inside);
	table_free(&(*map)->inside_other);
	mem_free(*map);
	*map = NULL;
}

void
destination_map_expect(struct destination_map *map, size_t more)
{
	table_expect(map->keys, more);
}

bool
destination_map_add(struct destination_map *map,
    const struct destination_pattern *pattern,
    struct destination_pattern *out_other)
{
	char text[KEY_MAX];
	const struct span key = key_of(pattern, text);
	uint32_t entry;

	if (collides(map, pattern, key, &entry)) {
		*out_other = pattern_of(map, &map->entries[entry]);
		return false;
	}
	entry = keep_entry(map, key, pattern);
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
	return pattern_of(map, &map->entries[place]);
}

struct span
destination_map_key(const struct destination_map *map, size_t place,
    uint32_t *out_destination)
{
	assert(place < map->n);
	*out_destination = map->entries[place].destination;
	return entry_key(map, &map->entries[place]);
}
