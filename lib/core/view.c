#include "core/view.h"

#include "base/mem.h"

#include <string.h>

static const char *const override_names[] = {
	[OVERRIDE_NONE] = "",
	[OVERRIDE_OPEN] = "open",
	[OVERRIDE_CLOSED] = "closed",
	[OVERRIDE_HOLD] = "hold",
	[OVERRIDE_RELEASE] = "release",
};

/* Has an operator taken it out of the breaker's hands at this moment? */
static bool
is_forced(const struct upstream_view *v, int64_t now_ms)
{
	return override_says(&v->override, OVERRIDE_OPEN, now_ms) ||
	    override_says(&v->override, OVERRIDE_CLOSED, now_ms);
}

/* An upstream of which nothing is known is closed: mail flows before the first
 * snapshot has arrived. */
static struct breaker
breaker_in_force(const struct upstream_view *v, int64_t now_ms)
{
	if (is_forced(v, now_ms))
		return (struct breaker){
			.state = v->override.state == OVERRIDE_OPEN ?
			    BREAKER_OPEN : BREAKER_CLOSED,
		};
	return v->known ? v->record.breaker : (struct breaker){ 0 };
}

static uint32_t
plus(uint32_t a, uint32_t b)
{
	return a <= UINT32_MAX - b ? a + b : UINT32_MAX;
}

static struct breaker
own_in_force(const struct upstream_view *v, int64_t now_ms)
{
	static const struct breaker closed;

	return is_forced(v, now_ms) ? closed : v->own.breaker;
}

/* Share of the traffic that goes through; a trial is next to nothing. */
static uint32_t
flow(const struct breaker *b)
{
	return b->state == BREAKER_HALF_OPEN ? 1 : breaker_allowance(b);
}

bool
override_says(const struct override *o, enum override_state state,
    int64_t now_ms)
{
	return o->state == state && o->until_ms > now_ms;
}

bool
override_same(const struct override *a, const struct override *b)
{
	return a->state == b->state && a->until_ms == b->until_ms &&
	    a->rate == b->rate && strcmp(a->by, b->by) == 0 &&
	    strcmp(a->reason, b->reason) == 0;
}

const struct upstream_record *
view_record(const struct upstream_view *v)
{
	return flow(&v->own.breaker) < flow(&v->record.breaker) ?
	    &v->own : &v->record;
}

enum breaker_state
view_state(const struct upstream_view *v, int64_t now_ms)
{
	const struct breaker fleet = breaker_in_force(v, now_ms);
	const struct breaker own = own_in_force(v, now_ms);

	return flow(&own) < flow(&fleet) ? own.state : fleet.state;
}

uint32_t
view_allowance(const struct upstream_view *v, int64_t now_ms)
{
	const struct breaker fleet = breaker_in_force(v, now_ms);
	const struct breaker own = own_in_force(v, now_ms);
	const uint32_t of_fleet = breaker_allowance(&fleet);
	const uint32_t of_own = breaker_allowance(&own);

	return of_own < of_fleet ? of_own : of_fleet;
}

uint32_t
view_connections(const struct upstream_view *v, uint32_t configured,
    int64_t now_ms)
{
	const struct breaker b = breaker_in_force(v, now_ms);
	const bool as_lowered = v->known && !is_forced(v, now_ms);

	return breaker_connections(&b, as_lowered ?
	    throttle_connections(&v->record.throttle, configured) :
	    configured);
}

uint32_t
view_own_connections(const struct upstream_view *v, int64_t now_ms)
{
	const struct breaker own = own_in_force(v, now_ms);

	return breaker_connections(&own, UINT32_MAX);
}

bool
override_state_parse(struct span name, enum override_state *out)
{
	for (size_t i = 0; i < MW_N_OF(override_names); i++)
		if (span_eq(name, span_of(override_names[i]))) {
			*out = (enum override_state)i;
			return true;
		}
	return false;
}

const char *
override_state_name(enum override_state state)
{
	return override_names[state];
}

void
backlog_add(struct backlog *sum, const struct backlog *one)
{
	if (sum->at_ms == 0 || (one->at_ms > 0 && one->at_ms < sum->at_ms))
		sum->at_ms = one->at_ms;
	if (sum->oldest_ms == 0 ||
	    (one->oldest_ms > 0 && one->oldest_ms < sum->oldest_ms))
		sum->oldest_ms = one->oldest_ms;
	sum->messages = plus(sum->messages, one->messages);
	sum->expiring = plus(sum->expiring, one->expiring);
}

bool
record_sane(const struct upstream_record *r)
{
	return breaker_sane(&r->breaker) && throttle_sane(&r->throttle) &&
	    r->version >= 0 &&
	    memchr(r->incident, '\0', sizeof(r->incident)) != NULL &&
	    memchr(r->rule, '\0', sizeof(r->rule)) != NULL &&
	    memchr(r->sample, '\0', sizeof(r->sample)) != NULL;
}
