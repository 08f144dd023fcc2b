#include "ctl/replay.h"

#include "base/clock.h"
#include "base/mem.h"
#include "ctl/print.h"
#include "observe/words.h"

#include <inttypes.h>
#include <stdio.h>

static struct columns *
headed(const char *const *heads, size_t n)
{
	struct columns *c = columns_new(n);

	for (size_t i = 0; i < n; i++)
		columns_add(c, "%s", heads[i]);
	return c;
}

static void
show_changes(const char *name, const struct replay_upstream *u)
{
	static const char *const heads[] = { "TIME", "FROM", "TO", "REASON",
		"ALLOWANCE", "BECAUSE OF" };
	struct columns *c = headed(heads, MW_N_OF(heads));
	char when[32], share[16];

	for (size_t i = 0; i < u->n; i++) {
		const struct replay_kept *k = &u->changes[i];

		columns_add(c, "%s", clock_format(k->change.time_ms, when));
		columns_add(c, "%s", breaker_state_name(k->change.from));
		columns_add(c, "%s", breaker_state_name(k->change.to));
		columns_add(c, "%s", breaker_reason_name(k->change.reason));
		columns_add(c, "%s", words_share(k->change.allowance, share));
		columns_add(c, "%s%s%s", k->rule,
		    k->rule[0] != '\0' ? ": " : "", k->sample);
	}
	printf("%s would have changed:\n", name);
	columns_print(c);
	if (u->left_out > 0)
		printf("... and %" PRIu64 " times more\n", u->left_out);
	putchar('\n');
	columns_free(&c);
}

static void
show_totals(const struct replay_report *r)
{
	static const char *const heads[] = { "UPSTREAM", "ATTEMPTS", "BAD",
		"OPENED", "SAVED", "BAD ONES SAVED", "REROUTED", "HELD" };
	struct columns *c = headed(heads, MW_N_OF(heads));

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

void
replay_show_text(const struct replay_report *r)
{
	char first[32], last[32];

	for (uint32_t i = 0; i < r->plan->n_upstreams; i++)
		if (r->upstreams[i].n > 0)
			show_changes(r->plan->upstreams[i].name,
			    &r->upstreams[i]);
	show_totals(r);
	printf("\n%" PRIu64 " lines", r->lines);
	if (r->first_ms != 0)
		printf(", attempts of %zu host%s from %s to %s", r->hosts,
		    r->hosts == 1 ? "" : "s",
		    clock_format(r->first_ms, first),
		    clock_format(r->last_ms, last));
	else
		fputs(", no attempt at any of these upstreams", stdout);
	printf("\n%" PRIu64 " attempts at hosts that are no upstream's\n"
	    "draws seeded with %d\n", r->elsewhere, REPLAY_SEED);
}
