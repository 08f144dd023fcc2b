#include "engine/tally.h"

#include "base/mem.h"
#include "core/decide.h"

#include <assert.h>
#include <stdatomic.h>

struct tally {
	uint32_t n;
	_Atomic uint64_t (*counts)[DEST_COUNTERS];
};

static enum dest_counter
deferred_for(enum decide_reason reason)
{
	switch (reason) {
	case DECIDE_AT_CAP:
		return DEST_DEFERRED_CAP;
	case DECIDE_LATE:
		return DEST_DEFERRED_LATE;
	case DECIDE_ON_HOLD:
	case DECIDE_QUEUE_FULL:
	case DECIDE_FINE:
	case DECIDE_OPEN:
	case DECIDE_DNS:
	case DECIDE_SHED:
	case DECIDE_NO_SLOT:
	case DECIDE_RATE:
	case DECIDE_SHARE:
	case DECIDE_TRIAL_TAKEN:
	case DECIDE_SILENT:
	case DECIDE_BYPASS:
	case DECIDE_FORCED:
		break;
	}
	return DEST_DEFERRED_HOLD;
}

struct tally *
tally_new(uint32_t n_destinations)
{
	struct tally *t = mem_new(1, sizeof(*t));

	t->n = n_destinations;
	t->counts = mem_new(n_destinations, sizeof(*t->counts));
	return t;
}

void
tally_free(struct tally **t)
{
	if (*t == NULL)
		return;
	mem_free((void *)(*t)->counts);
	mem_free(*t);
	*t = NULL;
}

void
tally_add(struct tally *t, uint32_t destination, enum dest_counter counter,
    uint64_t n)
{
	assert(destination < t->n);
	atomic_fetch_add_explicit(&t->counts[destination][counter], n,
	    memory_order_relaxed);
}

bool
tally_take(struct tally *t, uint32_t destination,
    uint64_t out[DEST_COUNTERS])
{
	bool any = false;

	assert(destination < t->n);
	for (int i = 0; i < DEST_COUNTERS; i++) {
		out[i] = atomic_exchange_explicit(&t->counts[destination][i],
		    0, memory_order_relaxed);
		any = any || out[i] > 0;
	}
	return any;
}

void
tally_put_back(struct tally *t, uint32_t destination,
    const uint64_t counts[DEST_COUNTERS])
{
	for (int i = 0; i < DEST_COUNTERS; i++) {
		if (counts[i] > 0)
			tally_add(t, destination, (enum dest_counter)i,
			    counts[i]);
	}
}

void
tally_verdict(struct tally *t, uint32_t destination,
    const struct intake_verdict *verdict)
{
	if (verdict->reason == DECIDE_FINE)
		return;
	if (!verdict->enforced) {
		tally_add(t, destination, DEST_WOULD_DEFER, 1);
		return;
	}
	tally_add(t, destination, DEST_DEFERRED, 1);
	tally_add(t, destination, deferred_for(verdict->reason), 1);
}
