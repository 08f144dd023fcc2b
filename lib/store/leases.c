#include "leases.h"

#include <stdio.h>
#include <string.h>

#include "base/chance.h"
#include "base/hash.h"
#include "base/mem.h"
#include "store/request.h"

#define CHAINS_MIN 16

struct lease {
	struct lease *next;	/* in its chain */
	uint32_t at;		/* in the heap */
	uint32_t hash;
	int64_t expiry_ms;
	char member[STORE_MEMBER_MAX + 1];
};

/* The chains */

/* The link to the lease, or where it would be; there are chains. */
static struct lease **
link_to(const struct leases *l, uint32_t hash, const char *member)
{
	struct lease **link = &l->chains[hash & (l->n_chains - 1)];

	while (*link != NULL && ((*link)->hash != hash ||
	    strcmp((*link)->member, member) != 0))
		link = &(*link)->next;
	return link;
}

static struct lease *
find(const struct leases *l, const char *member)
{
	return l->n == 0 ? NULL :
	    *link_to(l, hash_of(l->seed, span_of(member)), member);
}

static void
chain_all_anew(struct leases *l)
{
	if (l->n_chains == 0)
		l->seed = chance_below(UINT32_MAX);
	l->n_chains = l->n_chains > 0 ? 2 * l->n_chains : CHAINS_MIN;
	mem_free(l->chains);
	l->chains = mem_new(l->n_chains, sizeof(l->chains[0]));
	for (uint32_t i = 0; i < l->n; i++) {
		struct lease **first = &l->chains[l->heap[i]->hash &
		    (l->n_chains - 1)];

		l->heap[i]->next = *first;
		*first = l->heap[i];
	}
}

/* The heap */

static void
place(struct leases *l, struct lease *lease, uint32_t at)
{
	l->heap[at] = lease;
	lease->at = at;
}

static void
move_up(struct leases *l, struct lease *lease)
{
	uint32_t at = lease->at;

	for (; at > 0 && l->heap[(at - 1) / 2]->expiry_ms > lease->expiry_ms;
	    at = (at - 1) / 2)
		place(l, l->heap[(at - 1) / 2], at);
	place(l, lease, at);
}

static void
move_down(struct leases *l, struct lease *lease)
{
	uint32_t at = lease->at, child;

	while ((child = 2 * at + 1) < l->n) {
		if (child + 1 < l->n && l->heap[child + 1]->expiry_ms <
		    l->heap[child]->expiry_ms)
			child++;
		if (l->heap[child]->expiry_ms >= lease->expiry_ms)
			break;
		place(l, l->heap[child], at);
		at = child;
	}
	place(l, lease, at);
}

static void
take_out(struct leases *l, struct lease **link)
{
	struct lease *lease = *link, *last = l->heap[--l->n];

	*link = lease->next;
	if (last != lease) {
		place(l, last, lease->at);
		move_up(l, last);
		move_down(l, last);
	}
	mem_free(lease);
}

static struct lease *
add(struct leases *l, const char *member)
{
	struct lease *lease, **link;

	if (l->n == LEASES_MAX || strlen(member) > STORE_MEMBER_MAX)
		return NULL;
	if (l->n == l->room) {
		l->room = l->room > 0 ? 2 * l->room : CHAINS_MIN;
		l->heap = mem_resize(l->heap, l->room, sizeof(l->heap[0]));
	}
	if (l->n == l->n_chains)
		chain_all_anew(l);
	lease = mem_new(1, sizeof(*lease));
	lease->hash = hash_of(l->seed, span_of(member));
	snprintf(lease->member, sizeof(lease->member), "%s", member);
	link = link_to(l, lease->hash, member);
	*link = lease;
	place(l, lease, l->n++);
	return lease;
}

void
leases_free(struct leases *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		mem_free(l->heap[i]);
	mem_free(l->heap);
	mem_free(l->chains);
	*l = (struct leases){ 0 };
}

void
leases_expire(struct leases *l, int64_t now_ms)
{
	while (l->n > 0 && l->heap[0]->expiry_ms <= now_ms)
		take_out(l, link_to(l, l->heap[0]->hash, l->heap[0]->member));
}

bool
leases_put(struct leases *l, const char *member, int64_t expiry_ms)
{
	struct lease *lease = find(l, member);

	if (lease == NULL)
		lease = add(l, member);
	if (lease == NULL)
		return false;
	lease->expiry_ms = expiry_ms;
	move_up(l, lease);
	move_down(l, lease);
	return true;
}

bool
leases_has(const struct leases *l, const char *member)
{
	return find(l, member) != NULL;
}

bool
leases_drop(struct leases *l, const char *member)
{
	struct lease **link;

	if (l->n == 0)
		return false;
	link = link_to(l, hash_of(l->seed, span_of(member)), member);
	if (*link == NULL)
		return false;
	take_out(l, link);
	return true;
}
