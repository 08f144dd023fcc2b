/*
 * places - of one destination, the leases that were given back here while the
 * store has them still, and who came in the place of one of them since. Of both
 * the store is told at once, later: so there are never more than it has. And who
 * was let in on our word, while the store could not be asked.
 */
#ifndef ENGINE_PLACES_H
#define ENGINE_PLACES_H

#include "store/request.h"

#include <stdbool.h>
#include <stdint.h>

struct place;

struct places_list {		/* the last one first */
	struct place *first;
	uint32_t n;
};

struct places {			/* all zeros: none */
	struct places_list given, passed;	/* at most STORE_MEMBERS_MAX */
	struct places_list vouched;	/* in on our word */
	uint32_t idle;		/* nobody had use for, since it was told last */
};

/* What the store is to be told: members go, those in enter came instead. */
struct places_news {
	uint32_t n, n_enter;
	const char *members[STORE_MEMBERS_MAX], *enter[STORE_MEMBERS_MAX];
	struct place *gone, *entered;	/* whose names these are */
};

/* member gives its lease back. */
void places_give(struct places *places, const char *member);
/* member takes the place of one that was given back; false: there is none. */
bool places_pass(struct places *places, const char *member);
/* Is member's one of those that were given back? */
bool places_have(const struct places *places, const char *member);
/* No more can be kept: it is time to tell all. */
bool places_are_full(const struct places *places);
bool places_are_none(const struct places *places);
/* member is in on our word ... */
void places_vouch(struct places *places, const char *member);
/* ... and is not any more; false: he was not. */
bool places_unvouch(struct places *places, const char *member);
/* Names of those who are, of whom the store is to be told now: how many, from the
 * from-th on (0: the first); 0 when there are no more. */
uint32_t places_vouched(struct places *places, uint32_t from,
    const char *out[STORE_MEMBERS_MAX]);
/* It did hear of those: they are not in on our word any more. */
void places_heard(struct places *places);
/* What is to be told, which is not kept any more: all, or what was passed on and
 * what nobody had use for since. */
void places_tell(struct places *places, bool all, struct places_news *out);
void places_told(struct places_news *news);
void places_free(struct places *places);

#endif
