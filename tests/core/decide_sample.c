#include "decide_sample.h"

#include "suite.h"

static const struct upstream upstreams[] = {
	[FILTER] = { .name = "filter" },
	[FILTER_EU] = { .name = "filter-eu", .share = 200 },
	[EXCHANGE] = { .name = "exchange" },
};

const struct destination contoso = {
	.name = "contoso",
	.n_routes = 3,
	.routes = {
		{ .upstream = FILTER },
		{ .upstream = FILTER_EU },
		{ .upstream = EXCHANGE, .unfiltered = true },
	},
};

const struct override nothing;
const struct override on_hold = {
	.state = OVERRIDE_HOLD, .until_ms = NOW + 5000,
};

struct plan
plan_in(enum plan_mode mode)
{
	static struct network office;

	ck_assert(network_parse(SPAN("192.0.2.0/24"), &office));
	return (struct plan){
		.mode = mode,
		.upstreams = upstreams,
		.n_upstreams = UPSTREAMS,
		.destinations = &contoso,
		.n_destinations = 1,
		.catch_all = -1,
		.gate_wait_ms = WAIT,
		.gate_spill_ms = SPILL,
		.hold_incoming = true,
		.submission_authenticated = true,
		.submission_networks = &office,
		.n_submission_networks = 1,
		.replies = {
			.cap = "DESTINATION is full",
			.hold = "DESTINATION is away",
			.late = "DESTINATION went away",
		},
	};
}

struct upstream_view
view_in(enum breaker_state state)
{
	struct upstream_view v = {
		.known = true,
		.seen_ms = NOW,
		.record.breaker.state = state,
	};

	switch (state) {
	case BREAKER_SHEDDING:
		v.record.breaker.allowance = 400;
		break;
	case BREAKER_RAMP:
		v.record.breaker.allowance = 50;
		v.record.breaker.until_ms = NOW + 60000;
		break;
	case BREAKER_OPEN:
		v.record.breaker.until_ms = NOW + 28000;
		break;
	case BREAKER_CLOSED:
	case BREAKER_HALF_OPEN:
		break;
	}
	v.record.breaker.trips = state != BREAKER_CLOSED;
	return v;
}
