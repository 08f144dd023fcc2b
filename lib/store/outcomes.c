#include "outcomes.h"

#include <assert.h>
#include <string.h>

#include "base/printable.h"

/* The window's number of a host; those that find none share the last. */
static uint8_t
number_of(struct outcomes *u, const char *host)
{
	for (uint32_t i = 0; i < u->n_hosts; i++)
		if (strcmp(u->hosts[i], host) == 0)
			return (uint8_t)i;
	if (u->n_hosts == WINDOW_HOSTS || !span_copy(u->hosts[u->n_hosts],
	    sizeof(u->hosts[0]), span_of(host)))
		return WINDOW_HOSTS - 1;
	return (uint8_t)u->n_hosts++;
}

static void
add_up(struct outcomes *u, const struct store_request *r, int64_t now)
{
	const uint32_t *counts = r->u.observe.counts;
	const bool counted = r->u.observe.version == u->record.version;
	uint32_t bad = 0, all = 0;

	for (int i = 0; i < OUTCOME_CLASSES; i++) {
		const enum outcome_class class = (enum outcome_class)i;

		if (counts[i] == 0)
			continue;
		u->totals[i] += counts[i];
		all += counts[i];
		bad += outcome_weight(class).bad > 0 ? counts[i] : 0;
		if (counted)
			window_add(&u->window, r->u.observe.window_ms, now,
			    class, number_of(u, r->u.observe.host), counts[i]);
	}
	if (counted && all > 0)
		u->streak = r->u.observe.had_good ?
		    r->u.observe.bad_tail : u->streak + bad;
}

/* Drop a host's row, and those that have ended. */
static void
forget_alone(struct outcomes *u, const char *host, int64_t now)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < u->n_alone; i++)
		if (u->alone_end_ms[i] > now &&
		    (host == NULL || strcmp(u->alone[i].host, host) != 0)) {
			u->alone[kept] = u->alone[i];
			u->alone_end_ms[kept++] = u->alone_end_ms[i];
		}
	u->n_alone = kept;
}

static void
note_alone(struct outcomes *u, const struct store_request *r, int64_t now)
{
	const struct upstream_record *own = r->u.observe.alone;
	struct alone_view *row;

	forget_alone(u, own != NULL ? r->u.observe.host : NULL, now);
	if (own == NULL || own->breaker.state == BREAKER_CLOSED ||
	    u->n_alone == WINDOW_HOSTS)
		return;
	u->alone_end_ms[u->n_alone] = now + r->u.observe.alone_ttl_ms;
	row = &u->alone[u->n_alone++];
	*row = (struct alone_view){
		.state = own->breaker.state,
		.allowance = breaker_allowance(&own->breaker),
		.until_ms = own->breaker.until_ms,
	};
	printable(row->host, sizeof(row->host), span_of(r->u.observe.host));
	printable(row->incident, sizeof(row->incident),
	    span_of(own->incident[0] != '\0' ? own->incident : "-"));
}

/* The window with the asking host as number 0. */
static void
copy_window(const struct outcomes *u, const char *host,
    int64_t window_ms, int64_t now, struct store_reply *out)
{
	const int64_t newest = window_bucket(window_ms, now);
	bool seen[WINDOW_HOSTS] = { false };
	uint32_t self = WINDOW_HOSTS;

	for (uint32_t i = 0; i < u->n_hosts; i++)
		if (host != NULL && strcmp(u->hosts[i], host) == 0)
			self = i;
	for (uint32_t i = 0; i < u->window.n; i++) {
		struct window_row row = u->window.rows[i];

		if (row.bucket <= newest - WINDOW_BUCKETS ||
		    row.bucket > newest)
			continue;
		if (!seen[row.host])
			out->u.upstream.n_hosts++;
		seen[row.host] = true;
		if (row.host == self)
			row.host = 0;
		else if (row.host < self && row.host < WINDOW_HOSTS - 1)
			row.host++;
		window_add_row(&out->u.upstream.window, &row);
	}
}

void
outcomes_observe(struct outcomes *u, const struct store_request *r,
    int64_t now, struct store_reply *out)
{
	add_up(u, r, now);
	note_alone(u, r, now);
	out->u.upstream.n_alone = u->n_alone;
	memcpy(out->u.upstream.alone, u->alone, sizeof(u->alone));
	out->u.upstream.record = u->record;
	out->u.upstream.streak = u->streak;
	memcpy(out->u.upstream.totals, u->totals, sizeof(u->totals));
	if (r->u.observe.window_ms > 0)
		copy_window(u, r->u.observe.host, r->u.observe.window_ms, now,
		    out);
}

void
outcomes_commit(struct outcomes *u, const struct store_request *r,
    struct store_reply *out)
{
	out->u.commit.stale = r->u.commit.version != u->record.version;
	if (!out->u.commit.stale) {
		const int64_t version = u->record.version + 1;

		assert(record_sane(&r->u.commit.record));
		u->record = r->u.commit.record;
		u->record.version = version;
		if (r->u.commit.afresh) {
			window_clear(&u->window);
			u->n_hosts = 0;
			u->streak = 0;
		}
	}
	out->u.commit.record = u->record;
}
