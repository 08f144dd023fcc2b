#include "digest.h"

#include "base/mem.h"

#include <inttypes.h>

/* FNV-1a, 64 bits; http://www.isthe.com/chongo/tech/comp/fnv/ */
#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static uint64_t
add_bytes(uint64_t sum, const void *bytes, size_t len)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ b[i]) * FNV_PRIME;
	return sum;
}

/* Byte by byte from the low end, so that hosts of any kind agree. */
static uint64_t
add_number(uint64_t sum, int64_t number)
{
	const uint64_t bits = (uint64_t)number;
	unsigned char b[8];

	for (int i = 0; i < 8; i++)
		b[i] = (unsigned char)(bits >> (8 * i));
	return add_bytes(sum, b, sizeof(b));
}

static uint64_t
add_text(uint64_t sum, const char *text)
{
	return add_bytes(sum, text, strlen(text) + 1);
}

static uint64_t
add_numbers(uint64_t sum, const int64_t *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum = add_number(sum, numbers[i]);
	return sum;
}

static uint64_t
add_breaker(uint64_t sum, const struct breaker_rules *r)
{
	const int64_t numbers[] = { r->window_ms, r->min_outcomes,
	    r->min_hosts, r->consecutive, r->shed_at, r->open_at,
	    r->open_for_ms, r->open_max_ms, r->slow_after_ms, r->trials,
	    r->ramp_step_ms, r->n_ramp };

	sum = add_numbers(sum, numbers, MW_N_OF(numbers));
	for (uint32_t i = 0; i < r->n_ramp; i++)
		sum = add_number(sum, r->ramp[i]);
	return sum;
}

static uint64_t
upstream_digest(const struct upstream *u)
{
	const int64_t numbers[] = { u->mx, u->connections, u->rate, u->share,
	    u->probe, u->n_nexthops, u->n_shield };
	uint64_t sum = add_text(FNV_START, u->name);

	sum = add_numbers(sum, numbers, MW_N_OF(numbers));
	for (uint32_t i = 0; i < u->n_nexthops; i++)
		sum = add_text(sum, u->nexthops[i]);
	for (uint32_t i = 0; i < u->n_shield; i++) {
		sum = add_number(sum, u->shield[i].subject);
		sum = add_number(sum, u->shield[i].detail);
	}
	return add_breaker(add_text(sum, u->tls_policy), &u->breaker);
}

static uint64_t
destination_digest(const struct plan *p, const struct destination *d)
{
	uint64_t sum = add_text(FNV_START, d->name);

	sum = add_number(sum, d->cap);
	sum = add_number(sum, d->n_routes);
	for (uint32_t i = 0; i < d->n_routes; i++) {
		const struct route *r = &d->routes[i];

		sum = add_text(sum, p->upstreams[r->upstream].name);
		sum = add_number(sum, r->unfiltered);
		sum = add_number(sum, r->after_ms);
	}
	for (uint32_t i = 0; i < d->n_mx; i++)
		sum = add_text(sum, d->mx[i]);
	return sum;
}

/* A sum: the order of the domains does not count. */
static uint64_t
domains_digest(const struct plan *p)
{
	uint64_t names[PLAN_DESTINATIONS], all = 0;
	uint32_t at = 0, destination;
	struct span key;

	for (uint32_t i = 0; i < p->n_destinations; i++)
		names[i] = add_text(FNV_START, p->destinations[i].name);
	while (destination_map_next_key(p->domains, &at, &key, &destination))
		all += add_bytes(names[destination], key.at, key.len);
	return all;
}

static uint64_t
plan_digest(const struct plan *p)
{
	const int64_t numbers[] = { p->lease_ttl_ms, p->gate_wait_ms,
	    p->gate_spill_ms, p->hold_incoming, p->hold_submission,
	    p->hold_queue_limit, p->submission_authenticated };
	uint64_t sum = add_numbers(FNV_START, numbers, MW_N_OF(numbers));
	uint64_t all = domains_digest(p);

	for (uint32_t i = 0; i < p->n_submission_networks; i++) {
		sum = add_bytes(sum, p->submission_networks[i].addr, 16);
		sum = add_number(sum, p->submission_networks[i].bits);
	}
	for (uint32_t i = 0; i < p->n_upstreams; i++)
		all += upstream_digest(&p->upstreams[i]);
	for (uint32_t i = 0; i < p->n_destinations; i++)
		all += destination_digest(p, &p->destinations[i]);
	sum = add_text(sum, p->catch_all >= 0 ?
	    p->destinations[p->catch_all].name : "");
	sum = add_text(sum, p->replies.cap);
	sum = add_text(sum, p->replies.hold);
	sum = add_text(sum, p->replies.late);
	return add_number(sum, (int64_t)all);
}

void
digest_make(const struct config *c, struct span rules, char dst[17])
{
	const struct throttle_rules *slow = &c->plan.slow;
	const int64_t numbers[] = { slow->cut, slow->every_ms,
	    slow->floor, slow->raise, c->probe.every_ms,
	    c->probe.starttls, c->release_rate, c->store.database,
	    c->dns.stale_for_ms };
	uint64_t sum = add_numbers(plan_digest(&c->plan), numbers,
	    MW_N_OF(numbers));

	sum = add_text(sum, c->store.prefix);
	sum = add_bytes(sum, rules.at, rules.len);
	snprintf(dst, 17, "%016" PRIx64, sum);
}
