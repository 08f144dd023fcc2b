#include "fuzz.h"

#include "base/printable.h"
#include "wire/netstring.h"
#include "wire/socketmap.h"

#include <assert.h>

static void
check_request(struct span payload)
{
	struct socketmap_request r;

	if (!socketmap_request_parse(payload, &r))
		return;
	assert(r.map.len > 0 && r.map.at == payload.at);
	assert(r.key.at == r.map.at + r.map.len + 1);
	assert(r.map.len + 1 + r.key.len == payload.len);
	assert(span_find(r.map, ' ') < 0 && span_find(payload, '\0') < 0);
}

/* Whatever text an answer is given: one netstring, printable. */
static void
check_reply(enum socketmap_answer answer, struct span text)
{
	struct buf b = buf_new(2 * SOCKETMAP_REQUEST_MAX);
	struct span payload = { NULL, 0 };
	size_t used = 0;

	socketmap_reply_write(&b, answer, text);
	assert(!buf_overflowed(&b));
	assert(netstring_read(buf_span(&b), SOCKETMAP_REQUEST_MAX, &payload,
	    &used) == NETSTRING_DONE);
	assert(used == b.len && printable_all(payload));
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span in = { (const char *)data, size };

	check_request(in);
	for (int answer = SOCKETMAP_OK; answer <= SOCKETMAP_PERM; answer++)
		check_reply((enum socketmap_answer)answer, in);
	return 0;
}
