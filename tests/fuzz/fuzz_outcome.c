#include "fuzz.h"

#include "config/rules.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEN 512		/* core/outcome.h */

static void
must_not_happen(void *arg, unsigned line, const char *message)
{
	(void)arg;
	fprintf(stderr, "outcomes.rules:%u: %s\n", line, message);
	abort();
}

/* Those that are shipped: the ones that strangers' words meet. */
static const struct outcome_rules *
rules(void)
{
	static struct outcome_rules *shipped;
	const char *top = getenv("top_srcdir");
	char path[1024];

	if (shipped != NULL)
		return shipped;
	snprintf(path, sizeof(path), "%s/conf/outcomes.rules",
	    top != NULL ? top : ".");
	shipped = rules_load(path, false, must_not_happen, NULL);
	return shipped;
}

static bool
same(struct outcome a, struct outcome b)
{
	return a.class == b.class && strcmp(a.rule, b.rule) == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span in = { (const char *)data, size };
	const struct outcome is = outcome_classify(rules(), in);
	char plain[SEEN];
	struct dsn code;

	assert((int)is.class >= 0 && is.class < OUTCOME_CLASSES);
	assert(is.rule[0] != '\0' || is.class == OUTCOME_UNKNOWN);
	/* What cannot be seen cannot be told apart. */
	for (size_t i = 0; i < size && i < SEEN; i++)
		plain[i] = data[i] >= 0x20 && data[i] <= 0x7e ?
		    (char)data[i] : '?';
	assert(same(is, outcome_classify(rules(), (struct span){
		plain, size < SEEN ? size : SEEN,
	    })));
	if (outcome_may_go_on(in))
		assert(outcome_is_reply(in, &code));
	return 0;
}
