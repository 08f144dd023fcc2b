#include "base/table.h"

#include "base/chance.h"
#include "base/hash.h"
#include "base/mem.h"

#include <assert.h>

/* Four of them to a cache line: most lookups touch one line of these. */
struct slot {
	uint32_t hash;		/* 0: empty */
	uint32_t at, len;	/* the key, in the block */
	uint32_t value;
};

struct table {
	struct slot *slots;
	size_t room, used;	/* room: a power of two */
	char *keys;
	size_t keys_len, keys_room;
	uint64_t seed;		/* of its own */
};

#define ROOM_MIN 16
#define KEYS_MIN 256

/* The key's slot, or the empty one where it would go. */
static struct slot *
find(const struct table *t, struct span key, uint32_t hash)
{
	for (size_t i = hash & (t->room - 1);; i = (i + 1) & (t->room - 1)) {
		struct slot *slot = &t->slots[i];

		if (slot->hash == 0)
			return slot;
		if (slot->hash == hash && span_eq(key, (struct span){
		    t->keys + slot->at, slot->len }))
			return slot;
	}
}

static void
grow(struct table *t)
{
	struct slot *old = t->slots;
	const size_t room = t->room;

	t->room = room * 2;
	t->slots = mem_new(t->room, sizeof(*t->slots));
	for (size_t i = 0; i < room; i++)
		if (old[i].hash != 0)
			*find(t, (struct span){ t->keys + old[i].at,
			    old[i].len }, old[i].hash) = old[i];
	mem_free(old);
}

static uint32_t
keep_key(struct table *t, struct span key)
{
	const size_t at = t->keys_len;

	assert(at + key.len <= UINT32_MAX);
	while (at + key.len > t->keys_room) {
		t->keys_room *= 2;
		t->keys = mem_resize(t->keys, t->keys_room, 1);
	}
	if (key.len > 0)
		memcpy(t->keys + at, key.at, key.len);
	t->keys_len += key.len;
	return (uint32_t)at;
}

struct table *
table_new(void)
{
	struct table *t = mem_new(1, sizeof(*t));

	t->room = ROOM_MIN;
	t->slots = mem_new(t->room, sizeof(*t->slots));
	t->keys_room = KEYS_MIN;
	t->keys = mem_new(t->keys_room, 1);
	t->seed = chance_below(UINT32_MAX);
	return t;
}

void
table_free(struct table **t)
{
	if (*t == NULL)
		return;
	mem_free((*t)->slots);
	mem_free((*t)->keys);
	mem_free(*t);
	*t = NULL;
}

bool
table_add(struct table *t, struct span key, uint32_t value, uint32_t *out_old)
{
	const uint32_t hash = hash_of(t->seed, key);
	struct slot *slot = find(t, key, hash);

	if (slot->hash != 0) {
		if (out_old != NULL)
			*out_old = slot->value;
		return false;
	}
	*slot = (struct slot){
		.hash = hash, .at = keep_key(t, key),
		.len = (uint32_t)key.len, .value = value,
	};
	if (++t->used * 2 > t->room)
		grow(t);
	return true;
}

bool
table_get(const struct table *t, struct span key, uint32_t *out_value)
{
	const struct slot *slot = find(t, key, hash_of(t->seed, key));

	if (slot->hash == 0)
		return false;
	*out_value = slot->value;
	return true;
}

size_t
table_count(const struct table *t)
{
	return t->used;
}
