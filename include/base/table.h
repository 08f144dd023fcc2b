/*
 * table - a hash table from bytes to a number.
 *
 * Each key is copied, with its number, behind the one that was added before
 * it: where that is stays true as long as the table is there. It only grows:
 * made from a configuration, then read. Lookups allocate nothing and may run in
 * many threads at once.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

struct table;

struct table_entry {
	struct span key;	/* valid until the next is added */
	uint64_t value;
};

struct table *table_new(void);
void table_free(struct table **t);
/* So many more will be added, about: they are added faster then. */
void table_expect(struct table *t, size_t more);
/*
 * Add key -> value. Returns true when the key was new; false when it stood
 * there already, which then stays. *out_at (may be NULL): where it stands.
 */
bool table_add(struct table *t, struct span key, uint64_t value,
    uint32_t *out_at);
/* True and *out_value when key is there. */
bool table_get(const struct table *t, struct span key, uint64_t *out_value);
/* ... *out_at: where. */
bool table_find(const struct table *t, struct span key, uint32_t *out_at);
struct table_entry table_at(const struct table *t, uint32_t at);
/* The entries in the order they were added: *at is 0 before the first. */
bool table_next(const struct table *t, uint32_t *at, struct table_entry *out);
size_t table_count(const struct table *t);

#endif
