#include "core/window.h"

#include <assert.h>
#include <string.h>

static_assert((WINDOW_SLOTS & (WINDOW_SLOTS - 1)) == 0 &&
    WINDOW_SLOTS > WINDOW_ROWS && WINDOW_ROWS < UINT16_MAX,
    "a row has a slot, and its number fits");
static_assert(WINDOW_ROWS / OUTCOME_CLASSES > WINDOW_HOSTS,
    "a full window has a class with more rows than hosts");

struct points {
	uint64_t good, bad, outcomes;
	uint64_t dns;		/* outcomes, none of the others */
};

struct sums {
	struct points ages[WINDOW_BUCKETS];	/* 0 is the newest bucket */
	struct points hosts[WINDOW_HOSTS];
	struct points total;
	uint64_t slow, ignored;
};

static uint32_t
capped(uint64_t n)
{
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static bool
is_like(const struct window_row *row, const struct window_row *like)
{
	return row->bucket == like->bucket && row->class == like->class &&
	    row->host == like->host;
}

/* The slot of such a row, or the free one where it belongs. */
static uint16_t *
slot_of(struct window *w, const struct window_row *like)
{
	uint64_t hash = ((uint64_t)like->bucket * OUTCOME_CLASSES +
	    like->class) * WINDOW_HOSTS + like->host;

	for (hash *= UINT64_C(0x9e3779b97f4a7c15), hash >>= 32;; hash++) {
		uint16_t *slot = &w->slots[hash & (WINDOW_SLOTS - 1)];

		if (*slot == 0 || is_like(&w->rows[*slot - 1], like))
			return slot;
	}
}

/* There is room for one more. */
static void
put(struct window *w, const struct window_row *row)
{
	uint16_t *slot = slot_of(w, row);

	if (*slot == 0) {
		w->rows[w->n++] = *row;
		*slot = (uint16_t)w->n;
	} else {
		struct window_row *old = &w->rows[*slot - 1];

		old->count = capped((uint64_t)old->count + row->count);
	}
}

/* All rows anew, but older ones. */
static void
keep_from(struct window *w, int64_t bucket)
{
	const uint32_t n = w->n;

	window_clear(w);
	for (uint32_t i = 0; i < n; i++) {
		const struct window_row row = w->rows[i];

		if (row.bucket >= bucket)
			put(w, &row);
	}
}

static uint8_t
commonest_class(const struct window *w)
{
	uint32_t rows[OUTCOME_CLASSES] = { 0 };
	uint8_t best = 0;

	for (uint32_t i = 0; i < w->n; i++)
		rows[w->rows[i].class]++;
	for (uint8_t class = 1; class < OUTCOME_CLASSES; class++)
		if (rows[class] > rows[best])
			best = class;
	return best;
}

/* The first bucket of a class behind that one. */
static int64_t
next_bucket(const struct window *w, uint8_t class, int64_t bucket)
{
	int64_t next = INT64_MAX;

	for (uint32_t i = 0; i < w->n; i++)
		if (w->rows[i].class == class && w->rows[i].bucket > bucket &&
		    w->rows[i].bucket < next)
			next = w->rows[i].bucket;
	return next;
}

/* That class has more rows than hosts, and so more than one bucket. */
static void
join_oldest(struct window *w)
{
	const uint8_t class = commonest_class(w);
	const int64_t first = next_bucket(w, class, -1);
	const int64_t second = next_bucket(w, class, first);

	for (uint32_t i = 0; i < w->n; i++)
		if (w->rows[i].class == class && w->rows[i].bucket == first)
			w->rows[i].bucket = second;
	keep_from(w, 0);
}

/*
 * A large fleet with nothing but good mail fills every row, and just then the
 * first trouble must be seen with its time and its host. So it is the class
 * with rows to spare which gives some up, and only the age of old news is lost.
 */
static void
make_room(struct window *w, int64_t newest)
{
	keep_from(w, newest - WINDOW_BUCKETS + 1);
	while (w->n == WINDOW_ROWS)
		join_oldest(w);
}

static void
points_add(struct points *to, const struct window_row *row)
{
	const enum outcome_class class = (enum outcome_class)row->class;
	const struct outcome_weight each = outcome_weight(class);
	const uint32_t count = row->count;

	to->good += (uint64_t)each.good * count;
	to->bad += (uint64_t)each.bad * count;
	if (each.good + each.bad > 0)
		to->outcomes += count;
	if (class == OUTCOME_DNS)
		to->dns += count;
}

static void
points_join(struct points *to, const struct points *more)
{
	to->good += more->good;
	to->bad += more->bad;
	to->outcomes += more->outcomes;
	to->dns += more->dns;
}

/* Rows ahead of now are left out: a clock was set back, they are not news. */
static void
sum_up(const struct window *w, int64_t newest, struct sums *out_sums)
{
	*out_sums = (struct sums){ 0 };
	for (uint32_t i = 0; i < w->n; i++) {
		const struct window_row *row = &w->rows[i];
		const int64_t age = newest - row->bucket;

		if (age < 0 || age >= WINDOW_BUCKETS)
			continue;
		points_add(&out_sums->ages[age], row);
		points_add(&out_sums->hosts[row->host], row);
		points_add(&out_sums->total, row);
		if (row->class == OUTCOME_IGNORE)
			out_sums->ignored += row->count;
		if (row->class == OUTCOME_SLOW)
			out_sums->slow += row->count;
	}
}

/* The newest buckets, as many as hold min_outcomes. */
static struct points
newest_points(const struct sums *sums, uint32_t min_outcomes)
{
	struct points seen = { 0 };

	for (int age = 0; age < WINDOW_BUCKETS &&
	    seen.outcomes < min_outcomes; age++)
		points_join(&seen, &sums->ages[age]);
	return seen;
}

/* Per mille of bad points; 0 where there is none at all. */
static uint64_t
bad_share(const struct points *p)
{
	return p->bad > 0 ? 1000 * p->bad / (p->good + p->bad) : 0;
}

static void
count_hosts(const struct sums *sums, struct evidence *seen)
{
	for (int i = 0; i < WINDOW_HOSTS; i++) {
		const struct points *host = &sums->hosts[i];

		seen->senders += host->outcomes > 0 || host->dns > 0;
		seen->dns_hosts += host->dns > host->outcomes;
		if (host->outcomes == 0)
			continue;
		seen->hosts++;
		if (host->bad > 0 &&
		    2 * bad_share(host) >= bad_share(&sums->total))
			seen->bad_hosts++;
	}
}

int64_t
window_bucket_ms(int64_t window_ms)
{
	const int64_t length = window_ms / WINDOW_BUCKETS;

	return length > 0 ? length : 1;
}

int64_t
window_bucket(int64_t window_ms, int64_t now_ms)
{
	return now_ms / window_bucket_ms(window_ms);
}

void
window_add(struct window *w, int64_t window_ms, int64_t now_ms,
    enum outcome_class class, uint8_t host, uint32_t count)
{
	window_add_row(w, &(struct window_row){
		.bucket = window_bucket(window_ms, now_ms),
		.class = (uint8_t)class,
		.host = host,
		.count = count,
	});
}

void
window_add_row(struct window *w, const struct window_row *row)
{
	struct window_row new = *row;

	if (row->bucket < 0 || row->class >= OUTCOME_CLASSES || row->count == 0)
		return;
	if (new.host >= WINDOW_HOSTS)
		new.host = WINDOW_HOSTS - 1;
	if (w->n == WINDOW_ROWS && *slot_of(w, &new) == 0)
		make_room(w, new.bucket);
	put(w, &new);
}

void
window_clear(struct window *w)
{
	w->n = 0;
	memset(w->slots, 0, sizeof(w->slots));
}

struct evidence
window_evidence(const struct window *w, int64_t window_ms,
    uint32_t min_outcomes, int64_t now_ms)
{
	struct sums sums;
	struct points judged;
	struct evidence seen;

	sum_up(w, window_bucket(window_ms, now_ms), &sums);
	judged = newest_points(&sums, min_outcomes);
	seen = (struct evidence){
		.good = capped(judged.good),
		.bad = capped(judged.bad),
		.outcomes = capped(judged.outcomes),
		.slow = capped(sums.slow),
		.ignored = capped(sums.ignored),
		.dns = capped(sums.total.dns),
		.new_dns = capped(judged.dns),
		.total_good = capped(sums.total.good),
		.total_bad = capped(sums.total.bad),
	};
	count_hosts(&sums, &seen);
	return seen;
}
