#include "core/silence.h"

void
silence_asked(struct silence *s, int64_t now_ms)
{
	if (s->asked == 0)
		s->since_ms = now_ms;
	if (s->asked < SILENCE_ASKED)
		s->asked++;
}

void
silence_ends(struct silence *s)
{
	*s = (struct silence){ 0 };
}

bool
silence_lasts(const struct silence *s, int64_t slow_after_ms, int64_t now_ms)
{
	return s->asked >= SILENCE_ASKED &&
	    now_ms - s->since_ms >= slow_after_ms / 2;
}
