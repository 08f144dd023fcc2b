#include "engine/batch.h"

void
batch_add(struct batch *b, enum outcome_class class)
{
	const struct outcome_weight weight = outcome_weight(class);

	b->counts[class]++;
	b->n++;
	if (weight.good > 0) {
		b->had_good = true;
		b->bad_tail = 0;
	} else if (weight.bad > 0)
		b->bad_tail++;
}

void
batch_put_back(struct batch *b, const struct batch *unsent)
{
	if (!b->had_good)
		b->bad_tail += unsent->bad_tail;
	b->had_good |= unsent->had_good;
	b->n += unsent->n;
	for (size_t i = 0; i < OUTCOME_CLASSES; i++)
		b->counts[i] += unsent->counts[i];
}
