/*
 * scale_host - what grows on a host, in its own memory, without any Redis.
 *
 *	scale_host lease N	take and give back a lease while N are in use
 *	scale_host look N	a milter's look at all of N destinations
 *
 * Prints one line of JSON: nanoseconds for each, the median of several rounds.
 */
#include "base/chance.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/number.h"
#include "engine/keeper.h"
#include "store/local.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 7
#define ROUND_US 20000

/* Something that is done once. */
typedef void thing(void *arg);

static int
by_size(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t
median_ns(thing *do_it, void *arg)
{
	int64_t ns[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		const int64_t start_us = clock_mono_us();
		int64_t n = 0, us;

		do {
			do_it(arg);
			n++;
			us = clock_mono_us() - start_us;
		} while (us < ROUND_US);
		ns[i] = us * 1000 / n;
	}
	qsort(ns, ROUNDS, sizeof(ns[0]), by_size);
	return ns[ROUNDS / 2];
}

static void
call(struct store_local *local, enum store_verb verb, int64_t number)
{
	char text[64];
	const char *const member = text;
	struct store_request r = { .verb = verb, .name = "contoso" };
	struct store_reply reply;
	struct err err;

	snprintf(text, sizeof(text), "mx1/192.0.2.1:%" PRId64 "/25", number);
	if (verb == STORE_LEASE_DROP) {
		r.u.lease_drop.members = &member;
		r.u.lease_drop.n = 1;
	} else {
		r.u.lease_take.member = member;
		r.u.lease_take.ttl_ms = 60000 + chance_below(1000);
	}
	if (store_local_call(local, &r, 1, &reply, &err) < 0)
		abort();
}

static void
take_and_give(void *arg)
{
	call(arg, STORE_LEASE_TAKE, -1);
	call(arg, STORE_LEASE_DROP, -1);
}

static int64_t
lease(int64_t n)
{
	struct store_local *local = store_local_new();
	int64_t ns;

	for (int64_t i = 0; i < n; i++)
		call(local, STORE_LEASE_TAKE, i);
	ns = median_ns(take_and_give, local);
	store_local_free(&local);
	return ns;
}

static void
look_once(void *arg)
{
	int64_t now_ms;

	keeper_look_away(arg, keeper_look(arg, &now_ms));
}

static int64_t
look(int64_t n)
{
	const struct upstream upstream = { .name = "filter",
	    .tls_policy = "" };
	struct destination *d = mem_new((size_t)n, sizeof(*d));
	const struct plan plan = {
		.upstreams = &upstream, .n_upstreams = 1, .destinations = d,
		.n_destinations = (uint32_t)n, .lease_ttl_ms = 60000,
	};
	struct keeper *keeper;
	struct err err;
	int64_t ns;

	for (int64_t i = 0; i < n; i++)
		d[i].name = "contoso";
	keeper = keeper_new(&(struct keeper_options){
		.plan = &plan, .host = "mx1", .version = "1", .digest = "0",
		.store = { .address = { .is_unix = true,
		    .path = "/nonexistent" }, .prefix = "mailweir",
		    .timeout_ms = 50 },
	    }, &err);
	if (keeper == NULL)
		abort();
	ns = median_ns(look_once, keeper);
	keeper_free(&keeper);
	mem_free(d);
	return ns;
}

int
main(int argc, char **argv)
{
	int64_t n, ns;

	if (argc != 3 || !number_parse(span_of(argv[2]), 1, 65000, &n) ||
	    (strcmp(argv[1], "lease") != 0 && strcmp(argv[1], "look") != 0)) {
		fputs("usage: scale_host lease|look N\n", stderr);
		return 2;
	}
	ns = strcmp(argv[1], "lease") == 0 ? lease(n) : look(n);
	printf("{\"what\":\"%s\",\"n\":%" PRId64 ",\"ns\":%" PRId64 "}\n",
	    argv[1], n, ns);
	return EXIT_SUCCESS;
}
