#include "fuzz.h"

#include "wire/http_request.h"

#include <assert.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span in = { (const char *)data, size };
	struct http_request r;
	size_t used = 0;

	if (http_request_read(in, &r, &used) != HTTP_DONE)
		return 0;
	assert(used > 0 && used <= size && used <= HTTP_REQUEST_MAX);
	assert(in.at[used - 1] == '\n');
	assert(r.path.len > 0 && r.path.at[0] == '/');
	assert(r.path.at > in.at && r.path.at + r.path.len < in.at + used);
	assert(span_find(r.path, '?') < 0 && span_find(r.path, ' ') < 0);
	return 0;
}
