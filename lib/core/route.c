#include "core/route.h"

#include "base/mem.h"
#include "base/number.h"

#include <assert.h>
#include <stdio.h>

/* How closely a next hop belongs to an upstream; the closest one has it. */
enum nearness { STRANGER = 0, ANY_MX, BELOW_SUFFIX, NAMED };

/* A burst may wait, even for an upstream with few connections. */
#define WAITERS_MIN 20

static const struct {
	const char *name;
	uint16_t port;
} services[] = {
	{ "smtp", 25 },
	{ "smtps", 465 },
	{ "submissions", 465 },
	{ "submission", 587 },
};

static const char *const bypass_names[] = {
	[BYPASS_OK] = "",
	[BYPASS_OBSERVE] = "observe",
	[BYPASS_UNKNOWN] = "primary-unknown",
	[BYPASS_PRIMARY_UP] = "primary-up",
	[BYPASS_TOO_EARLY] = "too-early",
	[BYPASS_NO_PREFLIGHT] = "no-preflight",
	[BYPASS_WEAKER_TLS] = "weaker-tls",
};

static bool
parse_port(struct span text, unsigned *out)
{
	int64_t number;

	for (size_t i = 0; i < MW_N_OF(services); i++) {
		if (span_eq_fold(text, span_of(services[i].name))) {
			*out = services[i].port;
			return true;
		}
	}
	if (!number_parse(text, 1, UINT16_MAX, &number))
		return false;
	*out = (unsigned)number;
	return true;
}

/* "[HOST]", "[HOST]:PORT", "HOST" or "HOST:PORT"; port->len 0 for none. */
static bool
split(struct span text, bool bracketed, struct span *host, struct span *port)
{
	if (span_ends_fold(text, SPAN(":")))
		return false;
	if (!bracketed) {
		*host = span_cut(&text, ':');
		*port = text;
		return true;
	}
	(void)span_cut(&text, '[');
	*host = span_cut(&text, ']');
	if (text.at == NULL || span_cut(&text, ':').len > 0)
		return false;
	*port = text;
	return true;
}

/* IPv6 stays as it is written, but for its case. */
static bool
ipv6_host(struct span text, char dst[DOMAIN_MAX + 1])
{
	struct network network;

	if (span_find(text, '/') >= 0 || !network_parse(text, &network) ||
	    !span_copy(dst, DOMAIN_MAX + 1, text))
		return false;
	for (char *c = dst; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'F')
			*c = (char)(*c - 'A' + 'a');
	return true;
}

static bool
host_name(struct span text, char dst[DOMAIN_MAX + 1])
{
	struct domain domain;

	if (!domain_parse(text, &domain))
		return false;
	return span_copy(dst, DOMAIN_MAX + 1, domain_span(&domain));
}

static enum nearness
nearness(const struct upstream *u, struct span nexthop)
{
	const bool bare = nexthop.at[0] != '[';
	enum nearness best = bare && u->mx ? ANY_MX : STRANGER;

	for (uint32_t i = 0; i < u->n_nexthops; i++) {
		const struct span own = span_of(u->nexthops[i]);
		const struct span tail = { own.at + 1, own.len - 1 };

		if (span_eq(own, nexthop))
			return NAMED;
		if (!bare && span_starts(own, SPAN("[.")) &&
		    span_ends_fold(nexthop, tail))
			best = BELOW_SUFFIX;
	}
	return best;
}

static int
find_at(const struct plan *p, const struct destination *d, struct span host,
    struct span port)
{
	char text[NEXTHOP_MAX + 1];

	if (host.len + port.len + sizeof("[]:") > sizeof(text))
		return -1;
	snprintf(text, sizeof(text), "[%.*s]:%.*s", (int)host.len, host.at,
	    (int)port.len, port.at);
	return route_find(p, d, span_of(text));
}

/* Where no port is told, any will do that d has a next hop at. */
static int
find_at_any(const struct plan *p, const struct destination *d,
    struct span host)
{
	int found = -1;

	for (uint32_t i = 0; i < d->n_routes && found < 0; i++) {
		const struct upstream *u = &p->upstreams[d->routes[i].upstream];

		for (uint32_t j = 0; j < u->n_nexthops && found < 0; j++) {
			struct span port = span_of(u->nexthops[j]);

			port.at += span_rfind(port, ':') + 1;
			port.len = strlen(port.at);
			found = find_at(p, d, host, port);
		}
	}
	return found;
}

static int
find_by_name(const struct plan *p, const struct destination *d,
    struct span host, uint16_t port)
{
	char text[8];

	if (port == 0)
		return find_at_any(p, d, host);
	snprintf(text, sizeof(text), "%u", port);
	return find_at(p, d, host, span_of(text));
}

/* What main.cf asks of an upstream that names no level is not known here. */
static bool
tls_is_weaker(enum tls_level than, enum tls_level level)
{
	if (level == than)
		return false;
	if (than == TLS_UNSET)
		return level < TLS_ENCRYPT;
	return level < than;
}

bool
route_nexthop(struct span text, char dst[NEXTHOP_MAX + 1])
{
	const bool bracketed = span_starts(text, SPAN("["));
	struct span host, port;
	char name[DOMAIN_MAX + 1];
	unsigned number = 25;
	bool suffix;

	if (!split(text, bracketed, &host, &port))
		return false;
	suffix = bracketed && span_starts(host, SPAN("."));
	if (suffix)
		(void)span_cut(&host, '.');
	if (!host_name(host, name) &&
	    (suffix || !bracketed || !ipv6_host(host, name)))
		return false;
	if (port.len > 0 && !parse_port(port, &number))
		return false;
	snprintf(dst, NEXTHOP_MAX + 1, "%s%s%s%s:%u", bracketed ? "[" : "",
	    suffix ? "." : "", name, bracketed ? "]" : "", number);
	return true;
}

int
route_find(const struct plan *p, const struct destination *d,
    struct span nexthop)
{
	enum nearness nearest = STRANGER;
	char text[NEXTHOP_MAX + 1];
	int found = -1;

	if (!route_nexthop(nexthop, text))
		return -1;
	for (uint32_t i = 0; i < d->n_routes; i++) {
		const enum nearness here =
		    nearness(&p->upstreams[d->routes[i].upstream],
			span_of(text));

		if (here > nearest) {
			nearest = here;
			found = (int)i;
		}
	}
	return found;
}

/* "domain" or "domain:port"; a host in brackets is none. */
static bool
parse_bare(struct span nexthop, struct domain *out)
{
	return domain_parse(span_cut(&nexthop, ':'), out);
}

static bool
has_suffix(const struct upstream *u)
{
	for (uint32_t i = 0; i < u->n_nexthops; i++)
		if (span_starts(span_of(u->nexthops[i]), SPAN("[.")))
			return true;
	return false;
}

bool
route_asks_mx(const struct plan *p, uint32_t destination,
    struct span nexthop, struct domain *out_domain)
{
	const struct destination *d = &p->destinations[destination];

	if (!parse_bare(nexthop, out_domain))
		return false;
	if ((int)destination == p->catch_all && plan_asks_mx(p, out_domain))
		return true;
	for (uint32_t i = 0; d->n_routes > 1 && i < d->n_routes; i++)
		if (has_suffix(&p->upstreams[d->routes[i].upstream]))
			return true;
	return false;
}

/* The route to hosts below whose suffix the MX are, else as route_find. */
static int
find_below(const struct plan *p, const struct destination *d,
    struct span nexthop, const struct domain *mx)
{
	char text[NEXTHOP_MAX + 1], host[NEXTHOP_MAX + 1];

	if (!route_nexthop(nexthop, text))
		return -1;
	snprintf(host, sizeof(host), "[%s]%s", mx->name, strrchr(text, ':'));
	for (uint32_t i = 0; mx->len > 0 && i < d->n_routes; i++)
		if (nearness(&p->upstreams[d->routes[i].upstream],
		    span_of(host)) == BELOW_SUFFIX)
			return (int)i;
	return route_find(p, d, nexthop);
}

int
route_find_by_mx(const struct plan *p, uint32_t *destination,
    struct span nexthop, const struct domain *mx)
{
	struct domain domain;
	int other = -1, route = -1;

	if ((int)*destination == p->catch_all && mx->len > 0 &&
	    parse_bare(nexthop, &domain) && plan_asks_mx(p, &domain))
		other = plan_match_mx(p, mx);
	if (other >= 0)
		route = find_below(p, &p->destinations[other], nexthop, mx);
	if (route < 0)
		return find_below(p, &p->destinations[*destination], nexthop,
		    mx);
	*destination = (uint32_t)other;
	return route;
}

uint32_t
route_waiters(const struct upstream *u)
{
	return u->connections > WAITERS_MIN ? u->connections : WAITERS_MIN;
}

int
route_find_host(const struct plan *p, const struct destination *d,
    struct span host, struct span address, uint16_t port)
{
	const int found = find_by_name(p, d, host, port);

	return found >= 0 ? found : find_by_name(p, d, address, port);
}

int
route_find_mx(const struct plan *p, const struct destination *d,
    struct span host)
{
	int found = -1;

	while (found < 0 && host.len > 0) {
		found = route_find(p, d, host);
		(void)span_cut(&host, '.');
	}
	return found;
}

int
route_alternate(const struct destination *d, int after,
    const struct upstream_view *views, int64_t now_ms)
{
	for (uint32_t i = (uint32_t)(after + 1); i < d->n_routes; i++) {
		const struct route *r = &d->routes[i];

		if (!r->unfiltered &&
		    view_allowance(&views[r->upstream], now_ms) > 0)
			return (int)i;
	}
	return -1;
}

enum bypass
route_bypass(const struct plan *p, const struct destination *d,
    uint32_t route, const struct upstream_view *views, int64_t preflight_ms,
    int64_t now_ms)
{
	const struct route *r = &d->routes[route];
	const struct upstream *primary = &p->upstreams[d->routes[0].upstream];
	const struct upstream_view *v = &views[d->routes[0].upstream];
	const struct breaker *b = &v->record.breaker;

	if (p->mode != PLAN_ENFORCE)
		return BYPASS_OBSERVE;
	if (!v->known)
		return BYPASS_UNKNOWN;
	if (view_state(v, now_ms) != BREAKER_OPEN)
		return BYPASS_PRIMARY_UP;
	/* That nobody can look it up says nothing of the protection. */
	if (b->reason == BREAKER_DNS)
		return BYPASS_TOO_EARLY;
	/* An operator's word opens it at once, but has not lasted as yet. */
	if (b->state != BREAKER_OPEN || now_ms - b->since_ms < r->after_ms)
		return BYPASS_TOO_EARLY;
	if (preflight_ms <= 0 || now_ms - preflight_ms > BYPASS_PREFLIGHT_MS)
		return BYPASS_NO_PREFLIGHT;
	if (tls_is_weaker(primary->tls, p->upstreams[r->upstream].tls))
		return BYPASS_WEAKER_TLS;
	return BYPASS_OK;
}

const char *
bypass_name(enum bypass bypass)
{
	assert((unsigned)bypass < MW_N_OF(bypass_names));
	return bypass_names[bypass];
}
