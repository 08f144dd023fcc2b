/*
 * resolver - the MX of domains, for all threads of a program: from memory
 * (core/mx_cache), and behind it from DNS.
 *
 * A thread of its own talks to the name servers of /etc/resolv.conf. Whoever
 * asks is told what is known at once, and DNS is asked behind its back; only
 * who says for how long waits for that. Questions under way are few, those
 * for names that nobody asked for before come at a limited rate, and a name
 * that could not be asked for stays unknown until it is mentioned again: a
 * flood of random names can neither flood the name servers nor keep them from
 * what is in use. No other room knows c-ares.
 */
#ifndef DNS_RESOLVER_H
#define DNS_RESOLVER_H

#include "base/err.h"
#include "core/plan.h"

/* Questions under way at most; a quarter is kept for names in use. */
#define RESOLVER_UNDER_WAY 64
/* Questions a second for names that are not known. */
#define RESOLVER_RATE 100
/* How long a recipient's domain may be waited for before it is judged by what
 * is known: a name server near by asks half the world in that time. */
#define RESOLVER_PATIENCE_MS 200

struct resolver;

/* NULL with ERR_SYSTEM where there is no thread to be had. */
struct resolver *resolver_new(uint32_t entries, int64_t stale_for_ms,
    struct err *err) MW_MUST_CHECK;
/* Nobody may be waiting. */
void resolver_free(struct resolver **resolver);

/*
 * What is known of a domain's MX (core/mx.h); len 0 for nobody's or not known.
 * True when it is not known and DNS is being asked: an answer is worth a wait.
 */
bool resolver_look(struct resolver *resolver, const struct domain *domain,
    struct domain *out_mx);
/* The same for who has looked a moment ago; asks nothing. */
bool resolver_peek(struct resolver *resolver, const struct domain *domain,
    struct domain *out_mx);
/* resolver_look, and wait for the answer for so long at most. False: DNS did
 * not answer in this time, or failed. */
bool resolver_wait(struct resolver *resolver, const struct domain *domain,
    int64_t ms, struct domain *out_mx);

/*
 * plan_match, with DNS asked where that matters, waiting for ms at most. A
 * domain that DNS does not answer for belongs to where it did by its last
 * answer, and without one to the catch-all.
 */
int resolver_match(struct resolver *resolver, const struct plan *p,
    struct span address, int64_t ms);

#endif
