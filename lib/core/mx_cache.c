#include "core/mx_cache.h"

#include "base/chance.h"
#include "base/hash.h"
#include "base/mem.h"

#include <assert.h>

/* Of a thousand places, so many at most are for names that were used again:
 * the others let a new name live until it is. */
#define USED_PER_MILLE 800

#define NOBODY UINT32_MAX	/* no entry */

enum list { NEW = 0, USED, LISTS };

struct entry {
	char *name;
	char *mx;		/* NULL: not known; "": nobody's */
	int64_t stale_at_ms;	/* what is known is too old */
	int64_t ask_at_ms;	/* not to be asked for before */
	bool under_way;
	enum list list;
	uint32_t older, newer;	/* in it */
	uint32_t hash, next;	/* in its bucket */
};

struct mx_cache {
	struct entry *entries;
	uint32_t n, room;	/* entries there are, and may be */
	uint32_t *buckets, mask;
	struct {
		uint32_t oldest, newest, n;
	} lists[LISTS];
	int64_t stale_for_ms;
	uint64_t seed;
};

static uint32_t
find(const struct mx_cache *c, const struct domain *domain)
{
	const uint32_t hash = hash_of(c->seed, domain_span(domain));
	uint32_t i = c->buckets[hash & c->mask];

	while (i != NOBODY && (c->entries[i].hash != hash ||
	    strcmp(c->entries[i].name, domain->name) != 0))
		i = c->entries[i].next;
	return i;
}

static void
list_take(struct mx_cache *c, uint32_t i)
{
	struct entry *e = &c->entries[i];

	if (e->older != NOBODY)
		c->entries[e->older].newer = e->newer;
	else
		c->lists[e->list].oldest = e->newer;
	if (e->newer != NOBODY)
		c->entries[e->newer].older = e->older;
	else
		c->lists[e->list].newest = e->older;
	c->lists[e->list].n--;
}

static void
list_put(struct mx_cache *c, uint32_t i, enum list list)
{
	struct entry *e = &c->entries[i];

	e->list = list;
	e->newer = NOBODY;
	e->older = c->lists[list].newest;
	if (e->older != NOBODY)
		c->entries[e->older].newer = i;
	else
		c->lists[list].oldest = i;
	c->lists[list].newest = i;
	c->lists[list].n++;
}

/* Used again: it goes last of all, and another may have to go before it. */
static void
use(struct mx_cache *c, uint32_t i)
{
	const uint64_t most = (uint64_t)c->room * USED_PER_MILLE / 1000;

	list_take(c, i);
	list_put(c, i, USED);
	if (c->lists[USED].n > most) {
		const uint32_t oldest = c->lists[USED].oldest;

		list_take(c, oldest);
		list_put(c, oldest, NEW);
	}
}

static void
unlink_name(struct mx_cache *c, uint32_t i)
{
	uint32_t *at = &c->buckets[c->entries[i].hash & c->mask];

	while (*at != i)
		at = &c->entries[*at].next;
	*at = c->entries[i].next;
}

/* A place for a new name, if need be that of an old one. */
static uint32_t
place(struct mx_cache *c)
{
	uint32_t i;

	if (c->n < c->room)
		return c->n++;
	i = c->lists[NEW].n > 0 ? c->lists[NEW].oldest :
	    c->lists[USED].oldest;
	list_take(c, i);
	unlink_name(c, i);
	mem_free(c->entries[i].name);
	mem_free(c->entries[i].mx);
	return i;
}

static uint32_t
find_or_add(struct mx_cache *c, const struct domain *domain)
{
	const uint32_t hash = hash_of(c->seed, domain_span(domain));
	uint32_t i = find(c, domain);

	if (i != NOBODY)
		return i;
	i = place(c);
	c->entries[i] = (struct entry){
		.name = mem_dup(domain->name), .hash = hash,
		.next = c->buckets[hash & c->mask],
	};
	c->buckets[hash & c->mask] = i;
	list_put(c, i, NEW);
	return i;
}

static int64_t
ttl(const struct mx_answer *answer)
{
	const int64_t most = answer->mx.len > 0 && answer->ttl_ms >= 0 ?
	    MX_TTL_MAX_MS : MX_TTL_NONE_MS;

	if (answer->ttl_ms < 0 || answer->ttl_ms > most)
		return most;
	return answer->ttl_ms < MX_TTL_MIN_MS ? MX_TTL_MIN_MS :
	    answer->ttl_ms;
}

static struct mx_look
look(const struct entry *e, int64_t now_ms)
{
	struct mx_look l = {
		.known = e->mx != NULL && now_ms < e->stale_at_ms,
		.under_way = e->under_way && now_ms < e->ask_at_ms,
		.due = now_ms >= e->ask_at_ms,
	};

	if (l.known) {
		l.mx.len = (uint8_t)strlen(e->mx);
		memcpy(l.mx.name, e->mx, l.mx.len);
	}
	return l;
}

static uint32_t
power_of_two(uint32_t least)
{
	uint32_t n = 1;

	while (n < least)
		n *= 2;
	return n;
}

struct mx_cache *
mx_cache_new(uint32_t entries, int64_t stale_for_ms)
{
	struct mx_cache *c = mem_new(1, sizeof(*c));
	const uint32_t buckets = power_of_two(entries);

	assert(entries > 0);
	c->entries = mem_new(entries, sizeof(*c->entries));
	c->room = entries;
	c->buckets = mem_new(buckets, sizeof(*c->buckets));
	c->mask = buckets - 1;
	for (uint32_t i = 0; i < buckets; i++)
		c->buckets[i] = NOBODY;
	for (int list = 0; list < LISTS; list++)
		c->lists[list].oldest = c->lists[list].newest = NOBODY;
	c->stale_for_ms = stale_for_ms;
	c->seed = chance_below(UINT32_MAX);
	return c;
}

void
mx_cache_free(struct mx_cache **cache)
{
	struct mx_cache *c = *cache;

	if (c == NULL)
		return;
	for (uint32_t i = 0; i < c->n; i++) {
		mem_free(c->entries[i].name);
		mem_free(c->entries[i].mx);
	}
	mem_free(c->entries);
	mem_free(c->buckets);
	mem_free(c);
	*cache = NULL;
}

struct mx_look
mx_cache_peek(const struct mx_cache *c, const struct domain *domain,
    int64_t now_ms)
{
	const uint32_t i = find(c, domain);

	if (i == NOBODY)
		return (struct mx_look){ .due = true };
	return look(&c->entries[i], now_ms);
}

struct mx_look
mx_cache_look(struct mx_cache *c, const struct domain *domain, int64_t now_ms)
{
	const uint32_t i = find(c, domain);

	if (i == NOBODY)
		return (struct mx_look){ .due = true };
	if (c->entries[i].mx != NULL)
		use(c, i);
	return look(&c->entries[i], now_ms);
}

void
mx_cache_ask(struct mx_cache *c, const struct domain *domain, int64_t now_ms)
{
	struct entry *e = &c->entries[find_or_add(c, domain)];

	e->under_way = true;
	e->ask_at_ms = now_ms + MX_LOST_MS;
}

void
mx_cache_answer(struct mx_cache *c, const struct domain *domain,
    const struct mx_answer *answer, int64_t now_ms)
{
	struct entry *e = &c->entries[find_or_add(c, domain)];

	mem_free(e->mx);
	e->mx = mem_dup(answer->mx.name);
	e->under_way = false;
	e->ask_at_ms = now_ms + ttl(answer);
	e->stale_at_ms = e->ask_at_ms + c->stale_for_ms;
}

void
mx_cache_failed(struct mx_cache *c, const struct domain *domain,
    int64_t now_ms)
{
	const uint32_t i = find(c, domain);

	if (i == NOBODY)
		return;
	c->entries[i].under_way = false;
	c->entries[i].ask_at_ms = now_ms + MX_RETRY_MS;
}

uint32_t
mx_cache_count(const struct mx_cache *c)
{
	return c->n;
}
