#include "leases.h"

#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "store/request.h"

struct lease {
	int64_t expiry_ms;
	char member[STORE_MEMBER_MAX + 1];
};

static struct lease *
find(const struct leases *l, const char *member)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (strcmp(l->list[i].member, member) == 0)
			return &l->list[i];
	return NULL;
}

static struct lease *
add(struct leases *l)
{
	if (l->n == LEASES_MAX)
		return NULL;
	if (l->n == l->room) {
		l->room = l->room > 0 ? 2 * l->room : 16;
		l->list = mem_resize(l->list, l->room, sizeof(l->list[0]));
	}
	return &l->list[l->n++];
}

void
leases_free(struct leases *l)
{
	mem_free(l->list);
	*l = (struct leases){ 0 };
}

void
leases_expire(struct leases *l, int64_t now_ms)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < l->n; i++)
		if (l->list[i].expiry_ms > now_ms)
			l->list[kept++] = l->list[i];
	l->n = kept;
}

bool
leases_put(struct leases *l, const char *member, int64_t expiry_ms)
{
	struct lease *lease = find(l, member);

	if (lease == NULL) {
		lease = add(l);
		if (lease == NULL)
			return false;
		if (!span_copy(lease->member, sizeof(lease->member),
		    span_of(member))) {
			l->n--;
			return false;
		}
	}
	lease->expiry_ms = expiry_ms;
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
	struct lease *lease = find(l, member);

	if (lease == NULL)
		return false;
	*lease = l->list[--l->n];
	return true;
}
