#include "engine/hearsay.h"

#include "base/mem.h"

#include <string.h>

struct waiting {
	struct hearsay_attempt attempt;
	int64_t until_ms;
};

struct told {
	struct hearsay_reason reason;
	int64_t at_ms;
};

struct hearsay {
	hearsay_judged *judged;
	void *arg;
	/* oldest first, both */
	struct waiting waiting[HEARSAY_MAX];
	uint32_t n_waiting;
	struct told told[HEARSAY_MAX];
	uint32_t n_told;
};

static bool
belong(const struct hearsay_attempt *a, const struct hearsay_reason *r,
    int64_t told_ms)
{
	if (r->pid != a->pid || told_ms < a->began_ms)
		return false;
	for (uint32_t i = 0; i < PLAN_ROUTES && r->about[i] != NULL; i++)
		if (r->about[i] == a->upstream)
			return true;
	return false;
}

static struct waiting
take_waiting(struct hearsay *h, uint32_t i)
{
	const struct waiting w = h->waiting[i];

	h->n_waiting--;
	memmove(&h->waiting[i], &h->waiting[i + 1],
	    (h->n_waiting - i) * sizeof(w));
	return w;
}

static struct told
take_told(struct hearsay *h, uint32_t i)
{
	const struct told t = h->told[i];

	h->n_told--;
	memmove(&h->told[i], &h->told[i + 1], (h->n_told - i) * sizeof(t));
	return t;
}

static void
give_up_oldest(struct hearsay *h, int64_t now_ms)
{
	const struct waiting w = take_waiting(h, 0);

	h->judged(h->arg, &w.attempt, NULL, now_ms);
}

struct hearsay *
hearsay_new(hearsay_judged *judged, void *arg)
{
	struct hearsay *h = mem_new(1, sizeof(*h));

	h->judged = judged;
	h->arg = arg;
	return h;
}

void
hearsay_free(struct hearsay **h)
{
	mem_free(*h);
	*h = NULL;
}

void
hearsay_moved_on(struct hearsay *h, const struct hearsay_attempt *attempt,
    int64_t now_ms)
{
	for (uint32_t i = 0; i < h->n_told; i++)
		if (belong(attempt, &h->told[i].reason, h->told[i].at_ms)) {
			const struct told t = take_told(h, i);

			h->judged(h->arg, attempt, &t.reason, now_ms);
			return;
		}
	if (h->n_waiting == HEARSAY_MAX)
		give_up_oldest(h, now_ms);
	h->waiting[h->n_waiting++] = (struct waiting){
		.attempt = *attempt,
		.until_ms = now_ms + HEARSAY_WAIT_MS,
	};
}

void
hearsay_told(struct hearsay *h, const struct hearsay_reason *reason,
    int64_t now_ms)
{
	for (uint32_t i = 0; i < h->n_waiting; i++)
		if (belong(&h->waiting[i].attempt, reason, now_ms)) {
			const struct waiting w = take_waiting(h, i);

			h->judged(h->arg, &w.attempt, reason, now_ms);
			return;
		}
	if (h->n_told == HEARSAY_MAX)
		(void)take_told(h, 0);
	h->told[h->n_told++] = (struct told){ *reason, now_ms };
}

void
hearsay_tick(struct hearsay *h, int64_t now_ms)
{
	while (h->n_waiting > 0 && h->waiting[0].until_ms <= now_ms)
		give_up_oldest(h, now_ms);
}

void
hearsay_end(struct hearsay *h, int64_t now_ms)
{
	while (h->n_waiting > 0)
		give_up_oldest(h, now_ms);
	h->n_told = 0;
}
