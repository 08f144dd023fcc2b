#include "fuzz.h"

#include "wire/netstring.h"

#include <assert.h>

#define PAYLOAD_MAX 200

/* Written again, a netstring is byte for byte what it was. */
static void
check_round_trip(struct span in, struct span payload, size_t used)
{
	struct buf again = buf_new(PAYLOAD_MAX + 16);

	assert(payload.len <= PAYLOAD_MAX && used <= in.len);
	netstring_write(&again, payload);
	assert(!buf_overflowed(&again));
	assert(span_eq(buf_span(&again), (struct span){ in.at, used }));
	buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span in = { (const char *)data, size };
	enum netstring_state whole, part = NETSTRING_MORE;
	struct span payload = { NULL, 0 }, payload_part = { NULL, 0 };
	size_t used = 0, used_part = 0;

	whole = netstring_read(in, PAYLOAD_MAX, &payload, &used);
	if (whole == NETSTRING_DONE)
		check_round_trip(in, payload, used);
	for (size_t n = 0; part == NETSTRING_MORE && n <= size; n++)
		part = netstring_read((struct span){ in.at, n }, PAYLOAD_MAX,
		    &payload_part, &used_part);
	assert(part == whole && used_part == used);
	assert(span_eq(payload_part, payload));
	return 0;
}
