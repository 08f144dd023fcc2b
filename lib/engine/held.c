#include "engine/held.h"

#include "base/mem.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define BUCKETS 4096	/* a power of two */
#define LOOK_MAX 256	/* at so many for one who waits */

struct lease {
	struct lease *next;
	uint32_t destination;
	uint32_t round;		/* taken or last renewed in */
	bool held;		/* a session has it */
	bool stored;		/* the store knows it, as far as we do */
	bool busy;		/* the store is being told of it, */
	bool leaving;		/* namely that it is given back */
	bool asked;		/* a session asks the store for it */
	bool doubt;		/* ... while that is being told of it */
	int64_t forget_ms;	/* not held: the store forgets it then */
	struct lease *before, *after;	/* not held: in the list of these */
	char member[LEASE_NAME_MAX + 1];
};

struct held {
	pthread_mutex_t mutex;	/* guards all below */
	pthread_cond_t told;	/* the store was told of some */
	bool closed;
	uint32_t round;		/* of renewals, the one under way */
	struct lease *first, *last;	/* of those not held */
	uint32_t given;		/* so many are not held */
	uint32_t n_destinations;
	uint32_t *counts;	/* held, by destination */
	struct lease *buckets[BUCKETS];
};

static_assert((BUCKETS & (BUCKETS - 1)) == 0, "buckets are masked");

/* FNV-1a: names differ in a few digits only. */
static uint32_t
bucket_of(uint32_t destination, const char *member)
{
	uint32_t hash = 2166136261u ^ destination;

	for (; *member != '\0'; member++)
		hash = (hash ^ (unsigned char)*member) * 16777619u;
	return (hash ^ hash >> 16) & (BUCKETS - 1);
}

/* The link that points to the lease, or to where it would be added. */
static struct lease **
find(struct held *h, uint32_t destination, const char *member)
{
	struct lease **at = &h->buckets[bucket_of(destination, member)];

	assert(destination < h->n_destinations);
	while (*at != NULL && ((*at)->destination != destination ||
	    strcmp((*at)->member, member) != 0))
		at = &(*at)->next;
	return at;
}

static void
join_given(struct held *h, struct lease *l)
{
	l->before = h->last;
	l->after = NULL;
	*(l->before != NULL ? &l->before->after : &h->first) = l;
	h->last = l;
	h->given++;
}

static void
leave_given(struct held *h, struct lease *l)
{
	*(l->before != NULL ? &l->before->after : &h->first) = l->after;
	*(l->after != NULL ? &l->after->before : &h->last) = l->before;
	h->given--;
}

static void
forget(struct held *h, struct lease **at)
{
	struct lease *l = *at;

	assert(!l->held && !l->busy && !l->asked);
	leave_given(h, l);
	*at = l->next;
	mem_free(l);
}

/* A new one is one that was given back. */
static struct lease **
find_or_add(struct held *h, uint32_t destination, const char *member)
{
	struct lease **at = find(h, destination, member);

	if (*at == NULL) {
		*at = mem_new(1, sizeof(**at));
		(*at)->destination = destination;
		snprintf((*at)->member, sizeof((*at)->member), "%s", member);
		join_given(h, *at);
	}
	return at;
}

static void
take(struct held *h, uint32_t destination, const char *member, bool stored)
{
	struct lease *l = *find_or_add(h, destination, member);

	if (!l->held) {
		l->held = true;
		leave_given(h, l);
		h->counts[destination]++;
	}
	/* What was being said of it meanwhile may come before or after. */
	l->stored = stored && !l->busy && !l->doubt;
	l->round = h->round;
}

static void
give(struct held *h, struct lease *l, int64_t forget_ms)
{
	l->held = false;
	l->forget_ms = forget_ms;
	join_given(h, l);
	h->counts[l->destination]--;
}

static bool
is_due(const struct held *h, const struct lease *l, enum held_work work)
{
	if (l->busy || l->asked)
		return false;
	switch (work) {
	case HELD_ENTER:
		return l->held && !l->stored;
	case HELD_RENEW:
		return l->held && l->stored && l->round != h->round;
	case HELD_DROP:
		return !l->held;
	}
	return false;
}

/* Into the batch, if it is due and there is room for it. */
static void
offer(const struct held *h, struct lease *l, struct held_batch *b)
{
	if (b->n == HELD_BATCH || !is_due(h, l, b->work) ||
	    (b->n > 0 && l->destination != b->destination))
		return;
	b->destination = l->destination;
	memcpy(b->members[b->n++], l->member, sizeof(l->member));
	l->busy = true;
	l->leaving = b->work == HELD_DROP;
	l->round = h->round;
}

static void
settle(struct held *h, struct lease **at, enum held_work work, bool missing)
{
	struct lease *l = *at;

	switch (work) {
	case HELD_ENTER:
		l->stored = true;
		break;
	case HELD_RENEW:
		l->stored = l->stored && !missing;
		break;
	case HELD_DROP:
		if (!l->held && !l->asked)
			forget(h, at);
		break;
	}
}

struct held *
held_new(uint32_t n_destinations)
{
	struct held *h = mem_new(1, sizeof(*h));

	pthread_mutex_init(&h->mutex, NULL);
	pthread_cond_init(&h->told, NULL);
	h->n_destinations = n_destinations;
	h->counts = mem_new(n_destinations, sizeof(*h->counts));
	return h;
}

void
held_free(struct held **held)
{
	struct held *h = *held;
	struct lease *next;

	if (h == NULL)
		return;
	for (int i = 0; i < BUCKETS; i++) {
		for (struct lease *l = h->buckets[i]; l != NULL; l = next) {
			next = l->next;
			mem_free(l);
		}
	}
	pthread_cond_destroy(&h->told);
	pthread_mutex_destroy(&h->mutex);
	mem_free(h->counts);
	mem_free(h);
	*held = NULL;
}

/* The question has been answered, or never will be. */
static struct lease *
end_question(struct held *h, uint32_t destination, const char *member)
{
	struct lease *l = *find(h, destination, member);

	if (l != NULL)
		l->asked = false;
	return l;
}

void
held_ask(struct held *h, uint32_t destination, const char *member,
    struct held_batch *out_drops)
{
	struct lease *asked, *l;
	bool waited = false;
	int looked = 0;

	out_drops->work = HELD_DROP;
	out_drops->n = 0;
	pthread_mutex_lock(&h->mutex);
	/* A question that overtook what gives the same place back would be
	 * answered with that place, and then it would be somebody else's, too. */
	while ((asked = *find(h, destination, member)) != NULL &&
	    asked->busy && asked->leaving) {
		pthread_cond_wait(&h->told, &h->mutex);
		waited = true;
	}
	if (asked != NULL) {
		asked->asked = true;
		asked->doubt = asked->busy || waited;
	}
	for (l = h->first; l != NULL && looked < LOOK_MAX; l = l->after) {
		looked++;
		if (l->destination == destination)
			offer(h, l, out_drops);
	}
	pthread_mutex_unlock(&h->mutex);
}

void
held_denied(struct held *h, uint32_t destination, const char *member)
{
	pthread_mutex_lock(&h->mutex);
	end_question(h, destination, member);
	pthread_mutex_unlock(&h->mutex);
}

bool
held_add(struct held *h, uint32_t destination, const char *member)
{
	bool open;

	pthread_mutex_lock(&h->mutex);
	open = !h->closed;
	end_question(h, destination, member);
	if (open)
		take(h, destination, member, true);
	pthread_mutex_unlock(&h->mutex);
	return open;
}

bool
held_add_below(struct held *h, uint32_t destination, const char *member,
    uint32_t limit)
{
	const struct lease *l;
	bool fits;

	pthread_mutex_lock(&h->mutex);
	l = end_question(h, destination, member);
	fits = !h->closed && (limit == 0 || h->counts[destination] < limit ||
	    (l != NULL && l->held));
	if (fits)
		take(h, destination, member, false);
	pthread_mutex_unlock(&h->mutex);
	return fits;
}

void
held_give(struct held *h, uint32_t destination, const char *member,
    int64_t forget_ms)
{
	struct lease **at;

	pthread_mutex_lock(&h->mutex);
	at = find_or_add(h, destination, member);
	if ((*at)->held)
		give(h, *at, forget_ms);
	(*at)->forget_ms = forget_ms;
	if (h->given > HELD_GIVEN_MAX && !(*at)->busy && !(*at)->asked)
		forget(h, at);
	pthread_mutex_unlock(&h->mutex);
}

void
held_close(struct held *h, int64_t forget_ms)
{
	pthread_mutex_lock(&h->mutex);
	h->closed = true;
	for (int i = 0; i < BUCKETS; i++) {
		for (struct lease *l = h->buckets[i]; l != NULL; l = l->next) {
			if (l->held)
				give(h, l, forget_ms);
		}
	}
	pthread_mutex_unlock(&h->mutex);
}

uint32_t
held_count(struct held *h, uint32_t destination)
{
	uint32_t count;

	pthread_mutex_lock(&h->mutex);
	count = h->counts[destination];
	pthread_mutex_unlock(&h->mutex);
	return count;
}

void
held_begin_round(struct held *h)
{
	pthread_mutex_lock(&h->mutex);
	h->round++;
	pthread_mutex_unlock(&h->mutex);
}

bool
held_due(struct held *h, enum held_work work, struct held_batch *out)
{
	out->work = work;
	out->n = 0;
	pthread_mutex_lock(&h->mutex);
	if (work == HELD_DROP)
		for (struct lease *l = h->first;
		    l != NULL && out->n < HELD_BATCH; l = l->after)
			offer(h, l, out);
	else
		for (int i = 0; i < BUCKETS && out->n < HELD_BATCH; i++)
			for (struct lease *l = h->buckets[i]; l != NULL;
			    l = l->next)
				offer(h, l, out);
	pthread_mutex_unlock(&h->mutex);
	return out->n > 0;
}

void
held_done(struct held *h, const struct held_batch *batch, bool answered,
    uint64_t missing)
{
	pthread_mutex_lock(&h->mutex);
	for (uint32_t i = 0; i < batch->n; i++) {
		struct lease **at = find(h, batch->destination,
		    batch->members[i]);

		assert(*at != NULL && (*at)->busy);
		(*at)->busy = false;
		if (answered)
			settle(h, at, batch->work, (missing >> i & 1) != 0);
	}
	pthread_cond_broadcast(&h->told);
	pthread_mutex_unlock(&h->mutex);
}

void
held_forget(struct held *h, int64_t now_ms)
{
	struct lease *next;

	pthread_mutex_lock(&h->mutex);
	for (struct lease *l = h->first; l != NULL; l = next) {
		next = l->after;
		if (!l->busy && !l->asked && l->forget_ms <= now_ms)
			forget(h, find(h, l->destination, l->member));
	}
	pthread_mutex_unlock(&h->mutex);
}
