#include "policy/ledger.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT INT64_C(0x6d77736c6f747302)	/* another one is not read */

struct row {
	int64_t pid;		/* 0: free; written last */
	char upstream[PLAN_NAME_MAX + 1];
};

struct grant {
	char upstream[PLAN_NAME_MAX + 1];	/* "": none */
	uint32_t held;		/* fleet_held(), */
	int64_t asked_ms;	/* for it: line_grant() */
};

struct hold {
	char destination[PLAN_NAME_MAX + 1];	/* "": none */
	int64_t until_ms;	/* fleet time */
};

struct page {
	int64_t format;
	int64_t alive_ms;	/* when a loop was there last */
	uint32_t hosts;		/* that there are; 0: not known */
	struct grant grants[PLAN_UPSTREAMS];
	struct hold holds[PLAN_DESTINATIONS];
	struct row rows[LEDGER_ROWS];
};

/* Of what was inherited. */
struct heirloom {
	uint32_t row;
	struct line *line;
	int64_t heard_ms;	/* 0: not yet */
};

struct ledger {
	struct page *page;
	uint32_t next;		/* where a free row is looked for */
	struct heirloom *old;
	uint32_t n_old;
	int64_t inherited_ms;
	bool bequeathed;
};

/* Room is made at once: where there is none later, a write would kill us. */
static int
open_file(const char *folder)
{
	char path[PATH_MAX];
	struct stat st;
	int fd;

	if (folder == NULL || snprintf(path, sizeof(path), "%s/slots",
	    folder) >= (int)sizeof(path))
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_uid == geteuid() &&
	    posix_fallocate(fd, 0, sizeof(struct page)) == 0)
		return fd;
	close(fd);
	return -1;
}

static struct page *
map_page(int fd)
{
	void *at = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE,
	    MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

struct ledger *
ledger_open(const char *folder)
{
	const int fd = open_file(folder);
	struct page *page = map_page(fd);
	struct ledger *l;

	if (fd >= 0)
		close(fd);
	if (page == NULL)
		return NULL;
	if (page->format != FORMAT) {
		memset(page, 0, sizeof(*page));
		page->format = FORMAT;
	}
	l = mem_new(1, sizeof(*l));
	l->page = page;
	return l;
}

void
ledger_free(struct ledger **l)
{
	if (*l == NULL)
		return;
	munmap((*l)->page, sizeof(*(*l)->page));
	mem_free((*l)->old);
	mem_free(*l);
	*l = NULL;
}

uint32_t
ledger_note(struct ledger *l, int64_t pid, const char *upstream)
{
	struct row *rows = l->page->rows;

	for (uint32_t i = 0; pid > 0 && i < LEDGER_ROWS; i++) {
		const uint32_t at = (l->next + i) % LEDGER_ROWS;

		if (rows[at].pid != 0)
			continue;
		snprintf(rows[at].upstream, sizeof(rows[at].upstream), "%s",
		    upstream);
		rows[at].pid = pid;
		l->next = at + 1;
		return at;
	}
	return LEDGER_NO_ROW;
}

void
ledger_strike(struct ledger *l, uint32_t row)
{
	if (row != LEDGER_NO_ROW && !l->bequeathed)
		l->page->rows[row].pid = 0;
}

void
ledger_bequeath(struct ledger *l)
{
	l->bequeathed = true;
}

static bool
is_there(int64_t pid)
{
	return kill((pid_t)pid, 0) == 0 || errno != ESRCH;
}

/* What the memory says is another process' word: it may have died while it
 * wrote. */
static struct span
name_of(const char name[PLAN_NAME_MAX + 1])
{
	return (struct span){ name, strnlen(name, PLAN_NAME_MAX) };
}

/* Of an upstream that is still in the plan; or NULL. */
static struct line *
line_of(const struct server *s, const char upstream[PLAN_NAME_MAX + 1])
{
	const int index = plan_upstream(server_plan(s), name_of(upstream));

	return index < 0 ? NULL :
	    fleet_line(fleet_upstream(s->fleet, (uint32_t)index));
}

static bool
is_row(const struct row *row)
{
	return row->pid > 0 && row->pid <= INT32_MAX && is_there(row->pid);
}

static bool
is_void(int64_t said_ms, int64_t lasts_ms, int64_t now_ms)
{
	return said_ms > now_ms || now_ms - said_ms >= lasts_ms;
}

static void
inherit_grants(const struct ledger *l, const struct server *server,
    int64_t now_ms)
{
	for (uint32_t i = 0; i < PLAN_UPSTREAMS; i++) {
		const struct grant *g = &l->page->grants[i];
		struct line *line = line_of(server, g->upstream);

		if (line != NULL &&
		    !is_void(g->asked_ms, LINE_GRANT_MS, now_ms))
			line_grant(line, g->held, g->asked_ms);
	}
}

static void
inherit_holds(const struct ledger *l, const struct server *server)
{
	const struct hold *h = l->page->holds, *end = h + PLAN_DESTINATIONS;

	for (; h < end && h->destination[0] != '\0'; h++) {
		const int index = plan_destination(server_plan(server),
		    name_of(h->destination));

		if (index >= 0)
			fleet_recall_hold(server->fleet, (uint32_t)index,
			    h->until_ms);
	}
}

static void
inherit_rows(struct ledger *l, const struct server *server, int64_t now_ms)
{
	const bool none = is_void(l->page->alive_ms, FLEET_SLOTS_TTL_MS,
	    now_ms);

	for (uint32_t i = 0; i < LEDGER_ROWS; i++) {
		struct row *row = &l->page->rows[i];
		struct line *line = !none && is_row(row) ?
		    line_of(server, row->upstream) : NULL;

		if (line == NULL) {
			row->pid = 0;
			continue;
		}
		line_force(line, now_ms);
		l->old[l->n_old++] = (struct heirloom){ i, line, 0 };
	}
}

void
ledger_inherit(struct ledger *l, const struct server *server, int64_t now_ms)
{
	mem_free(l->old);
	l->old = mem_new(LEDGER_ROWS, sizeof(*l->old));
	l->n_old = 0;
	l->inherited_ms = now_ms;
	inherit_grants(l, server, now_ms);
	inherit_holds(l, server);
	inherit_rows(l, server, now_ms);
	l->page->alive_ms = now_ms;
}

uint32_t
ledger_hosts(const struct ledger *l)
{
	return l->page->hosts;
}

void
ledger_heard(struct ledger *l, int64_t pid, int64_t now_ms)
{
	for (uint32_t i = 0; i < l->n_old; i++)
		if (l->page->rows[l->old[i].row].pid == pid &&
		    l->old[i].heard_ms == 0)
			l->old[i].heard_ms = now_ms;
}

static bool
is_over(const struct ledger *l, const struct heirloom *h, int64_t now_ms)
{
	if (h->heard_ms != 0)
		return now_ms - h->heard_ms >= LEDGER_PARTING_MS;
	return !is_there(l->page->rows[h->row].pid);
}

/* Those on hold, in a row. */
static void
note_holds(struct ledger *l, const struct server *server)
{
	const struct plan *plan = server_plan(server);
	const struct override *words = fleet_snapshot(server->fleet).holds;
	struct hold *h = l->page->holds;

	for (uint32_t i = 0; i < plan->n_destinations; i++) {
		if (words[i].state != OVERRIDE_HOLD)
			continue;
		snprintf(h->destination, sizeof(h->destination), "%s",
		    plan->destinations[i].name);
		h++->until_ms = words[i].until_ms;
	}
	if (h < l->page->holds + PLAN_DESTINATIONS)
		h->destination[0] = '\0';
}

/* A name is there before it has a grant. */
static void
note_grants(struct ledger *l, const struct server *server, int64_t now_ms)
{
	const uint32_t n = server_plan(server)->n_upstreams;
	struct grant *g = l->page->grants;

	for (uint32_t i = 0; i < n; i++, g++) {
		struct fleet_upstream *u = fleet_upstream(server->fleet, i);

		if (strcmp(g->upstream, fleet_name(u)) != 0) {
			g->held = 0;
			snprintf(g->upstream, sizeof(g->upstream), "%s",
			    fleet_name(u));
		}
		g->held = fleet_held(u);
		g->asked_ms = line_state(fleet_line(u), now_ms).granted_ms;
	}
	/* A plan before this one may have had more. */
	for (; g < l->page->grants + PLAN_UPSTREAMS && g->upstream[0] != '\0'; g++)
		g->upstream[0] = '\0';
}

void
ledger_tick(struct ledger *l, const struct server *server, int64_t now_ms)
{
	uint32_t kept = 0;

	l->page->hosts = server->hosts;
	note_holds(l, server);
	note_grants(l, server, now_ms);
	l->page->alive_ms = now_ms;
	for (uint32_t i = 0; i < l->n_old; i++) {
		const struct heirloom h = l->old[i];

		if (!is_over(l, &h, now_ms)) {
			l->old[kept++] = h;
			continue;
		}
		line_give(h.line, l->inherited_ms, now_ms);
		ledger_strike(l, h.row);
	}
	l->n_old = kept;
}
