#include "engine/places.h"

#include "base/mem.h"
#include "core/lease.h"

#include <stdio.h>
#include <string.h>

struct place {
	struct place *next;
	char member[LEASE_NAME_MAX + 1];
};

static void
put(struct place **list, uint32_t *n, const char *member)
{
	struct place *p = mem_new(1, sizeof(*p));

	snprintf(p->member, sizeof(p->member), "%s", member);
	p->next = *list;
	*list = p;
	(*n)++;
}

static struct place **
find(struct place **list, const char *member)
{
	while (*list != NULL && strcmp((*list)->member, member) != 0)
		list = &(*list)->next;
	return list;
}

static bool
is_in(struct place *list, const char *member)
{
	return *find(&list, member) != NULL;
}

/* False: it is not there. */
static bool
take_out(struct place **list, uint32_t *n, const char *member)
{
	struct place **at = find(list, member);
	struct place *p = *at;

	if (p == NULL)
		return false;
	*at = p->next;
	mem_free(p);
	(*n)--;
	return true;
}

static uint32_t
spare(const struct places *p)
{
	return p->n_given - p->n_passed;
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
	if (!take_out(&p->passed, &p->n_passed, member) &&
	    !is_in(p->given, member))
		put(&p->given, &p->n_given, member);
}

bool
places_pass(struct places *p, const char *member)
{
	if (is_in(p->passed, member))
		return true;
	if (spare(p) == 0)
		return false;
	/* Whoever comes again has his own. */
	if (!take_out(&p->given, &p->n_given, member))
		put(&p->passed, &p->n_passed, member);
	note_idle(p);
	return true;
}

bool
places_have(const struct places *p, const char *member)
{
	return is_in(p->given, member);
}

bool
places_are_full(const struct places *p)
{
	return p->n_given == STORE_MEMBERS_MAX;
}

bool
places_are_none(const struct places *p)
{
	return p->n_given == 0;
}

/* All but the first ones, which stay. */
static struct place *
cut(struct place **list, uint32_t stay)
{
	struct place *rest;

	while (stay-- > 0)
		list = &(*list)->next;
	rest = *list;
	*list = NULL;
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
	p->n_given = p->idle = stay;
	p->n_passed = 0;
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
	free_list(p->given);
	free_list(p->passed);
	*p = (struct places){ 0 };
}
