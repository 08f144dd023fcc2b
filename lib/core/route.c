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
	[BYPASS_UNKNOWN] = "unknown",
	[BYPASS_PRIMARY_UP] = "primary-up",
	[BYPASS_ALTERNATE_UP] = "alternate-up",
	[BYPASS_TOO_EARLY] = "too-early",
	[BYPASS_WEAKER_TLS] = "weaker-tls",
	[BYPASS_LOCKED] = "locked",
	[BYPASS_NO_PREFLIGHT] = "no-preflight",
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

static bool
all_known(const struct destination *d, const struct upstream_view *views)
{
	for (uint32_t i = 0; i < d->n_routes; i++)
		if (!views[d->routes[i].upstream].known)
			return false;
	return true;
}

/*
 * A trial is one connection of the fleet, and a filter gets it before the way
 * past it is asked for: closing that for a trial would hold up all other mail,
 * and, where little flows, always just when some comes. What one host alone
 * sees is no reason to lead mail past a filter.
 */
static bool
is_down(const struct upstream_view *v, int64_t now_ms)
{
	struct upstream_view fleets = *v;
	enum breaker_state state;

	fleets.own = (struct upstream_record){ 0 };
	state = view_state(&fleets, now_ms);
	return state == BREAKER_OPEN || state == BREAKER_HALF_OPEN;
}

static bool
alternates_are_down(const struct destination *d,
    const struct upstream_view *views, int64_t now_ms)
{
	for (uint32_t i = 1; i < d->n_routes; i++)
		if (!d->routes[i].unfiltered &&
		    !is_down(&views[d->routes[i].upstream], now_ms))
			return false;
	return true;
}

/* An operator's word takes it down at once, but nobody wrote down since when. */
static bool
was_down_for(const struct upstream_view *v, int64_t ms)
{
	const struct breaker *b = &v->record.breaker;

	return b->down_ms > 0 && v->seen_ms - b->down_ms >= ms;
}

static bool
has_weaker_tls(const struct plan *p, const struct destination *d,
    uint32_t route)
{
	const struct upstream *all = p->upstreams;

	for (uint32_t i = 0; i < route; i++)
		if (!d->routes[i].unfiltered && route_tls_weaker(
		    all[d->routes[i].upstream].tls,
		    all[d->routes[route].upstream].tls))
			return true;
	return false;
}

/* A time ahead of us is as good as none, but for clocks a little apart. */
static bool
is_fresh(int64_t good_ms, int64_t now_ms)
{
	return good_ms > 0 && good_ms <= now_ms + BYPASS_PREFLIGHT_MS &&
	    now_ms <= good_ms + BYPASS_PREFLIGHT_MS;
}

static char *
append(char *to, struct span s)
{
	memcpy(to, s.at, s.len);
	return to + s.len;
}

/* "[host]:25", without printf: each delivery's is written twice. */
static void
write_nexthop(char dst[NEXTHOP_MAX + 1], bool bracketed, bool suffix,
    struct span name, unsigned port)
{
	char digits[24];

	static_assert(DOMAIN_MAX + sizeof("[.]:65535") <= NEXTHOP_MAX + 1,
	    "it fits");
	if (bracketed)
		*dst++ = '[';
	if (suffix)
		*dst++ = '.';
	dst = append(dst, name);
	if (bracketed)
		*dst++ = ']';
	*dst++ = ':';
	*append(dst, number_text(port, digits)) = '\0';
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
	write_nexthop(dst, bracketed, suffix, span_of(name), number);
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
    uint32_t route, const struct upstream_view *views, int64_t now_ms)
{
	const struct route *r = &d->routes[route];
	const struct upstream_view *primary = &views[d->routes[0].upstream];
	const struct preflight *preflight = &views[r->upstream].preflight;

	if (p->mode != PLAN_ENFORCE)
		return BYPASS_OBSERVE;
	if (!all_known(d, views))
		return BYPASS_UNKNOWN;
	if (!is_down(primary, now_ms))
		return BYPASS_PRIMARY_UP;
	if (!alternates_are_down(d, views, now_ms))
		return BYPASS_ALTERNATE_UP;
	/* That nobody can look it up says nothing of the protection. */
	if (primary->record.breaker.reason == BREAKER_DNS ||
	    !was_down_for(primary, r->after_ms))
		return BYPASS_TOO_EARLY;
	if (has_weaker_tls(p, d, route))
		return BYPASS_WEAKER_TLS;
	if (preflight->locked_ms > now_ms)
		return BYPASS_LOCKED;
	if (!is_fresh(preflight->good_ms, now_ms))
		return BYPASS_NO_PREFLIGHT;
	return BYPASS_OK;
}

/* What main.cf asks of an upstream that names no level is not known here. */
bool
route_tls_weaker(enum tls_level than, enum tls_level level)
{
	if (level == than)
		return false;
	if (than == TLS_UNSET)
		return level < TLS_ENCRYPT;
	return level < than;
}

const char *
bypass_name(enum bypass bypass)
{
	assert((unsigned)bypass < MW_N_OF(bypass_names));
	return bypass_names[bypass];
}
