#include "engine/roll.h"

#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static_assert((ROLL_BUCKETS & (ROLL_BUCKETS - 1)) == 0, "buckets are masked");

/* FNV-1a: names differ in a few digits only. */
static uint32_t
bucket_of(uint32_t destination, const char *member)
{
	uint32_t hash = 2166136261u ^ destination;

	for (; *member != '\0'; member++)
		hash = (hash ^ (unsigned char)*member) * 16777619u;
	return (hash ^ hash >> 16) & (ROLL_BUCKETS - 1);
}

static void
join(struct roll_list *list, struct lease *l)
{
	l->before = list->last;
	l->after = NULL;
	*(l->before != NULL ? &l->before->after : &list->first) = l;
	list->last = l;
	list->n++;
}

static void
leave(struct roll_list *list, struct lease *l)
{
	*(l->before != NULL ? &l->before->after : &list->first) = l->after;
	*(l->after != NULL ? &l->after->before : &list->last) = l->before;
	list->n--;
}

void
roll_init(struct roll *r, uint32_t n_destinations)
{
	r->n_destinations = n_destinations;
	r->counts = mem_new(n_destinations, sizeof(*r->counts));
	r->unheard = mem_new(n_destinations, sizeof(*r->unheard));
	r->spare = mem_new(n_destinations, sizeof(*r->spare));
	r->idle = mem_new(n_destinations, sizeof(*r->idle));
}

void
roll_free(struct roll *r)
{
	struct lease *next;

	for (int i = 0; i < ROLL_BUCKETS; i++) {
		for (struct lease *l = r->buckets[i]; l != NULL; l = next) {
			next = l->next;
			mem_free(l);
		}
	}
	mem_free(r->counts);
	mem_free(r->unheard);
	mem_free(r->spare);
	mem_free(r->idle);
}

struct lease **
roll_find(struct roll *r, uint32_t destination, const char *member)
{
	struct lease **at = &r->buckets[bucket_of(destination, member)];

	assert(destination < r->n_destinations);
	while (*at != NULL && ((*at)->destination != destination ||
	    strcmp((*at)->member, member) != 0))
		at = &(*at)->next;
	return at;
}

int32_t
roll_worth(const struct lease *l)
{
	if (l->busy || l->asked)
		return 0;
	return l->held ? -l->passed : l->stored;
}

void
roll_begin_turn(struct roll *r)
{
	for (uint32_t d = 0; d < r->n_destinations; d++)
		r->idle[d] = r->spare[d];
}

void
roll_begin_change(struct roll *r, const struct lease *l)
{
	r->spare[l->destination] -= roll_worth(l);
	r->unheard[l->destination] -= l->unheard;
}

void
roll_end_change(struct roll *r, const struct lease *l)
{
	const uint32_t d = l->destination;

	r->spare[d] += roll_worth(l);
	r->unheard[d] += l->unheard;
	if (r->spare[d] < r->idle[d])
		r->idle[d] = r->spare[d];
}

void
roll_forget(struct roll *r, struct lease **at)
{
	struct lease *l = *at;

	assert(!l->held && !l->busy && !l->asked);
	roll_begin_change(r, l);
	leave(&r->given, l);
	*at = l->next;
	mem_free(l);
}

struct lease **
roll_find_or_add(struct roll *r, uint32_t destination, const char *member)
{
	struct lease **at = roll_find(r, destination, member);

	if (*at == NULL) {
		*at = mem_new(1, sizeof(**at));
		(*at)->destination = destination;
		snprintf((*at)->member, sizeof((*at)->member), "%s", member);
		join(&r->given, *at);
	}
	return at;
}

void
roll_hold(struct roll *r, struct lease *l)
{
	if (l->held)
		return;
	l->held = true;
	leave(&r->given, l);
	r->counts[l->destination]++;
}

void
roll_pass(struct roll *r, struct lease *l)
{
	roll_hold(r, l);
	l->passed = true;
	join(&r->passed, l);
}

void
roll_end_passing(struct roll *r, struct lease *l)
{
	if (l->passed)
		leave(&r->passed, l);
	l->passed = false;
}

void
roll_give(struct roll *r, struct lease *l)
{
	roll_end_passing(r, l);
	l->held = l->unheard = false;
	join(&r->given, l);
	r->counts[l->destination]--;
}
