#include "core/census.h"

int64_t
census_heard(int64_t heard_ms, int64_t seen_ms, int64_t now_ms)
{
	return seen_ms > heard_ms && seen_ms <= now_ms ? seen_ms : heard_ms;
}

bool
census_lives(int64_t seen_ms, int64_t heard_ms)
{
	return seen_ms > heard_ms - CENSUS_LOST_MS;
}

bool
census_resumes(int64_t before_ms, int64_t heard_ms)
{
	return before_ms > 0 && heard_ms - before_ms >= CENSUS_LOST_MS / 2;
}

uint32_t
census_take(struct census *c, uint32_t listed, uint32_t live,
    int64_t heard_ms, int64_t now_ms)
{
	if (listed < c->listed || census_resumes(c->heard_ms, heard_ms))
		c->doubt_until_ms = now_ms + CENSUS_LOST_MS;
	c->listed = listed;
	c->heard_ms = heard_ms;
	if (live > c->hosts || now_ms >= c->doubt_until_ms)
		c->hosts = live;
	if (c->hosts == 0)
		c->hosts = 1;
	return c->hosts;
}
