#include "engine/held.h"

#include "base/mem.h"
#include "engine/roll.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#define LOOK_MAX 256	/* at so many for one who waits */

struct held {
	pthread_mutex_t mutex;	/* guards all below */
	pthread_cond_t told;	/* the store was told of some */
	bool closed;
	uint32_t round;		/* of renewals, the one under way */
	uint32_t drops;		/* rounds of giving back, the same */
	int32_t *leaving;	/* by destination: places that may go in it */
	struct roll roll;
};

static void
take(struct held *h, uint32_t destination, const char *member, bool granted)
{
	struct lease *l = *roll_find_or_add(&h->roll, destination, member);

	roll_begin_change(&h->roll, l);
	roll_end_passing(&h->roll, l);
	roll_hold(&h->roll, l);
	/* What was being said of it meanwhile may come before or after. */
	l->stored = granted && !l->busy && !l->doubt;
	l->unheard = !granted;
	l->round = h->round;
	roll_end_change(&h->roll, l);
}

static void
give(struct held *h, struct lease *l, int64_t forget_ms)
{
	roll_begin_change(&h->roll, l);
	roll_give(&h->roll, l);
	l->forget_ms = forget_ms;
	roll_end_change(&h->roll, l);
}

static bool
is_due(const struct held *h, const struct lease *l, enum held_work work)
{
	if (l->busy || l->asked)
		return false;
	switch (work) {
	case HELD_ENTER:
		return l->held && !l->stored && !l->passed;
	case HELD_RENEW:
		return l->held && l->stored && l->round != h->round;
	case HELD_DROP:
		return !l->held && l->since != h->drops;
	}
	return false;
}

/* Given back, and passed on since, as all others are. */
static bool
is_in_use(const struct held *h, const struct lease *l)
{
	return roll_worth(l) > 0 && h->roll.spare[l->destination] <= 0;
}

static bool
fits(const struct lease *l, const struct held_batch *b)
{
	return b->n + b->n_enter == 0 || l->destination == b->destination;
}

/* Into the batch, if it is due and there is room for it. A place that is in use
 * stays where it is. */
static void
offer(struct held *h, struct lease *l, struct held_batch *b)
{
	if (b->n == HELD_BATCH || l->busy || l->asked || !fits(l, b) ||
	    is_in_use(h, l))
		return;
	if (roll_worth(l) > 0 && h->leaving[l->destination] > 0)
		h->leaving[l->destination]--;
	roll_begin_change(&h->roll, l);
	b->destination = l->destination;
	memcpy(b->members[b->n++], l->member, sizeof(l->member));
	l->busy = true;
	l->leaving = b->work == HELD_DROP;
	l->round = h->round;
	roll_end_change(&h->roll, l);
}

/* The store is told who has come in the places of others, so that those can
 * go. */
static void
offer_to_enter(struct held *h, struct lease *l, struct held_batch *b)
{
	if (b->n_enter == HELD_BATCH || l->busy || l->since == h->drops ||
	    !fits(l, b))
		return;
	roll_begin_change(&h->roll, l);
	b->destination = l->destination;
	memcpy(b->enter[b->n_enter++], l->member, sizeof(l->member));
	h->leaving[l->destination]++;
	l->busy = true;
	l->leaving = false;
	roll_end_change(&h->roll, l);
}

static void
settle(struct held *h, struct lease **at, enum held_work work, bool missing)
{
	struct lease *l = *at;

	switch (work) {
	case HELD_ENTER:
		l->stored = true;
		l->unheard = false;
		break;
	case HELD_RENEW:
		l->stored = l->stored && !missing;
		break;
	case HELD_DROP:
		if (!l->held && !l->asked)
			roll_forget(&h->roll, at);
		break;
	}
}

struct held *
held_new(uint32_t n_destinations)
{
	struct held *h = mem_new(1, sizeof(*h));

	pthread_mutex_init(&h->mutex, NULL);
	pthread_cond_init(&h->told, NULL);
	h->leaving = mem_new(n_destinations, sizeof(*h->leaving));
	roll_init(&h->roll, n_destinations);
	return h;
}

void
held_free(struct held **held)
{
	struct held *h = *held;

	if (h == NULL)
		return;
	roll_free(&h->roll);
	mem_free(h->leaving);
	pthread_cond_destroy(&h->told);
	pthread_mutex_destroy(&h->mutex);
	mem_free(h);
	*held = NULL;
}

/* The question has been answered, or never will be. */
static struct lease *
end_question(struct held *h, uint32_t destination, const char *member,
    bool there)
{
	struct lease *l = *roll_find(&h->roll, destination, member);

	if (l != NULL) {
		roll_begin_change(&h->roll, l);
		l->asked = false;
		l->stored = l->stored && there;
		roll_end_change(&h->roll, l);
	}
	return l;
}

/* It is taken again by its own name, or by another one. */
static void
pass(struct held *h, struct lease *l)
{
	roll_begin_change(&h->roll, l);
	if (l->stored)
		roll_hold(&h->roll, l);
	else
		roll_pass(&h->roll, l);
	l->since = h->drops;
	roll_end_change(&h->roll, l);
}

bool
held_pass(struct held *h, uint32_t destination, const char *member)
{
	const struct lease *l;
	bool can;

	pthread_mutex_lock(&h->mutex);
	l = *roll_find(&h->roll, destination, member);
	can = !h->closed && h->roll.spare[destination] > 0 &&
	    (l == NULL || (!l->held && !l->busy && !l->asked));
	if (can)
		pass(h, *roll_find_or_add(&h->roll, destination, member));
	pthread_mutex_unlock(&h->mutex);
	return can;
}

bool
held_ask(struct held *h, uint32_t destination, const char *member,
    struct held_batch *out_drops)
{
	struct lease *asked, *l;
	bool waited = false, can;
	int looked = 0;

	out_drops->work = HELD_DROP;
	out_drops->n = out_drops->n_enter = 0;
	pthread_mutex_lock(&h->mutex);
	/* A question that overtook what gives the same place back would be
	 * answered with that place, and then it would be somebody else's, too. */
	while ((asked = *roll_find(&h->roll, destination, member)) != NULL &&
	    asked->busy && asked->leaving) {
		pthread_cond_wait(&h->told, &h->mutex);
		waited = true;
	}
	/* It would be used twice: by who asks, and by whom it was passed on to. */
	can = asked == NULL || !is_in_use(h, asked);
	if (can && asked != NULL) {
		roll_begin_change(&h->roll, asked);
		asked->asked = true;
		asked->doubt = asked->busy || waited;
		roll_end_change(&h->roll, asked);
	}
	for (l = h->roll.given.first; can && l != NULL && looked < LOOK_MAX;
	    l = l->after) {
		looked++;
		if (l->destination == destination)
			offer(h, l, out_drops);
	}
	pthread_mutex_unlock(&h->mutex);
	return can;
}

void
held_denied(struct held *h, uint32_t destination, const char *member)
{
	pthread_mutex_lock(&h->mutex);
	end_question(h, destination, member, false);
	pthread_mutex_unlock(&h->mutex);
}

bool
held_add(struct held *h, uint32_t destination, const char *member)
{
	bool open;

	pthread_mutex_lock(&h->mutex);
	open = !h->closed;
	end_question(h, destination, member, true);
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
	l = end_question(h, destination, member, true);
	fits = !h->closed && (limit == 0 || h->roll.counts[destination] < limit ||
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
	struct lease **at, *l;
	bool unsaid;		/* the store never heard of it */

	pthread_mutex_lock(&h->mutex);
	at = roll_find_or_add(&h->roll, destination, member);
	l = *at;
	unsaid = l->passed;
	if (l->held)
		give(h, l, forget_ms);
	l->since = h->drops;
	l->forget_ms = forget_ms;
	if (!l->busy && !l->asked &&
	    (unsaid || h->roll.given.n > HELD_GIVEN_MAX))
		roll_forget(&h->roll, at);
	pthread_mutex_unlock(&h->mutex);
}

void
held_close(struct held *h, int64_t forget_ms)
{
	pthread_mutex_lock(&h->mutex);
	h->closed = true;
	for (int i = 0; i < ROLL_BUCKETS; i++) {
		for (struct lease *l = h->roll.buckets[i]; l != NULL;
		    l = l->next) {
			if (l->held)
				give(h, l, forget_ms);
		}
	}
	roll_begin_turn(&h->roll);	/* nobody will come */
	pthread_mutex_unlock(&h->mutex);
}

bool
held_owes(struct held *h)
{
	bool owes;

	pthread_mutex_lock(&h->mutex);
	owes = h->roll.given.n + h->roll.passed.n > 0;
	pthread_mutex_unlock(&h->mutex);
	return owes;
}

static uint32_t
read_count(struct held *h, const uint32_t *count)
{
	uint32_t is;

	pthread_mutex_lock(&h->mutex);
	is = *count;
	pthread_mutex_unlock(&h->mutex);
	return is;
}

uint32_t
held_count(struct held *h, uint32_t destination)
{
	return read_count(h, &h->roll.counts[destination]);
}

uint32_t
held_unheard(struct held *h, uint32_t destination)
{
	return read_count(h, &h->roll.unheard[destination]);
}

/* A name may always go; a place, when it was idle, or for who takes it. */
static bool
may_leave(const struct held *h, const struct lease *l)
{
	return roll_worth(l) == 0 || h->leaving[l->destination] > 0;
}

static void
gather_drops(struct held *h, struct held_batch *out)
{
	for (struct lease *l = h->roll.passed.first; l != NULL; l = l->after)
		offer_to_enter(h, l, out);
	for (struct lease *l = h->roll.given.first;
	    l != NULL && out->n < HELD_BATCH; l = l->after)
		if (is_due(h, l, HELD_DROP) && may_leave(h, l))
			offer(h, l, out);
}

static void
gather_held(struct held *h, struct held_batch *out)
{
	for (int i = 0; i < ROLL_BUCKETS && out->n < HELD_BATCH; i++)
		for (struct lease *l = h->roll.buckets[i]; l != NULL;
		    l = l->next)
			if (is_due(h, l, out->work))
				offer(h, l, out);
}

static void
begin_drops(struct held *h)
{
	h->drops++;
	for (uint32_t d = 0; d < h->roll.n_destinations; d++)
		h->leaving[d] = h->roll.idle[d] > 0 ? h->roll.idle[d] : 0;
	roll_begin_turn(&h->roll);
}

void
held_begin_round(struct held *h, enum held_work work)
{
	pthread_mutex_lock(&h->mutex);
	if (work == HELD_DROP)
		begin_drops(h);
	else
		h->round++;
	pthread_mutex_unlock(&h->mutex);
}

bool
held_due(struct held *h, enum held_work work, struct held_batch *out)
{
	out->work = work;
	out->n = out->n_enter = 0;
	pthread_mutex_lock(&h->mutex);
	if (work == HELD_DROP)
		gather_drops(h, out);
	else
		gather_held(h, out);
	pthread_mutex_unlock(&h->mutex);
	return out->n + out->n_enter > 0;
}

static struct lease **
find_told(struct held *h, uint32_t destination, const char *member)
{
	struct lease **at = roll_find(&h->roll, destination, member);

	assert(*at != NULL && (*at)->busy);
	roll_begin_change(&h->roll, *at);
	(*at)->busy = false;
	return at;
}

/* Where nobody knows what the store heard, what was to be given back is nobody's
 * place any more, and who was to have it is there on our word. */
static void
told_to_drop(struct held *h, struct lease **at, bool answered)
{
	(*at)->stored = false;
	roll_end_change(&h->roll, *at);
	if (answered)
		settle(h, at, HELD_DROP, false);
}

static void
told_to_enter(struct held *h, struct lease *l, bool answered)
{
	roll_end_passing(&h->roll, l);
	l->stored = answered;
	l->round = h->round;
	roll_end_change(&h->roll, l);
}

void
held_done(struct held *h, const struct held_batch *batch, bool answered,
    uint64_t missing)
{
	pthread_mutex_lock(&h->mutex);
	for (uint32_t i = 0; i < batch->n; i++) {
		struct lease **at = find_told(h, batch->destination,
		    batch->members[i]);

		if (batch->work == HELD_DROP) {
			told_to_drop(h, at, answered);
			continue;
		}
		if (answered)
			settle(h, at, batch->work, (missing >> i & 1) != 0);
		roll_end_change(&h->roll, *at);
	}
	for (uint32_t i = 0; i < batch->n_enter; i++)
		told_to_enter(h, *find_told(h, batch->destination,
		    batch->enter[i]), answered);
	pthread_cond_broadcast(&h->told);
	pthread_mutex_unlock(&h->mutex);
}

void
held_forget(struct held *h, int64_t now_ms)
{
	struct lease *next;

	pthread_mutex_lock(&h->mutex);
	for (struct lease *l = h->roll.given.first; l != NULL; l = next) {
		next = l->after;
		if (!l->busy && !l->asked && l->forget_ms <= now_ms)
			roll_forget(&h->roll, roll_find(&h->roll,
			    l->destination, l->member));
	}
	pthread_mutex_unlock(&h->mutex);
}
