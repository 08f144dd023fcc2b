/*
 * explain - where mail for one address would go now, and why: one value, for
 * people and for scripts.
 *
 * Asks core/decide what the daemons ask it, with the same views; decides
 * nothing itself. A draw is taken as won: a share of the mail is told by its
 * allowance.
 */
#ifndef OBSERVE_EXPLAIN_H
#define OBSERVE_EXPLAIN_H

#include "core/decide.h"

#include <stdbool.h>

enum explain_match {
	EXPLAIN_NO_MATCH,	/* Mailweir has no part in this mail */
	EXPLAIN_DOMAIN,
	EXPLAIN_SUFFIX,
	EXPLAIN_MX,
	EXPLAIN_CATCH_ALL,
};
/* "none", "domain", "suffix", "mx", "catch-all". */
const char *explain_match_name(enum explain_match match);

struct explain_route {
	const char *upstream;
	enum breaker_state state;	/* override included */
	uint32_t allowance;		/* per mille, override included */
	const struct override *override;	/* NULL: none in force */
	const struct upstream_record *own;	/* this host's, where it counts; NULL: the fleet's does */
	bool unfiltered;
	struct gate_verdict gate;
};

struct explanation {
	enum explain_match match;
	char pattern[DOMAIN_MAX + 2];	/* ".contoso.com"; "" for catch-all */
	bool asks_mx;		/* it is the MX that decides: explain_by_mx */
	bool mx_known;		/* what DNS says: */
	struct domain mx;	/* core/mx.h */
	/* All below: only where there is a match. */
	const struct destination *destination;
	const struct override *hold;	/* NULL: none in force */
	uint32_t leases;
	struct intake_verdict incoming;		/* from another server */
	struct intake_verdict submission;	/* from an authenticated client */
	uint32_t n_routes;
	struct explain_route routes[PLAN_ROUTES];
	int now;	/* the route that mail would take now, -1: it is held */
};

/* Which destination, and by what. False when the address is none. */
bool explain_find(const struct plan *p, struct span address,
    struct explanation *out);
/* With asks_mx: the same again, by the MX that DNS said, or known false. */
void explain_by_mx(const struct plan *p, bool known, const struct domain *mx,
    struct explanation *e);
/*
 * Fill in the rest of e, which has a match. now: of the destination and its
 * upstreams at least; borrowed by e.
 */
void explain_decide(const struct plan *p, const struct snapshot *now,
    uint32_t leases, int64_t now_ms, struct explanation *e);

#endif
