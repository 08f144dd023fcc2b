#include "html.h"

#include "base/clock.h"
#include "base/printable.h"

#include <stdio.h>
#include <string.h>

#define DATE 10			/* bytes of "2026-11-21" */

void
html_text(struct buf *to, const char *text)
{
	char safe[512];

	printable(safe, sizeof(safe), span_of(text));
	for (const char *c = safe; *c != '\0'; c++)
		switch (*c) {
		case '&':
			buf_add_text(to, "&amp;");
			break;
		case '<':
			buf_add_text(to, "&lt;");
			break;
		case '>':
			buf_add_text(to, "&gt;");
			break;
		case '"':
			buf_add_text(to, "&quot;");
			break;
		case '\'':
			buf_add_text(to, "&#39;");
			break;
		default:
			buf_add(to, c, 1);
		}
}

void
html_element(struct buf *to, const char *tag, const char *class,
    const char *text)
{
	buf_addf(to, "<%s", tag);
	if (class[0] != '\0')
		buf_addf(to, " class=\"%s\"", class);
	buf_add_text(to, ">");
	html_text(to, text);
	buf_addf(to, "</%s>", tag);
}

void
html_time(struct buf *to, const char *when, int64_t now_ms)
{
	char now[32], text[32];

	clock_format(now_ms, now);
	if (strlen(when) != strlen("2026-11-21T12:00:00.000Z"))
		snprintf(text, sizeof(text), "-");
	else if (strncmp(when, now, DATE) == 0)
		snprintf(text, sizeof(text), "%.8s", when + DATE + 1);
	else
		snprintf(text, sizeof(text), "%.5s %.8s",
		    when + strlen("2026-"), when + DATE + 1);
	html_element(to, "time", "", text);
}

void
html_bar(struct buf *to, uint32_t used, uint32_t limit)
{
	const uint64_t share = limit == 0 ? 0 :
	    (uint64_t)used * 100 / limit;

	if (limit == 0)
		return;
	buf_addf(to, "<svg class=\"bar%s\" viewBox=\"0 0 100 6\" "
	    "preserveAspectRatio=\"none\" aria-hidden=\"true\">"
	    "<rect class=\"rail\" width=\"100\" height=\"6\"/>"
	    "<rect class=\"fill\" width=\"%u\" height=\"6\"/></svg>",
	    share >= 100 ? " full" : "",
	    (unsigned)(share < 100 ? share : 100));
}
