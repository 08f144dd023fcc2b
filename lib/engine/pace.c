#include "engine/pace.h"

#include <stdbool.h>

#define MANY 25		/* hosts: rows of so many cost what a request does */
#define HOSTS_MAX 100000

/* docs/scale.md says what they cost. Reports of slots and of a host's own
 * breaker end by themselves (engine/fleet), and have to come before. */
static const struct {
	int64_t usual_ms, longest_ms;
	int64_t a_second;	/* of all hosts, about all things */
	bool is_long;		/* many rows of each host are answered */
} paces[PACE_KINDS] = {
	[PACE_OUTCOMES] = { 20, 3000, 200, true },
	[PACE_OUTCOMES_USUAL] = { 200, 3000, 200, true },
	[PACE_RECORD] = { 1000, 3000, 200, true },
	[PACE_SLOTS] = { 200, 2000, 200, false },
	[PACE_SLOTS_IDLE] = { 1000, 3000, 200, false },
	[PACE_SLOTS_SHORT] = { 100, 1000, 400, false },
	[PACE_SLOTS_WANTED] = { 10, 500, 1000, false },
	[PACE_HOLDS] = { 5000, 60000, 200, false },
	[PACE_COUNTERS] = { 1000, 30000, 200, false },
	[PACE_LOOK] = { 500, 5000, 400, false },
	[PACE_LOOK_HOLDS] = { 2000, 30000, 200, false },
};

int64_t
pace_ms(enum pace kind, uint32_t hosts, uint32_t things)
{
	const int64_t n = hosts < HOSTS_MAX ? hosts : HOSTS_MAX;
	int64_t askers = n * things;
	int64_t ms = paces[kind].usual_ms;

	if (paces[kind].is_long && n > MANY)
		askers = askers * n / MANY;
	if (ms < askers * 1000 / paces[kind].a_second)
		ms = askers * 1000 / paces[kind].a_second;
	return ms < paces[kind].longest_ms ? ms : paces[kind].longest_ms;
}
