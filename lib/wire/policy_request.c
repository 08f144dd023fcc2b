#include "wire/policy_request.h"

#include "base/mem.h"
#include "base/printable.h"

#include <stdbool.h>

#define ACTION_MAX 1000

static const struct {
	struct span name;
	size_t offset;		/* of its span in struct policy_request */
} attributes[] = {
#define ATTRIBUTE(name) { SPAN(#name), offsetof(struct policy_request, name) }
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
	const ptrdiff_t end = span_find(*rest, '\n');
	struct span line = { NULL, 0 };

	if (end < 0)
		return line;
	line = (struct span){ rest->at, (size_t)end };
	*rest = span_skip(*rest, line.len + 1);
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

/*
 * Is there an empty line? Most requests end with theirs, and nothing comes
 * behind it. Else this is all there is to do for each piece of a request that
 * arrives in many.
 */
static bool
is_whole(struct span in)
{
	struct span line;

	if (in.len >= 2 && memcmp(in.at + in.len - 2, "\n\n", 2) == 0)
		return true;
	while ((line = next_line(&in)).at != NULL)
		if (line.len == 0)
			return true;
	return false;
}

/* Where the value of this name goes, NULL for nowhere. */
static struct span *
place_of(struct policy_request *r, struct span name)
{
	for (size_t i = 0; i < MW_N_OF(attributes); i++)
		if (attributes[i].name.len == name.len &&
		    memcmp(attributes[i].name.at, name.at, name.len) == 0)
			return (struct span *)(void *)
			    ((char *)r + attributes[i].offset);
	return NULL;
}

static bool
set_attribute(struct policy_request *r, struct span line)
{
	const ptrdiff_t equals = span_find(line, '=');
	struct span *place;

	if (equals < 1)
		return false;
	place = place_of(r, (struct span){ line.at, (size_t)equals });
	if (place != NULL && place->at == NULL)
		*place = span_skip(line, (size_t)equals + 1);
	return true;
}

enum policy_read
policy_request_read(struct span in, struct policy_request *out,
    size_t *out_used)
{
	const bool full = in.len >= POLICY_REQUEST_MAX;
	struct span rest = { in.at, full ? POLICY_REQUEST_MAX : in.len };
	struct policy_request r = { .request = { NULL, 0 } };
	struct span line;
	size_t used;
	int n = 0;

	if (!is_whole(rest))
		return full ? POLICY_BAD : POLICY_MORE;
	while ((line = next_line(&rest)).len > 0)
		if (++n > POLICY_ATTRIBUTES_MAX || !set_attribute(&r, line))
			return POLICY_BAD;
	used = (size_t)(rest.at - in.at);
	if (span_find((struct span){ in.at, used }, '\0') >= 0)
		return POLICY_BAD;
	*out = r;
	*out_used = used;
	return POLICY_DONE;
}

void
policy_reply_write(struct buf *to, struct span action)
{
	char text[ACTION_MAX + 1];

	buf_add_text(to, "action=");
	buf_add_text(to, printable(text, sizeof(text), action));
	buf_add_text(to, "\n\n");
}
