/*
 * table - a hash table from bytes to a small number.
 *
 * Keys are copied into one block. It only grows: made from a configuration,
 * then read. Lookups allocate nothing and may run in many threads at once.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

struct table;

struct table *table_new(void);
void table_free(struct table **t);
/*
 * Add key -> value. Returns true when the key was new; false when it stood
 * there already, which then stays and is reported in *out_old (may be NULL).
 */
bool table_add(struct table *t, struct span key, uint32_t value,
    uint32_t *out_old);
/* True and *out_value when key is there. */
bool table_get(const struct table *t, struct span key, uint32_t *out_value);
size_t table_count(const struct table *t);

#endif
