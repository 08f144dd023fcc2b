#include "engine/pace.h"

/* docs/scale.md says what they cost. Reports of slots and of a host's own
 * breaker end by themselves (engine/fleet), and have to come before. */
static const struct {
	int64_t usual_ms, longest_ms;
	int64_t a_second;	/* of all hosts, about all things */
} paces[PACE_KINDS] = {
	[PACE_OUTCOMES] = { 20, 2000, 200 },
	[PACE_RECORD] = { 1000, 3000, 200 },
	[PACE_SLOTS] = { 200, 2000, 200 },
	[PACE_SLOTS_IDLE] = { 1000, 3000, 200 },
	[PACE_SLOTS_SHORT] = { 100, 1000, 400 },
	[PACE_SLOTS_WANTED] = { 10, 500, 1000 },
	[PACE_HOLDS] = { 5000, 60000, 200 },
	[PACE_COUNTERS] = { 1000, 30000, 200 },
	[PACE_LOOK] = { 500, 5000, 400 },
	[PACE_LOOK_HOLDS] = { 2000, 30000, 200 },
};

int64_t
pace_ms(enum pace kind, uint32_t hosts, uint32_t things)
{
	const int64_t askers = (int64_t)hosts * things;
	int64_t ms = paces[kind].usual_ms;

	if (ms < askers * 1000 / paces[kind].a_second)
		ms = askers * 1000 / paces[kind].a_second;
	return ms < paces[kind].longest_ms ? ms : paces[kind].longest_ms;
}
