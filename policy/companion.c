#include "policy/companion.h"

static bool
is_silent(const struct companion *c, int64_t now_ms)
{
	return c->heard_ms == 0 || now_ms - c->heard_ms > COMPANION_SILENCE_MS;
}

void
companion_heard(struct companion *c, int64_t now_ms)
{
	if (is_silent(c, now_ms))
		c->since_ms = now_ms;
	c->heard_ms = now_ms;
}

void
companion_gone(struct companion *c)
{
	*c = (struct companion){ 0 };
}

bool
companion_works(const struct companion *c, int64_t now_ms)
{
	return !is_silent(c, now_ms) &&
	    now_ms - c->since_ms >= COMPANION_GRACE_MS;
}
