#include "html.h"

#include "base/printable.h"

#define SPARK_WIDTH 5		/* a bar and the gap behind it */
#define SPARK_HEIGHT 44
#define VISIBLE 3		/* the least height of what is not nothing */

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

static uint32_t
height_of(uint32_t n, uint64_t most)
{
	const uint64_t height = n * (uint64_t)SPARK_HEIGHT / most;

	return n > 0 && height < VISIBLE ? VISIBLE : (uint32_t)height;
}

/* One kind of outcome in all bars; what lies below a piece lifts it. */
static void
add_path(struct buf *to, const char *class, const uint32_t *heights,
    uint32_t *floors)
{
	buf_addf(to, "<path class=\"%s\" d=\"", class);
	for (uint32_t i = 0; i < HISTORY_BARS; i++) {
		if (heights[i] == 0)
			continue;
		floors[i] += heights[i];
		buf_addf(to, "M%u %dh%dv%uh-%dz", i * SPARK_WIDTH,
		    SPARK_HEIGHT - (int)floors[i], SPARK_WIDTH - 1,
		    heights[i], SPARK_WIDTH - 1);
	}
	buf_add_text(to, "\"/>");
}

static void
read_bars(const struct history *h, int64_t now_ms, struct history_bar *bars,
    struct history_bar *out_sum, uint64_t *out_most)
{
	*out_sum = (struct history_bar){ 0 };
	*out_most = 1;
	for (uint32_t i = 0; i < HISTORY_BARS; i++) {
		const struct history_bar b = history_bar(h,
		    HISTORY_BARS - 1 - i, now_ms);
		const uint64_t all = (uint64_t)b.good + b.bad + b.other;

		bars[i] = b;
		out_sum->good += b.good;
		out_sum->bad += b.bad;
		out_sum->other += b.other;
		if (all > *out_most)
			*out_most = all;
	}
}

void
html_spark(struct buf *to, const struct history *h, int64_t now_ms,
    struct history_bar *out_sum)
{
	struct history_bar bars[HISTORY_BARS];
	uint32_t good[HISTORY_BARS], bad[HISTORY_BARS], other[HISTORY_BARS];
	uint32_t floors[HISTORY_BARS] = { 0 };
	uint64_t most;

	read_bars(h, now_ms, bars, out_sum, &most);
	for (uint32_t i = 0; i < HISTORY_BARS; i++) {
		bad[i] = height_of(bars[i].bad, most);
		other[i] = height_of(bars[i].other, most);
		good[i] = height_of(bars[i].good, most);
		/* What was made visible takes its room from the good ones. */
		if (good[i] + other[i] + bad[i] > SPARK_HEIGHT)
			good[i] = SPARK_HEIGHT - other[i] - bad[i];
	}
	buf_addf(to, "<svg class=\"spark\" viewBox=\"0 0 %d %d\" "
	    "preserveAspectRatio=\"none\" role=\"img\" aria-label=\""
	    "Outcomes of the last ten minutes: %u good, %u bad, %u other\">"
	    "<path class=\"ground\" d=\"M0 %dh%dv1h-%dz\"/>",
	    HISTORY_BARS * SPARK_WIDTH - 1, SPARK_HEIGHT + 1,
	    out_sum->good, out_sum->bad, out_sum->other, SPARK_HEIGHT,
	    HISTORY_BARS * SPARK_WIDTH - 1, HISTORY_BARS * SPARK_WIDTH - 1);
	add_path(to, "good", good, floors);
	add_path(to, "other", other, floors);
	add_path(to, "bad", bad, floors);
	buf_add_text(to, "</svg>");
}
