#include "fuzz.h"

#include "base/printable.h"
#include "wire/policy_request.h"

#include <assert.h>

static void
check_inside(struct span s, struct span in)
{
	assert(s.at == NULL ? s.len == 0 :
	    s.at >= in.at && s.at + s.len <= in.at + in.len);
	assert(span_find(s, '\0') < 0 && span_find(s, '\n') < 0);
}

static void
check_request(const struct policy_request *r, struct span in)
{
	check_inside(r->request, in);
	check_inside(r->protocol_state, in);
	check_inside(r->client_address, in);
	check_inside(r->client_port, in);
	check_inside(r->server_port, in);
	check_inside(r->helo_name, in);
	check_inside(r->sender, in);
	check_inside(r->recipient, in);
	check_inside(r->recipient_count, in);
	check_inside(r->queue_id, in);
	check_inside(r->instance, in);
	check_inside(r->size, in);
	check_inside(r->sasl_username, in);
	check_inside(r->policy_context, in);
}

/* It is complete with its last byte, not before, and what follows is not
 * looked at. */
static void
check_end(struct span in, size_t used)
{
	struct policy_request r;
	size_t again = 0;

	assert(used > 0 && used <= in.len && used <= POLICY_REQUEST_MAX);
	assert(in.at[used - 1] == '\n');
	assert(policy_request_read((struct span){ in.at, used - 1 }, &r,
	    &again) == POLICY_MORE);
	assert(policy_request_read((struct span){ in.at, used }, &r,
	    &again) == POLICY_DONE);
	assert(again == used);
}

static void
check_reply(struct span action)
{
	struct buf b = buf_new(2000);
	struct span line;

	policy_reply_write(&b, action);
	assert(!buf_overflowed(&b));
	line = buf_span(&b);
	assert(span_starts(line, SPAN("action=")));
	assert(span_ends_fold(line, SPAN("\n\n")));
	line.len -= 2;
	assert(printable_all(line));
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span in = { (const char *)data, size };
	struct policy_request r;
	size_t used = 0;

	if (policy_request_read(in, &r, &used) == POLICY_DONE) {
		check_request(&r, (struct span){ in.at, used });
		check_end(in, used);
	}
	check_reply(in);
	return 0;
}
