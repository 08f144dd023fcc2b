#include "base/table.h"

#include "base/chance.h"
#include "base/hash.h"
#include "base/mem.h"

#include <assert.h>

/*
 * A lookup in a large table costs what it touches outside the processor's
 * caches: of a key that is found its slot and its record, of any other a slot.
 * Eight slots to a cache line.
 */
struct slot {
	uint32_t hash;		/* 0: empty */
	uint32_t at;		/* the record */
};

struct table {
	struct slot *slots;
	size_t room, used;	/* room: a power of two */
	char *records;		/* one behind the other: value, length, key */
	uint32_t len, records_room;
	uint64_t seed;		/* of its own */
};

#define KEY_AT (sizeof(uint64_t) + sizeof(uint32_t))
#define ROOM_MIN 16
#define RECORDS_MIN 256

static uint64_t
value_of(const char *record)
{
	uint64_t value;

	memcpy(&value, record, sizeof(value));
	return value;
}

static struct span
key_of(const char *record)
{
	uint32_t len;

	memcpy(&len, record + sizeof(uint64_t), sizeof(len));
	return (struct span){ record + KEY_AT, len };
}

/* The key's slot, or the empty one where it would go. */
static inline struct slot *
find(const struct table *t, struct span key, uint32_t hash)
{
	for (size_t i = hash;; i++) {
		struct slot *slot = &t->slots[i & (t->room - 1)];

		if (slot->hash == 0 || (slot->hash == hash &&
		    span_eq(key, key_of(t->records + slot->at))))
			return slot;
	}
}

/* Make room, and find a place for all that stand there already. */
static void
grow(struct table *t, size_t room)
{
	struct slot *old = t->slots;
	const size_t old_room = t->room, size = room * sizeof(*old);

	/* Cleared in one go: a page that is read first faults once more. */
	t->slots = memset(mem_resize(NULL, size, 1), 0, size);
	t->room = room;
	for (size_t i = 0; i < old_room; i++)
		if (old[i].hash != 0)
			*find(t, key_of(t->records + old[i].at),
			    old[i].hash) = old[i];
	mem_free(old);
}

/* Where the new record is. */
static uint32_t
keep(struct table *t, struct span key, uint64_t value)
{
	const uint32_t at = t->len, len = (uint32_t)key.len;
	char *record;

	assert(at + KEY_AT + key.len <= UINT32_MAX / 2);
	while (at + KEY_AT + len > t->records_room) {
		t->records_room *= 2;
		t->records = mem_resize(t->records, t->records_room, 1);
	}
	record = t->records + at;
	memcpy(record, &value, sizeof(value));
	memcpy(record + sizeof(value), &len, sizeof(len));
	if (len > 0)
		memcpy(record + KEY_AT, key.at, len);
	t->len += (uint32_t)KEY_AT + len;
	return at;
}

struct table *
table_new(void)
{
	struct table *t = mem_new(1, sizeof(*t));

	grow(t, ROOM_MIN);
	t->records_room = RECORDS_MIN;
	t->records = mem_new(t->records_room, 1);
	t->seed = chance_below(UINT32_MAX);
	return t;
}

void
table_free(struct table **t)
{
	if (*t == NULL)
		return;
	mem_free((*t)->slots);
	mem_free((*t)->records);
	mem_free(*t);
	*t = NULL;
}

void
table_expect(struct table *t, size_t more)
{
	size_t room = t->room;

	while (room < 2 * (t->used + more))
		room *= 2;
	if (room > t->room)
		grow(t, room);
}

bool
table_add(struct table *t, struct span key, uint64_t value, uint32_t *out_at)
{
	const uint32_t hash = hash_of(t->seed, key);
	struct slot *slot = find(t, key, hash);
	const bool fresh = slot->hash == 0;

	if (fresh)
		*slot = (struct slot){ hash, keep(t, key, value) };
	if (out_at != NULL)
		*out_at = slot->at;
	if (fresh && ++t->used * 2 > t->room)
		grow(t, 2 * t->room);
	return fresh;
}

bool
table_find(const struct table *t, struct span key, uint32_t *out_at)
{
	const struct slot *slot = find(t, key, hash_of(t->seed, key));

	if (slot->hash == 0)
		return false;
	*out_at = slot->at;
	return true;
}

bool
table_get(const struct table *t, struct span key, uint64_t *out_value)
{
	const struct slot *slot = find(t, key, hash_of(t->seed, key));

	if (slot->hash == 0)
		return false;
	*out_value = value_of(t->records + slot->at);
	return true;
}

struct table_entry
table_at(const struct table *t, uint32_t at)
{
	const char *record = t->records + at;

	return (struct table_entry){ key_of(record), value_of(record) };
}

bool
table_next(const struct table *t, uint32_t *at, struct table_entry *out)
{
	if (*at == t->len)
		return false;
	*out = table_at(t, *at);
	*at += (uint32_t)(KEY_AT + out->key.len);
	return true;
}

size_t
table_count(const struct table *t)
{
	return t->used;
}
