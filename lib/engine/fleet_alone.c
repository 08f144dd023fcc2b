#include "lib/engine/fleet_parts.h"

#include "base/chance.h"

void
fleet_alone_step(struct fleet_upstream *u, bool alone)
{
	const int64_t fleet_ms = fleet_time(u->fleet, fleet_now(u->fleet));
	const struct upstream_record from = u->view.own;

	if (u->index < 0)
		return;
	alone_step(&u->alone, &u->rules, &u->view.record.breaker, alone,
	    chance_below(1000), fleet_ms);
	if (!breaker_same(&from.breaker, &u->alone.breaker)) {
		u->view.own = fleet_next_record(u, &from, &u->alone.breaker,
		    fleet_ms);
		fleet_publish_view(u);
		fleet_tell_state(u, &from, &u->view.own, true);
	}
}
