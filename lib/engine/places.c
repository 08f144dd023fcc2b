#include "engine/places.h"

#include "base/mem.h"
#include "core/lease.h"

#include <stdio.h>
#include <string.h>

struct place {
	struct place *next;
	bool said;		/* vouched for: the store is being told */
	char member[LEASE_NAME_MAX + 1];
};

static void
put(struct places_list *list, const char *member)
{
	struct place *p = mem_new(1, sizeof(*p));

	snprintf(p->member, sizeof(p->member), "%s", member);
	p->next = list->first;
	list->first = p;
	list->n++;
}

static struct place **
find(struct place **at, const char *member)
{
	while (*at != NULL && strcmp((*at)->member, member) != 0)
		at = &(*at)->next;
	return at;
}

static bool
is_in(struct place *first, const char *member)
{
	return *find(&first, member) != NULL;
}

static void
take_away(struct places_list *list, struct place **at)
{
	struct place *p = *at;

	*at = p->next;
	mem_free(p);
	list->n--;
}

/* False: it is not there. */
static bool
take_out(struct places_list *list, const char *member)
{
	struct place **at = find(&list->first, member);

	if (*at == NULL)
		return false;
	take_away(list, at);
	return true;
}

static uint32_t
spare(const struct places *p)
{
	return p->given.n - p->passed.n;
}

static void
note_idle(struct places *p)
{
	if (p->idle > spare(p))
		p->idle = spare(p);
}

void
places_give(struct places *p, const char *member)
{
	/* The store never heard of who came in another one's place. */
	if (!take_out(&p->passed, member) && !is_in(p->given.first, member))
		put(&p->given, member);
}

bool
places_pass(struct places *p, const char *member)
{
	if (is_in(p->passed.first, member))
		return true;
	if (spare(p) == 0)
		return false;
	/* Whoever comes again has his own. */
	if (!take_out(&p->given, member))
		put(&p->passed, member);
	note_idle(p);
	return true;
}

void
places_vouch(struct places *p, const char *member)
{
	if (!is_in(p->vouched.first, member))
		put(&p->vouched, member);
}

bool
places_unvouch(struct places *p, const char *member)
{
	return take_out(&p->vouched, member);
}

uint32_t
places_vouched(struct places *p, uint32_t from,
    const char *out[STORE_MEMBERS_MAX])
{
	struct place *at = p->vouched.first;
	uint32_t n = 0;

	while (at != NULL && from-- > 0)
		at = at->next;
	for (; at != NULL && n < STORE_MEMBERS_MAX; at = at->next) {
		at->said = true;
		out[n++] = at->member;
	}
	return n;
}

void
places_heard(struct places *p)
{
	struct place **at = &p->vouched.first;

	while (*at != NULL) {
		if ((*at)->said)
			take_away(&p->vouched, at);
		else
			at = &(*at)->next;
	}
}

bool
places_have(const struct places *p, const char *member)
{
	return is_in(p->given.first, member);
}

bool
places_are_full(const struct places *p)
{
	return p->given.n == STORE_MEMBERS_MAX;
}

bool
places_are_none(const struct places *p)
{
	return p->given.n == 0;
}

/* All but the first ones, which stay. */
static struct place *
cut(struct places_list *list, uint32_t stay)
{
	struct place **at = &list->first, *rest;

	list->n = stay;
	while (stay-- > 0)
		at = &(*at)->next;
	rest = *at;
	*at = NULL;
	return rest;
}

static uint32_t
names_of(const struct place *list, const char *out[STORE_MEMBERS_MAX])
{
	uint32_t n = 0;

	for (; list != NULL; list = list->next)
		out[n++] = list->member;
	return n;
}

void
places_tell(struct places *p, bool all, struct places_news *out)
{
	const uint32_t stay = all ? 0 : spare(p) - p->idle;

	out->gone = cut(&p->given, stay);
	out->entered = cut(&p->passed, 0);
	out->n = names_of(out->gone, out->members);
	out->n_enter = names_of(out->entered, out->enter);
	p->idle = stay;
}

static void
free_list(struct place *list)
{
	while (list != NULL) {
		struct place *p = list;

		list = p->next;
		mem_free(p);
	}
}

void
places_told(struct places_news *news)
{
	free_list(news->gone);
	free_list(news->entered);
	news->gone = news->entered = NULL;
}

void
places_free(struct places *p)
{
	free_list(p->given.first);
	free_list(p->passed.first);
	free_list(p->vouched.first);
	*p = (struct places){ 0 };
}
