/*
 * destination - which destination a recipient domain belongs to.
 *
 * A map from domains ("contoso.com") and suffixes (".contoso.com": every
 * subdomain, not the domain itself) to destination indices. Made once, then
 * read by many threads. 100,000 domains match in well under a microsecond:
 * one lookup for the name and one for each of its parents.
 */
#ifndef CORE_DESTINATION_H
#define CORE_DESTINATION_H

#include "core/domain.h"

#include <stdbool.h>
#include <stdint.h>

struct destination_map;

struct destination_map *destination_map_new(void);
void destination_map_free(struct destination_map **map);

/* tag: whatever the caller wants back about the pattern, e.g. a line number */
struct destination_pattern {
	struct domain domain;	/* without the leading dot */
	bool suffix;
	uint32_t destination;
	uint32_t tag;
};
/* So many more will be added, about: they are added faster then. */
void destination_map_expect(struct destination_map *map, size_t more);
/*
 * Add a pattern. False when it overlaps one that stands there already: the
 * same pattern twice, or one inside the suffix of another destination. Then
 * *out_other is the one it collides with and the map is unchanged.
 */
bool destination_map_add(struct destination_map *map,
    const struct destination_pattern *pattern,
    struct destination_pattern *out_other);
/* The destination of a domain, exact before the longest suffix; -1 for none. */
int destination_map_find(const struct destination_map *map,
    const struct domain *domain);
size_t destination_map_count(const struct destination_map *map);
/* The patterns in the order they were added: *at is 0 before the first. */
bool destination_map_next(const struct destination_map *map, uint32_t *at,
    struct destination_pattern *out);
/* The same in short: its text as an administrator writes it. */
bool destination_map_next_key(const struct destination_map *map, uint32_t *at,
    struct span *out_key, uint32_t *out_destination);

#endif
