#include "spark.h"

#define PITCH 5			/* a bar and the gap behind it */
#define WIDTH (PITCH - 1)
#define HEIGHT 44
#define VISIBLE 3		/* the least height of what is not nothing */

/* The pieces of all bars, by the oldest first. */
struct pieces {
	uint32_t good[HISTORY_BARS];
	uint32_t other[HISTORY_BARS];
	uint32_t bad[HISTORY_BARS];
};

static uint32_t
least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t
height_of(uint32_t n, uint64_t most)
{
	const uint32_t height = (uint32_t)(n * (uint64_t)HEIGHT / most);

	return n > 0 && height < VISIBLE ? VISIBLE : height;
}

static uint64_t
busiest(const struct history *h, int64_t now_ms)
{
	uint64_t most = 1;

	for (uint32_t i = 0; i < HISTORY_BARS; i++) {
		const struct history_bar b = history_bar(h, i, now_ms);
		const uint64_t all = (uint64_t)b.good + b.bad + b.other;

		if (all > most)
			most = all;
	}
	return most;
}

/* What was made visible takes its room from what stands below it. */
static struct pieces
cut(const struct history *h, int64_t now_ms)
{
	const uint64_t most = busiest(h, now_ms);
	struct pieces p;

	for (uint32_t i = 0; i < HISTORY_BARS; i++) {
		const struct history_bar b = history_bar(h,
		    HISTORY_BARS - 1 - i, now_ms);

		p.bad[i] = least(height_of(b.bad, most),
		    HEIGHT - (b.other > 0 ? VISIBLE : 0));
		p.other[i] = least(height_of(b.other, most),
		    HEIGHT - p.bad[i]);
		p.good[i] = least(height_of(b.good, most),
		    HEIGHT - p.bad[i] - p.other[i]);
	}
	return p;
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
		buf_addf(to, "M%u %uh%dv%uh-%dz", i * PITCH,
		    HEIGHT - floors[i], WIDTH, heights[i], WIDTH);
	}
	buf_add_text(to, "\"/>");
}

void
spark_add(struct buf *to, const struct history *h, int64_t now_ms)
{
	const struct history_bar sum = history_sum(h, now_ms);
	const struct pieces p = cut(h, now_ms);
	uint32_t floors[HISTORY_BARS] = { 0 };

	buf_addf(to, "<svg class=\"spark\" viewBox=\"0 0 %d %d\" "
	    "preserveAspectRatio=\"none\" role=\"img\" aria-label=\""
	    "Outcomes of the last ten minutes: %u good, %u bad, %u other\">"
	    "<path class=\"ground\" d=\"M0 %dh%dv1h-%dz\"/>",
	    HISTORY_BARS * PITCH - 1, HEIGHT + 1, sum.good, sum.bad,
	    sum.other, HEIGHT, HISTORY_BARS * PITCH - 1,
	    HISTORY_BARS * PITCH - 1);
	add_path(to, "good", p.good, floors);
	add_path(to, "other", p.other, floors);
	add_path(to, "bad", p.bad, floors);
	buf_add_text(to, "</svg>");
}
