#include "base/bucket.h"

#include <assert.h>

#define TOKEN INT64_C(1000000000)	/* billionths */

/* Millionths a second are billionths a millisecond. */
static void
fill(struct bucket *b, int64_t rate, int64_t now_ms)
{
	const int64_t passed_ms = now_ms - b->at_ms;

	if (passed_ms <= 0)
		return;
	b->at_ms = now_ms;
	if (passed_ms > b->owed / rate)
		b->owed = 0;
	else
		b->owed -= passed_ms * rate;
}

bool
bucket_take(struct bucket *b, int64_t rate, int64_t now_ms)
{
	const int64_t size = rate > BUCKET_ONE_A_SECOND ? rate * 1000 : TOKEN;

	assert(rate > 0 && rate <= BUCKET_RATE_MAX);
	fill(b, rate, now_ms);
	if (b->owed + TOKEN > size)
		return false;
	b->owed += TOKEN;
	return true;
}
