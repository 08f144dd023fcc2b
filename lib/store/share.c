#include "share.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int
by_want(const void *a, const void *b)
{
	const struct share_want *x = a, *y = b;

	if (x->want != y->want)
		return x->want < y->want ? -1 : 1;
	return strcmp(x->host, y->host);
}

/* left is to be divided by these, who all want more than an equal part. What
 * does not divide goes to the first by name, one each. */
static int64_t
part_of(const struct share_want *wants, size_t n, const char *self,
    int64_t left)
{
	int64_t before = 0;

	for (size_t i = 0; i < n; i++)
		before += strcmp(wants[i].host, self) < 0;
	return left / (int64_t)n + (before < left % (int64_t)n ? 1 : 0);
}

int64_t
share_of(struct share_want *wants, size_t n, const char *self, int64_t cap)
{
	int64_t left = cap, mine = -1;

	qsort(wants, n, sizeof(wants[0]), by_want);
	for (size_t i = 0; i < n; i++) {
		if (wants[i].want > left / (int64_t)(n - i))
			return mine >= 0 ? mine :
			    part_of(wants + i, n - i, self, left);
		if (strcmp(wants[i].host, self) == 0)
			mine = wants[i].want;
		left -= wants[i].want;
	}
	assert(mine >= 0);
	return mine + left / (int64_t)n;
}
