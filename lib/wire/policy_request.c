#include "wire/policy_request.h"

#include "base/mem.h"
#include "base/printable.h"

#include <stddef.h>

static const struct {
	const char *name;
	size_t offset;
} attributes[] = {
#define ATTRIBUTE(name) { #name, offsetof(struct policy_request, name) }
	ATTRIBUTE(request), ATTRIBUTE(protocol_state),
	ATTRIBUTE(client_address), ATTRIBUTE(client_port),
	ATTRIBUTE(server_port), ATTRIBUTE(helo_name), ATTRIBUTE(sender),
	ATTRIBUTE(recipient), ATTRIBUTE(recipient_count),
	ATTRIBUTE(queue_id), ATTRIBUTE(instance), ATTRIBUTE(size),
	ATTRIBUTE(sasl_username), ATTRIBUTE(policy_context),
#undef ATTRIBUTE
};

static void
keep(struct policy_request *r, struct span name, struct span value)
{
	for (size_t i = 0; i < MW_N_OF(attributes); i++) {
		struct span *field;

		if (!span_eq(name, span_of(attributes[i].name)))
			continue;
		field = (struct span *)((char *)r + attributes[i].offset);
		if (field->at == NULL)
			*field = value;
		return;
	}
}

/* The line at the start of *rest, without its end; false when it has none. */
static bool
cut_line(struct span *rest, struct span *out)
{
	if (span_find(*rest, '\n') < 0)
		return false;
	*out = span_cut(rest, '\n');
	if (out->len > 0 && out->at[out->len - 1] == '\r')
		out->len--;
	return true;
}

enum policy_read
policy_request_read(struct span in, struct policy_request *out,
    size_t *out_used)
{
	struct policy_request r = { 0 };
	struct span rest = in, line;

	if (span_find(in, '\0') >= 0)
		return POLICY_BAD;
	for (int n = 0; cut_line(&rest, &line); n++) {
		struct span value = line;
		const struct span name = span_cut(&value, '=');

		if ((size_t)(rest.at - in.at) > POLICY_REQUEST_MAX)
			return POLICY_BAD;
		if (line.len == 0) {
			*out = r;
			*out_used = (size_t)(rest.at - in.at);
			return POLICY_DONE;
		}
		if (value.at == NULL || name.len == 0 ||
		    n == POLICY_ATTRIBUTES_MAX)
			return POLICY_BAD;
		keep(&r, name, value);
	}
	return in.len >= POLICY_REQUEST_MAX ? POLICY_BAD : POLICY_MORE;
}

void
policy_reply_write(struct buf *to, struct span action)
{
	char safe[POLICY_ACTION_MAX + 1];

	buf_addf(to, "action=%s\n\n",
	    printable(safe, sizeof(safe), action));
}
