#include "core/destination.h"

#include "base/chance.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/table.h"

#include <assert.h>
#include <stdalign.h>
#include <stddef.h>
#include <string.h>

/*
 * The patterns by their key: "contoso.com", and ".contoso.com" for a suffix.
 *
 * What is known of a pattern stands beside its key, as lookups in a large map
 * cost what they touch outside the processor's caches: of a name that is
 * found its slot and its record, of any other a slot.
 *
 * That a new suffix holds no pattern of another destination could be seen by
 * walking over all patterns; to keep adding linear, two more tables say what
 * stands below each parent: the first pattern, and the first one of another
 * destination than that.
 */
struct destination_map {
	struct slot *slots;
	size_t room;		/* of them, a power of two */
	uint64_t seed;
	char *records;		/* one behind the other */
	uint32_t len, records_room;
	uint32_t *places;	/* of the records, in the order they were added */
	uint32_t n, places_room;
	struct table *inside;	/* ".com" -> the first record below it */
	struct table *inside_other;
};

/* Eight of them to a cache line. */
struct slot {
	uint32_t hash;		/* 0: empty */
	uint32_t at;		/* the record */
};

struct record {
	uint32_t destination, tag;
	uint8_t len;
	char key[];
};

#define KEY_MAX (DOMAIN_MAX + 1)
#define RECORD_MAX (sizeof(struct record) + KEY_MAX)
#define ROOM_MIN 16

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

static const struct record *
record_at(const struct destination_map *map, uint32_t at)
{
	return (const struct record *)(const void *)(map->records + at);
}

static struct span
record_key(const struct record *r)
{
	return (struct span){ r->key, r->len };
}

static struct destination_pattern
pattern_of(const struct record *r)
{
	struct span name = record_key(r);
	struct destination_pattern p = {
		.suffix = name.at[0] == '.',
		.destination = r->destination,
		.tag = r->tag,
	};

	if (p.suffix)
		name = span_skip(name, 1);
	memcpy(p.domain.name, name.at, name.len);
	p.domain.len = (uint8_t)name.len;
	return p;
}

/* The key's slot, or the empty one where it would go. */
static struct slot *
find(const struct destination_map *map, struct span key, uint32_t hash)
{
	for (size_t i = hash;; i++) {
		struct slot *slot = &map->slots[i & (map->room - 1)];

		if (slot->hash == 0 || (slot->hash == hash && span_eq(key,
		    record_key(record_at(map, slot->at)))))
			return slot;
	}
}

/* The key's record, NULL for none. */
static const struct record *
look(const struct destination_map *map, struct span key)
{
	const struct slot *slot = find(map, key, hash_of(map->seed, key));

	return slot->hash != 0 ? record_at(map, slot->at) : NULL;
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

/* Make room, and find a place for all that stand there already. */
static void
grow(struct destination_map *map, size_t room)
{
	struct slot *old = map->slots;
	const size_t old_room = map->room, size = room * sizeof(*old);

	/* Cleared in one go: a page that is read first faults once more. */
	map->slots = memset(mem_resize(NULL, size, 1), 0, size);
	map->room = room;
	for (size_t i = 0; i < old_room; i++)
		if (old[i].hash != 0)
			*find(map, record_key(record_at(map, old[i].at)),
			    old[i].hash) = old[i];
	mem_free(old);
}

/* The record that a table has for key, if it is of another destination. */
static const struct record *
below(const struct destination_map *map, const struct table *table,
    struct span key, uint32_t destination)
{
	const struct record *r;
	uint64_t at;

	if (!table_get(table, key, &at))
		return NULL;
	r = record_at(map, (uint32_t)at);
	return r->destination != destination ? r : NULL;
}

/* What stands inside a new pattern, or around it, of another destination. */
static const struct record *
overlap(const struct destination_map *map,
    const struct destination_pattern *pattern, struct span key)
{
	const uint32_t destination = pattern->destination;
	const struct record *other = NULL;

	if (pattern->suffix)
		other = below(map, map->inside, key, destination);
	if (pattern->suffix && other == NULL)
		other = below(map, map->inside_other, key, destination);
	while (other == NULL && to_parent(&key)) {
		other = look(map, key);
		if (other != NULL && other->destination == destination)
			other = NULL;
	}
	return other;
}

static void
tell_parents(struct destination_map *map, struct span key, uint32_t at)
{
	const uint32_t destination = record_at(map, at)->destination;
	uint32_t first;

	while (to_parent(&key))
		if (!table_add(map->inside, key, at, &first) &&
		    record_at(map, (uint32_t)table_at(map->inside,
		    first).value)->destination != destination)
			table_add(map->inside_other, key, at, NULL);
}

/* Where the new record is. */
static uint32_t
keep(struct destination_map *map, struct span key,
    const struct destination_pattern *pattern)
{
	const size_t align = alignof(struct record);
	const size_t size = (offsetof(struct record, key) + key.len + align -
	    1) / align * align;
	const uint32_t at = map->len;
	struct record *r;

	assert(size <= UINT32_MAX / 4 - at);
	if (at + size > map->records_room) {
		map->records_room = 2 * map->records_room + RECORD_MAX;
		map->records = mem_resize(map->records, map->records_room, 1);
	}
	if (map->n == map->places_room) {
		map->places_room = 2 * map->places_room + ROOM_MIN;
		map->places = mem_resize(map->places, map->places_room,
		    sizeof(map->places[0]));
	}
	r = (struct record *)(void *)(map->records + at);
	r->destination = pattern->destination;
	r->tag = pattern->tag;
	r->len = (uint8_t)key.len;
	memcpy(r->key, key.at, key.len);
	map->len += (uint32_t)size;
	map->places[map->n++] = at;
	return at;
}

struct destination_map *
destination_map_new(void)
{
	struct destination_map *map = mem_new(1, sizeof(*map));

	map->seed = chance_below(UINT32_MAX);
	grow(map, ROOM_MIN);
	map->inside = table_new();
	map->inside_other = table_new();
	return map;
}

void
destination_map_free(struct destination_map **map)
{
	if (*map == NULL)
		return;
	mem_free((*map)->slots);
	mem_free((*map)->records);
	mem_free((*map)->places);
	table_free(&(*map)->inside);
	table_free(&(*map)->inside_other);
	mem_free(*map);
	*map = NULL;
}

void
destination_map_expect(struct destination_map *map, size_t more)
{
	size_t room = map->room;

	while (room < 2 * (map->n + more))
		room *= 2;
	if (room > map->room)
		grow(map, room);
}

bool
destination_map_add(struct destination_map *map,
    const struct destination_pattern *pattern,
    struct destination_pattern *out_other)
{
	char text[KEY_MAX];
	const struct span key = key_of(pattern, text);
	const uint32_t hash = hash_of(map->seed, key);
	struct slot *slot = find(map, key, hash);
	const struct record *other = slot->hash != 0 ?
	    record_at(map, slot->at) : overlap(map, pattern, key);

	if (other != NULL) {
		*out_other = pattern_of(other);
		return false;
	}
	*slot = (struct slot){ hash, keep(map, key, pattern) };
	tell_parents(map, key, slot->at);
	if (2 * map->n > map->room)
		grow(map, 2 * map->room);
	return true;
}

int
destination_map_find(const struct destination_map *map,
    const struct domain *domain)
{
	struct span key = domain_span(domain);
	const struct record *r;

	do {
		r = look(map, key);
		if (r != NULL)
			return (int)r->destination;
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
	return pattern_of(record_at(map, map->places[place]));
}

struct span
destination_map_key(const struct destination_map *map, size_t place,
    uint32_t *out_destination)
{
	const struct record *r;

	assert(place < map->n);
	r = record_at(map, map->places[place]);
	*out_destination = r->destination;
	return record_key(r);
}
