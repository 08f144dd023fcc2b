#include "ctl/event_text.h"

#include "base/clock.h"
#include "base/number.h"
#include "base/printable.h"

#include <string.h>

/* A stream's id is "MS-N". */
const char *
event_time(const struct store_event *e, char dst[32])
{
	struct span rest = span_of(e->id);
	int64_t ms = 0;

	if (!number_parse(span_cut(&rest, '-'), 0, INT64_MAX / 2, &ms))
		return "-";
	return clock_format(ms, dst);
}

void
event_text(const struct store_event *e, struct buf *to)
{
	char when[32];

	buf_add_text(to, event_time(e, when));
	for (uint32_t i = 0; i < e->n; i++) {
		char name[sizeof(e->pairs[i].name)];
		char value[sizeof(e->pairs[i].value)];
		const char *quote;

		printable(name, sizeof(name), span_of(e->pairs[i].name));
		printable(value, sizeof(value), span_of(e->pairs[i].value));
		quote = strchr(value, ' ') != NULL ? "\"" : "";
		if (strcmp(name, "event") == 0)
			buf_addf(to, " %s", value);
		else
			buf_addf(to, " %s=%s%s%s", name, quote, value, quote);
	}
}
