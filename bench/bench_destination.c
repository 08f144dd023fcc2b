/*
 * bench_destination - what it costs to find the destination of a domain, with
 * 100,000 domains configured.
 *
 * Each kind of question is asked once for each of 100,000 domains in random
 * order, so that the processor's caches help no more than they would for real
 * mail. The median of several rounds is printed, and what a call of a function
 * that does nothing costs in the same loop.
 */
#include "base/chance.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/destination.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DOMAINS 100000
#define ROUNDS 11

typedef int asked(const struct destination_map *map, const struct domain *d);

static const struct {
	const char *name, *prefix;
	int first;		/* every other customer, from this one */
	int answer;
} kinds[] = {
	{ "hit", "customer", 0, 0 },
	{ "suffix hit", "mail.customer", 1, 0 },
	{ "miss", "stranger", 0, -1 },
	{ "deep miss", "a.b.c.d.stranger", 0, -1 },
};

static int
no_op(const struct destination_map *map, const struct domain *d)
{
	(void)map, (void)d;
	return -1;
}

static struct domain
domain_number(const char *prefix, int number)
{
	struct domain d = { .len = 0 };

	d.len = (uint8_t)snprintf(d.name, sizeof(d.name), "%s%d.example",
	    prefix, number);
	return d;
}

/* Domains have even numbers, suffixes odd ones. */
static void
fill(struct destination_map *map)
{
	struct destination_pattern p = { .destination = 0 }, other;

	for (int i = 0; i < DOMAINS; i++) {
		p.domain = domain_number("customer", i);
		p.suffix = i % 2 == 1;
		if (!destination_map_add(map, &p, &other))
			abort();
	}
}

static int64_t
round_ns(asked *volatile ask, const struct destination_map *map,
    const struct domain *domains, int answer)
{
	const int64_t start_us = clock_mono_us();

	for (int i = 0; i < DOMAINS; i++)
		if (ask(map, &domains[i]) != answer)
			abort();
	return (clock_mono_us() - start_us) * 1000 * 1000 / DOMAINS;
}

static int
by_size(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The median, in thousandths of a nanosecond. */
static int64_t
measure(asked *ask, const struct destination_map *map,
    const struct domain *domains, int answer)
{
	int64_t ns[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		ns[i] = round_ns(ask, map, domains, answer);
	qsort(ns, ROUNDS, sizeof(ns[0]), by_size);
	return ns[ROUNDS / 2];
}

int
main(void)
{
	struct destination_map *map = destination_map_new();
	struct domain *domains = mem_new(DOMAINS, sizeof(*domains));
	int64_t start_us = clock_mono_us(), nothing;

	fill(map);
	printf("%d domains added in %" PRId64 " ms\n", DOMAINS,
	    (clock_mono_us() - start_us) / 1000);
	nothing = measure(no_op, map, domains, -1);
	printf("%-11s %7.1f ns\n", "no-op", (double)nothing / 1000);
	for (size_t k = 0; k < MW_N_OF(kinds); k++) {
		int64_t cost;

		for (uint32_t i = 0; i < DOMAINS; i++)
			domains[i] = domain_number(kinds[k].prefix,
			    (int)chance_below(DOMAINS / 2) * 2 +
			    kinds[k].first);
		cost = measure(destination_map_find, map, domains,
		    kinds[k].answer);
		printf("%-11s %7.1f ns, %.0f times a no-op\n", kinds[k].name,
		    (double)cost / 1000, (double)cost / (double)nothing);
	}
	mem_free(domains);
	destination_map_free(&map);
	return EXIT_SUCCESS;
}
