#include "wire/policy_request.h"

#include "base/mem.h"
#include "base/printable.h"

#include <stdbool.h>

#define ACTION_MAX 1000

static const struct {
	const char *name;
	size_t offset;		/* of its span in struct policy_request */
} attributes[] = {
#define ATTRIBUTE(name) { #name, offsetof(struct policy_request, name) }
	ATTRIBUTE(request),
	ATTRIBUTE(protocol_state),
	ATTRIBUTE(client_address),
	ATTRIBUTE(client_port),
	ATTRIBUTE(server_port),
	ATTRIBUTE(helo_name),
	ATTRIBUTE(sender),
	ATTRIBUTE(recipient),
	ATTRIBUTE(recipient_count),
	ATTRIBUTE(queue_id),
	ATTRIBUTE(instance),
	ATTRIBUTE(size),
	ATTRIBUTE(sasl_username),
	ATTRIBUTE(policy_context),
#undef ATTRIBUTE
};

/* The next line, without its end; at NULL when there is no whole one left. */
static struct span
next_line(struct span *rest)
{
	struct span line;

	if (span_find(*rest, '\n') < 0)
		return (struct span){ NULL, 0 };
	line = span_cut(rest, '\n');
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

/*
 * The bytes up to and with the first empty line, 0 when there is none yet.
 * All there is to do for each piece of a request that arrives in many.
 */
static size_t
whole_request(struct span in)
{
	struct span rest = in, line;

	while ((line = next_line(&rest)).at != NULL)
		if (line.len == 0)
			return (size_t)(rest.at - in.at);
	return 0;
}

static bool
set_attribute(struct policy_request *r, struct span line)
{
	struct span value = line;
	const struct span name = span_cut(&value, '=');

	if (name.len == 0 || value.at == NULL)
		return false;
	for (size_t i = 0; i < MW_N_OF(attributes); i++) {
		struct span *known = (struct span *)(void *)
		    ((char *)r + attributes[i].offset);

		if (known->at == NULL &&
		    span_eq(name, span_of(attributes[i].name)))
			*known = value;
	}
	return true;
}

enum policy_read
policy_request_read(struct span in, struct policy_request *out,
    size_t *out_used)
{
	const bool full = in.len >= POLICY_REQUEST_MAX;
	struct span rest = { in.at, full ? POLICY_REQUEST_MAX : in.len };
	const size_t used = whole_request(rest);
	struct policy_request r = { .request = { NULL, 0 } };
	struct span line;
	int n = 0;

	if (used == 0)
		return full ? POLICY_BAD : POLICY_MORE;
	rest.len = used;
	if (span_find(rest, '\0') >= 0)
		return POLICY_BAD;
	while ((line = next_line(&rest)).len > 0)
		if (++n > POLICY_ATTRIBUTES_MAX || !set_attribute(&r, line))
			return POLICY_BAD;
	*out = r;
	*out_used = used;
	return POLICY_DONE;
}

void
policy_reply_write(struct buf *to, struct span action)
{
	char text[ACTION_MAX + 1];

	buf_addf(to, "action=%s\n\n", printable(text, sizeof(text), action));
}
