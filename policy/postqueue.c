#include "policy/postqueue.h"

#include <jansson.h>
#include <string.h>

static struct span
text_of(const json_t *object, const char *name)
{
	const json_t *text = json_object_get(object, name);

	return (struct span){ json_string_value(text),
		json_string_length(text) };
}

/* It becomes an argument of postqueue. */
static bool
copy_id(char dst[POSTQUEUE_ID_MAX + 1], struct span id)
{
	static const char letters[] = "0123456789"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	return id.len > 0 && span_copy(dst, POSTQUEUE_ID_MAX + 1, id) &&
	    dst[strspn(dst, letters)] == '\0';
}

static void
tell(const json_t *message, postqueue_recipient *each, void *arg)
{
	const json_t *recipients = json_object_get(message, "recipients");
	struct postqueue_message m = {
		.arrived_s = json_integer_value(json_object_get(message,
		    "arrival_time")),
	};

	if (!span_eq(text_of(message, "queue_name"), SPAN("deferred")) ||
	    !copy_id(m.id, text_of(message, "queue_id")))
		return;
	for (size_t i = 0; i < json_array_size(recipients); i++) {
		const json_t *one = json_array_get(recipients, i);

		each(arg, &m, text_of(one, "address"),
		    text_of(one, "delay_reason"));
	}
}

bool
postqueue_read(struct span line, postqueue_recipient *each, void *arg)
{
	json_t *message = json_loadb(line.at, line.len, 0, NULL);

	if (!json_is_object(message)) {
		json_decref(message);
		return false;
	}
	tell(message, each, arg);
	json_decref(message);
	return true;
}
