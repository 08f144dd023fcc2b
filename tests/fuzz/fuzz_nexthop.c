#include "fuzz.h"

#include "base/printable.h"
#include "core/route.h"

#include <assert.h>
#include <string.h>

static const struct upstream upstreams[] = {
	{ .name = "filter", .nexthops = { "[filter.test]:25", "[.pool.test]:25" },
	    .n_nexthops = 2 },
	{ .name = "direct", .mx = true },
};
static const struct destination destination = {
	.name = "contoso", .n_routes = 2,
	.routes = { { .upstream = 0 }, { .upstream = 1 } },
};
static const struct plan plan = {
	.upstreams = upstreams, .n_upstreams = 2,
	.destinations = &destination, .n_destinations = 1, .catch_all = -1,
};

/* One spelling: what was normalised stays as it is, and means the same. */
static void
check_normal(struct span in, const char *normal)
{
	const struct span text = span_of(normal);
	char again[NEXTHOP_MAX + 1];

	assert(text.len > 0 && text.len <= NEXTHOP_MAX);
	assert(printable_all(text) && span_find(text, ' ') < 0);
	assert(route_nexthop(text, again) && strcmp(again, normal) == 0);
	assert(route_find(&plan, &destination, in) ==
	    route_find(&plan, &destination, text));
}

/* As a lane gives a next hop, and as the mail log names a host. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span in = { (const char *)data, size };
	struct span address = in;
	const struct span host = span_cut(&address, '[');
	char normal[NEXTHOP_MAX + 1];

	if (route_nexthop(in, normal))
		check_normal(in, normal);
	else
		assert(route_find(&plan, &destination, in) < 0);
	assert(route_find_host(&plan, &destination, host, address, 25) < 2);
	assert(route_find_mx(&plan, &destination, in) < 2);
	return 0;
}
