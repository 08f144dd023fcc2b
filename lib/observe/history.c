#include "observe/history.h"

#include <assert.h>

static struct history_bar
sum_of(const uint64_t totals[OUTCOME_CLASSES])
{
	struct history_bar sum = { 0 };

	for (int i = 0; i < OUTCOME_CLASSES; i++) {
		const enum outcome_class class = (enum outcome_class)i;
		const struct outcome_weight weight = outcome_weight(class);

		if (weight.bad > 0)
			sum.bad += (uint32_t)totals[i];
		else if (weight.good > 0)
			sum.good += (uint32_t)totals[i];
		else if (class != OUTCOME_IGNORE)
			sum.other += (uint32_t)totals[i];
	}
	return sum;
}

/* Totals that shrank are those of a store that was emptied. */
static uint32_t
growth(uint32_t from, uint32_t to)
{
	return to - from <= INT32_MAX ? to - from : 0;
}

void
history_note(struct history *h, const uint64_t totals[OUTCOME_CLASSES],
    int64_t now_ms)
{
	const int64_t now = now_ms / HISTORY_BAR_MS;
	const struct history_bar total = sum_of(totals);
	struct history_bar *bar = &h->bars[now % HISTORY_BARS];

	if (h->newest == 0 || now - h->newest >= HISTORY_BARS)
		for (int i = 0; i < HISTORY_BARS; i++)
			h->bars[i] = (struct history_bar){ 0 };
	else
		for (int64_t i = h->newest + 1; i <= now; i++)
			h->bars[i % HISTORY_BARS] = (struct history_bar){ 0 };
	if (h->newest != 0) {
		bar->good += growth(h->total.good, total.good);
		bar->bad += growth(h->total.bad, total.bad);
		bar->other += growth(h->total.other, total.other);
	}
	if (now > h->newest)
		h->newest = now;
	h->total = total;
}

struct history_bar
history_bar(const struct history *h, uint32_t back, int64_t now_ms)
{
	const int64_t wanted = now_ms / HISTORY_BAR_MS - back;

	assert(back < HISTORY_BARS);
	if (wanted > h->newest || wanted <= h->newest - HISTORY_BARS)
		return (struct history_bar){ 0 };
	return h->bars[wanted % HISTORY_BARS];
}

struct history_bar
history_sum(const struct history *h, int64_t now_ms)
{
	struct history_bar sum = { 0 };

	for (uint32_t i = 0; i < HISTORY_BARS; i++) {
		const struct history_bar b = history_bar(h, i, now_ms);

		sum.good += b.good;
		sum.bad += b.bad;
		sum.other += b.other;
	}
	return sum;
}
