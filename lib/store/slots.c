#include "slots.h"

#include <string.h>

#include "base/mem.h"
#include "share.h"

struct slot_row {
	char host[STORE_HOST_MAX + 1];
	uint32_t granted, in_use, waiting, old;
	int64_t expiry_ms;
};

/* Keep the rows that live; was anybody heard of lately? */
static bool
expire(struct slots *s, int64_t ttl_ms, int64_t now)
{
	uint32_t kept = 0;
	bool lately = false;

	for (uint32_t i = 0; i < s->n; i++) {
		const struct slot_row *row = &s->rows[i];

		if (row->expiry_ms <= now ||
		    row->expiry_ms > now + 10 * ttl_ms)
			continue;
		lately = lately || row->expiry_ms > now + ttl_ms / 2;
		s->rows[kept++] = *row;
	}
	s->n = kept;
	return lately;
}

/* The host's row, made where there is none; NULL: too many. */
static struct slot_row *
row_of(struct slots *s, const char *host)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (strcmp(s->rows[i].host, host) == 0)
			return &s->rows[i];
	if (s->n == SLOTS_HOSTS_MAX)
		return NULL;
	s->rows = mem_resize(s->rows, s->n + 1, sizeof(s->rows[0]));
	struct slot_row *row = &s->rows[s->n];
	*row = (struct slot_row){ 0 };
	if (!span_copy(row->host, sizeof(row->host), span_of(host)))
		return NULL;
	s->n++;
	return row;
}

static int64_t
fair_share(const struct slots *s, const char *host, int64_t cap)
{
	struct share_want *wants = mem_new(s->n, sizeof(wants[0]));
	int64_t share;

	for (uint32_t i = 0; i < s->n; i++)
		wants[i] = (struct share_want){ s->rows[i].host,
		    (int64_t)s->rows[i].in_use + s->rows[i].waiting };
	share = share_of(wants, s->n, host, cap);
	mem_free(wants);
	return share;
}

/* The old ones are beside what is granted, and below the limit. */
static uint32_t
room_of(const struct slots *s, const struct store_request *r)
{
	int64_t left = r->u.slots.limit;

	for (uint32_t i = 0; i < s->n; i++)
		left -= s->rows[i].old;
	if (left < 0)
		return 0;
	return left < r->u.slots.cap ? (uint32_t)left : r->u.slots.cap;
}

static uint32_t
target_of(const struct slots *s, const struct slot_row *row,
    const struct store_request *r, uint32_t room, int64_t now)
{
	if (now >= s->settled_ms || s->settled_ms > now + r->u.slots.settle_ms)
		return (uint32_t)fair_share(s, row->host, room);
	return r->u.slots.held;
}

static uint32_t
smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t
larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* What the others were not granted. */
static uint32_t
free_of(const struct slots *s, const struct slot_row *row, uint32_t room)
{
	int64_t left = room;

	for (uint32_t i = 0; i < s->n; i++)
		if (&s->rows[i] != row)
			left -= s->rows[i].granted;
	return left > 0 ? (uint32_t)left : 0;
}

void
slots_free(struct slots *s)
{
	mem_free(s->rows);
	*s = (struct slots){ 0 };
}

bool
slots_report(struct slots *s, const struct store_request *r, int64_t now,
    struct store_reply *out)
{
	const bool lately = expire(s, r->u.slots.ttl_ms, now);
	struct slot_row *row = row_of(s, r->u.slots.host);
	uint32_t room, target, grant, held = r->u.slots.held;

	if (row == NULL)
		return false;
	if (!lately)
		s->settled_ms = now + r->u.slots.settle_ms;
	row->in_use = r->u.slots.in_use;
	row->waiting = r->u.slots.waiting;
	row->old = r->u.slots.old;
	room = room_of(s, r);
	target = target_of(s, row, r, room, now);
	grant = smaller(target, free_of(s, row, room));
	/* The answer may be lost on its way, and the host goes on with what it
	 * held: that is not given away before the host tells of less. */
	row->granted = larger(larger(grant, row->in_use), held);
	row->expiry_ms = now + r->u.slots.ttl_ms;

	for (uint32_t i = 0; i < s->n; i++) {
		out->u.slots.in_use += s->rows[i].in_use + s->rows[i].old;
		out->u.slots.waiting += s->rows[i].waiting;
	}
	/* What is in use beyond the share, or beyond what the host holds, as
	 * one whose grant has ended, counts until it ends, but is not used
	 * again. */
	out->u.slots.granted = larger(grant,
	    smaller(target, smaller(row->in_use, held)));
	out->u.slots.hosts = s->n;
	return true;
}
