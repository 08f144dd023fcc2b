/*
 * mx_cache - what is known of domains' MX, for so many domains at most.
 *
 * It asks nobody: whoever looks something up in it is told when DNS should be
 * asked, and says what became of that. An answer is fresh for its TTL, within
 * limits; after that it is asked for anew and serves on meanwhile, and for
 * stale_for more where no answer comes. A failure of DNS says nothing of a
 * domain: what was known stays, and what was not stays unknown.
 *
 * A name has a place only once DNS is asked for it. When all places are
 * taken, names that were never looked up again go first (a segmented LRU), so
 * a stranger's random names push out one another and nothing that is in use.
 */
#ifndef CORE_MX_CACHE_H
#define CORE_MX_CACHE_H

#include "core/mx.h"

#include <stdbool.h>
#include <stdint.h>

/* The limits of a TTL: whoever owns a name shall not make us ask for each of
 * its messages, nor keep what is no longer so for weeks. */
#define MX_TTL_MIN_MS 10000
#define MX_TTL_MAX_MS (24 * 3600 * 1000LL)
/* Of an answer that names no MX, RFC 2308 section 5. */
#define MX_TTL_NONE_MS 60000
/* When a question that failed may be asked again. */
#define MX_RETRY_MS 2000
/* ... and one that nobody has told the end of. */
#define MX_LOST_MS 60000

struct mx_cache;

/* entries: 1.. */
struct mx_cache *mx_cache_new(uint32_t entries, int64_t stale_for_ms);
void mx_cache_free(struct mx_cache **cache);

struct mx_look {
	bool known;		/* mx is what DNS said last */
	bool due;		/* DNS should be asked: begin with mx_cache_ask */
	bool under_way;		/* it is being asked */
	struct domain mx;	/* as in struct mx_answer */
};
/* What is known; the domain counts as in use. */
struct mx_look mx_cache_look(struct mx_cache *cache,
    const struct domain *domain, int64_t now_ms);
/* The same for who has asked a moment ago: this is no further use. */
struct mx_look mx_cache_peek(const struct mx_cache *cache,
    const struct domain *domain, int64_t now_ms);

/* DNS is being asked. */
void mx_cache_ask(struct mx_cache *cache, const struct domain *domain,
    int64_t now_ms);
void mx_cache_answer(struct mx_cache *cache, const struct domain *domain,
    const struct mx_answer *answer, int64_t now_ms);
/* No answer, or none that says anything (SERVFAIL, REFUSED, silence). */
void mx_cache_failed(struct mx_cache *cache, const struct domain *domain,
    int64_t now_ms);

uint32_t mx_cache_count(const struct mx_cache *cache);

#endif
