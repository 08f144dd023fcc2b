#include "observe/json.h"

#include "base/printable.h"

json_t *
json_text(const char *text)
{
	char safe[1024];

	return json_string(printable(safe, sizeof(safe), span_of(text)));
}

json_t *
json_text_or_null(const char *text)
{
	return text != NULL && text[0] != '\0' ? json_text(text) : json_null();
}

json_t *
json_override(const struct override *o)
{
	json_t *json;

	if (o == NULL)
		return json_null();
	json = json_pack("{s:s, s:o, s:o, s:I}",
	    "state", override_state_name(o->state), "by", json_text(o->by),
	    "reason", json_text(o->reason),
	    "until_ms", (json_int_t)o->until_ms);
	if (o->rate > 0)
		json_object_set_new(json, "rate", json_integer(o->rate));
	return json;
}

static int
add_part(const char *part, size_t len, void *to)
{
	buf_add(to, part, len);
	return 0;
}

void
json_write(struct buf *to, json_t *value)
{
	(void)json_dump_callback(value, add_part, to, JSON_INDENT(2));
	buf_add_text(to, "\n");
	json_decref(value);
}
