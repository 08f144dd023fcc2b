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

void
json_print(json_t *value, bool one_line)
{
	json_dumpf(value, stdout, one_line ? JSON_COMPACT : JSON_INDENT(2));
	putchar('\n');
	json_decref(value);
}
