/*
 * route - which upstream a lane's next hop means, and what stands behind it.
 */
#ifndef CORE_ROUTE_H
#define CORE_ROUTE_H

#include "core/plan.h"
#include "core/view.h"

#define NEXTHOP_MAX 300

/*
 * Normalise a next hop as Postfix writes it: lower case and always a port,
 * "[host]:25" for "[host]" and "[host]:smtp", "host:25" for "host". Without
 * brackets it is a domain whose MX is meant. "[.suffix]" stands for every host
 * below suffix and is kept. False when it is none.
 */
bool route_nexthop(struct span text, char dst[NEXTHOP_MAX + 1]);

/*
 * The place in d's routes (0..) of the upstream that nexthop belongs to: a
 * next hop of its list, else a host below its "[.suffix]", else, for mx = true,
 * a bare domain. -1 for none.
 */
int route_find(const struct plan *p, const struct destination *d,
    struct span nexthop);

/*
 * The same for a host that was connected to, as Postfix's log names it: by its
 * name, else by its address. port 0: not told, any will do.
 */
int route_find_host(const struct plan *p, const struct destination *d,
    struct span host, struct span address, uint16_t port);
/*
 * ... for one that may be a domain's MX: a next hop without brackets is a
 * domain, and its MX hosts have names below it as a rule. Where mx = true, any
 * host may be the recipient's own MX.
 */
int route_find_mx(const struct plan *p, const struct destination *d,
    struct span host);

/*
 * As route_find, for a bare domain, whose MX smtp(8) goes to, where these
 * matter. A lane may have routes to several systems that are known by a "[.suffix]" of
 * MX hosts; and the mail of all destinations that are known by MX leaves
 * through the catch-all's lane, for no transport table can know MX.
 */
bool route_asks_mx(const struct plan *p, uint32_t destination,
    struct span nexthop, struct domain *out_domain);
/*
 * mx: as in core/mx.h, len 0: not known. *destination is the lane's, and
 * becomes the one that the mail belongs to; one that has no route for an MX
 * leaves it where it is.
 */
int route_find_by_mx(const struct plan *p, uint32_t *destination,
    struct span nexthop, const struct domain *mx);

/* How many of this host may wait in line for an upstream in a lane that is for
 * others as well: a full one must not take all processes of the lane. */
uint32_t route_waiters(const struct upstream *u);

/* The next route behind `after` that filters as well and may take mail now
 * (allowance > 0); -1 for none. views: by upstream index. */
int route_alternate(const struct destination *d, int after,
    const struct upstream_view *views, int64_t now_ms);

/*
 * May an unfiltered route be used now? The conditions, in the order in which
 * they are asked; the first that fails is the answer. All is judged by what
 * the store said last: with the store away no time passes for `after`, and no
 * preflight is a new one, so that no bypass begins, and one that is under way
 * ends with its last preflight.
 */
enum bypass {
	BYPASS_OK = 0,
	BYPASS_OBSERVE,		/* never in observe mode */
	BYPASS_UNKNOWN,		/* a state was not read as yet */
	BYPASS_PRIMARY_UP,	/* routes[0] may take mail, beyond a trial */
	BYPASS_ALTERNATE_UP,	/* another one that filters may */
	BYPASS_TOO_EARLY,	/* the primary took no mail for less than after_ms */
	BYPASS_WEAKER_TLS,	/* than that of a filter before it */
	BYPASS_LOCKED,		/* it said: from the filter only */
	BYPASS_NO_PREFLIGHT,	/* no good one for a minute; all else is well */
};
#define BYPASS_PREFLIGHT_MS 60000
enum bypass route_bypass(const struct plan *p, const struct destination *d,
    uint32_t route, const struct upstream_view *views, int64_t now_ms);
/* Beside one that leaves TLS to main.cf, "encrypt" and more is no weaker. */
bool route_tls_weaker(enum tls_level than, enum tls_level level);
/* "observe", "primary-unknown", ...; "" for BYPASS_OK. */
const char *bypass_name(enum bypass bypass);

#endif
