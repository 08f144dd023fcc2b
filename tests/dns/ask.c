/*
 * The resolver on its own, for test_resolver.py. A command a line on standard
 * input, an answer a line on standard output:
 *
 *	look NAME	-> what is known: "known MX", "pending", "unknown"
 *	peek NAME	-> the same
 *	wait NAME MS	-> the same
 *	flood N		-> looks at N names of random letters; how many are pending
 *
 * MX is "-" for nobody's. Arguments: entries, stale_for in ms.
 */
#include "dns/resolver.h"

#include "base/chance.h"
#include "base/number.h"

#include <stdio.h>
#include <stdlib.h>

static void
say(bool pending, const struct domain *mx, bool known)
{
	if (pending)
		puts("pending");
	else if (known || mx->len > 0)
		printf("known %s\n", mx->len > 0 ? mx->name : "-");
	else
		puts("unknown");
}

static void
flood(struct resolver *r, int64_t n)
{
	unsigned pending = 0;

	for (; n > 0; n--) {
		struct domain d, mx;

		d.len = (uint8_t)snprintf(d.name, sizeof(d.name),
		    "r%08x%08x.test", chance_below(UINT32_MAX),
		    chance_below(UINT32_MAX));
		pending += resolver_look(r, &d, &mx);
	}
	printf("%u\n", pending);
}

static void
obey(struct resolver *r, struct span line)
{
	const struct span verb = span_cut(&line, ' ');
	struct span name = span_cut(&line, ' ');
	struct domain d, mx;
	int64_t n = 0;

	(void)number_parse(line.len > 0 ? line : name, 0, 10000000, &n);
	if (span_eq(verb, SPAN("flood")))
		flood(r, n);
	else if (!domain_parse(name, &d))
		puts("bad name");
	else if (span_eq(verb, SPAN("wait"))) {
		const bool known = resolver_wait(r, &d, n, &mx);

		say(!known && resolver_peek(r, &d, &mx), &mx, known);
	} else if (span_eq(verb, SPAN("look")))
		say(resolver_look(r, &d, &mx), &mx, false);
	else
		say(resolver_peek(r, &d, &mx), &mx, false);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	int64_t entries, stale_ms;
	struct resolver *r;
	struct err err;
	char line[512];

	if (argc != 3 || !number_parse(span_of(argv[1]), 1, 1000000,
	    &entries) || !number_parse(span_of(argv[2]), 0, INT64_MAX,
	    &stale_ms))
		return 2;
	r = resolver_new((uint32_t)entries, stale_ms, &err);
	if (r == NULL)
		return 1;
	while (fgets(line, sizeof(line), stdin) != NULL)
		obey(r, span_trim(span_of(line)));
	resolver_free(&r);
	return 0;
}
