#include "fuzz.h"

#include "core/destination.h"
#include "core/domain.h"

#include <assert.h>
#include <string.h>

static void
check_domain(const struct domain *d)
{
	struct domain again;

	assert(d->len > 0 && d->len == strlen(d->name));
	assert(d->name[0] != '.' && d->name[d->len - 1] != '.');
	assert(strspn(d->name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") ==
	    d->len);
	assert(domain_parse(domain_span(d), &again));
	assert(span_eq(domain_span(&again), domain_span(d)));
}

static void
check_destination(const struct domain *d)
{
	struct destination_map *map = destination_map_new();
	struct destination_pattern p = { .domain = *d, .suffix = true }, other;

	assert(destination_map_add(map, &p, &other));
	assert(!destination_map_add(map, &p, &other));
	assert(destination_map_find(map, d) == -1);
	p = (struct destination_pattern){ .domain = *d, .destination = 1 };
	assert(destination_map_add(map, &p, &other));
	assert(destination_map_find(map, d) == 1);
	destination_map_free(&map);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span in = { (const char *)data, size };
	struct domain d;

	if (domain_parse(in, &d)) {
		check_domain(&d);
		check_destination(&d);
	}
	if (domain_of_address(in, &d))
		check_domain(&d);
	return 0;
}
