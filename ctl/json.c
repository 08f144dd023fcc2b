#include "ctl/json.h"

#include "base/printable.h"

#include <stdio.h>

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

void
json_print(json_t *value, bool one_line)
{
	json_dumpf(value, stdout, one_line ? JSON_COMPACT : JSON_INDENT(2));
	putchar('\n');
	json_decref(value);
}
