/* replay for people: a report of each incident, and the sum of all. */
#include "ctl/replay.h"

#include "base/clock.h"
#include "base/mem.h"
#include "ctl/print.h"
#include "observe/words.h"

#include <inttypes.h>
#include <stdio.h>

#define INDENT 4

static struct columns *
headed(const char *const *heads, size_t n)
{
	struct columns *c = columns_new(n);

	for (size_t i = 0; i < n; i++) {
		columns_add(c, "%s", heads[i]);
		columns_paint(c, PRINT_HEAD);
	}
	return c;
}

/* Each state of the incident: since when, for how long, and what fell into
 * it. */
static void
show_timeline(const struct replay_report *r, const struct replay_incident *x)
{
	static const char *const heads[] = { "TIME", "STATE", "SHARE", "FOR",
		"ATTEMPTS", "BAD", "SAVED", "BECAUSE" };
	const struct replay_upstream *u = &r->upstreams[x->upstream];
	struct columns *c = headed(heads, MW_N_OF(heads));
	char when[32], share[16], wait[24];

	for (size_t i = x->first; i <= x->last && i < u->n; i++) {
		const struct replay_kept *k = &u->changes[i];
		const struct replay_totals sum = replay_between(r,
		    x->upstream, i, i + 1);
		const bool over = i == x->last;

		/* "2026-11-21T12:00:00.000Z", the year stands above */
		clock_format(k->change.time_ms, when);
		columns_add(c, "%.5s %.8s", when + 5, when + 11);
		columns_add(c, "%s", breaker_state_name(k->change.to));
		columns_add(c, "%s", words_share(k->change.allowance, share));
		columns_add(c, "%s", over ? "" : words_wait(
		    (i + 1 < u->n ? u->changes[i + 1].change.time_ms :
		    r->last_ms) - k->change.time_ms, wait));
		if (over) {
			columns_add(c, "%s", "");
			columns_add(c, "%s", "");
			columns_add(c, "%s", "");
		} else {
			columns_add(c, "%" PRIu64, sum.attempts);
			columns_add(c, "%" PRIu64, sum.bad);
			columns_add(c, "%" PRIu64, sum.saved);
		}
		columns_add(c, "%s", breaker_reason_name(k->change.reason));
	}
	columns_print(c);
	columns_free(&c);
}

static void
show_incident(const struct replay_report *r, const struct replay_incident *x,
    size_t number)
{
	const struct replay_upstream *u = &r->upstreams[x->upstream];
	const struct replay_kept *first = &u->changes[x->first];
	const bool over = x->last < u->n;
	char begin[32], end[32], wait[24];
	const int head = snprintf(NULL, 0, "INCIDENT %zu: %s", number,
	    r->plan->upstreams[x->upstream].name);

	print_line(PRINT_BAD, (size_t)head, INDENT,
	    "INCIDENT %zu: %s, %s to %s, %s%s", number,
	    r->plan->upstreams[x->upstream].name,
	    clock_format(x->begin_ms, begin), clock_format(x->end_ms, end),
	    words_wait(x->end_ms - x->begin_ms, wait),
	    over ? "" : u->left_out > 0 ? ", and more than is told here" :
	    ", and not over when the log ends");
	print_line(PRINT_PLAIN, 0, INDENT, "cause: %s (%s); %s: %s",
	    words_reason(first->change.reason),
	    breaker_reason_name(first->change.reason), first->rule,
	    first->sample);
	print_line(PRINT_PLAIN, 0, INDENT, "in the log: %" PRIu64
	    " attempts, %" PRIu64 " of them bad", x->sum.attempts,
	    x->sum.bad);
	print_line(PRINT_PLAIN, 0, INDENT, "with Mailweir: %" PRIu64
	    " attempts, %" PRIu64 " of them bad", x->sum.attempts -
	    x->sum.saved, x->sum.bad - x->sum.saved_bad);
	print_line(PRINT_PLAIN, 0, INDENT, "saved: %" PRIu64 " attempts, %"
	    PRIu64 " of them bad; %" PRIu64 " would have gone to another "
	    "upstream, %" PRIu64 " would have waited", x->sum.saved,
	    x->sum.saved_bad, x->sum.rerouted, x->sum.held);
	putchar('\n');
	show_timeline(r, x);
	putchar('\n');
}

static void
show_totals(const struct replay_report *r)
{
	static const char *const heads[] = { "UPSTREAM", "ATTEMPTS", "BAD",
		"OPENED", "SAVED", "BAD SAVED", "REROUTED", "HELD" };
	struct columns *c = headed(heads, MW_N_OF(heads));

	columns_numbers(c, 1);
	for (uint32_t i = 0; i < r->plan->n_upstreams; i++) {
		const struct replay_totals *t = replay_totals(r->replay, i);

		columns_add(c, "%s", r->plan->upstreams[i].name);
		columns_add(c, "%" PRIu64, t->attempts);
		columns_add(c, "%" PRIu64, t->bad);
		columns_add(c, "%" PRIu64, t->openings);
		columns_add(c, "%" PRIu64, t->saved);
		columns_add(c, "%" PRIu64, t->saved_bad);
		columns_add(c, "%" PRIu64, t->rerouted);
		columns_add(c, "%" PRIu64, t->held);
	}
	columns_print(c);
	columns_free(&c);
}

/* What was read, and what came of it in a sentence. */
static void
show_summary(const struct replay_report *r,
    const struct replay_incident *incidents, size_t n)
{
	uint64_t bad = 0, saved_bad = 0;
	int64_t lasted_ms = 0;
	char first[32], last[32], wait[24];

	if (r->first_ms == 0) {
		puts("no attempt at any of these upstreams\n");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		bad += incidents[i].sum.bad;
		saved_bad += incidents[i].sum.saved_bad;
		lasted_ms += incidents[i].end_ms - incidents[i].begin_ms;
	}
	print_line(PRINT_HEAD, SIZE_MAX, 0, "%zu host%s, %s to %s (%s)", r->hosts,
	    r->hosts == 1 ? "" : "s", clock_format(r->first_ms, first),
	    clock_format(r->last_ms, last),
	    words_wait(r->last_ms - r->first_ms, wait));
	if (n == 0)
		puts("no incident: Mailweir would have let all of it go as it "
		    "went");
	else
		print_line(PRINT_PLAIN, 0, 0, "%zu incident%s, %s in all: of %"
		    PRIu64 " bad attempts %" PRIu64 " would not have been "
		    "made", n, n == 1 ? "" : "s",
		    words_wait(lasted_ms, wait), bad, saved_bad);
	putchar('\n');
}

void
replay_show_text(const struct replay_report *r)
{
	size_t n;
	struct replay_incident *incidents = replay_incidents(r, &n);

	show_summary(r, incidents, n);
	for (size_t i = 0; i < n; i++)
		show_incident(r, &incidents[i], i + 1);
	for (uint32_t i = 0; i < r->plan->n_upstreams; i++)
		if (r->upstreams[i].left_out > 0)
			printf("%s would have changed %" PRIu64 " times "
			    "more\n\n", r->plan->upstreams[i].name,
			    r->upstreams[i].left_out);
	show_totals(r);
	printf("\n%" PRIu64 " lines, %" PRIu64 " attempts at hosts that are "
	    "no upstream's; draws seeded with %d\n", r->lines, r->elsewhere,
	    REPLAY_SEED);
	mem_free(incidents);
}
