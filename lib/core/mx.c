#include "core/mx.h"

/* The labels at the end that both have in common: how many bytes of each. */
static size_t
in_common(const struct domain *a, const struct domain *b)
{
	const size_t less = a->len < b->len ? a->len : b->len;
	size_t n = 0, labels = 0;

	while (n < less && a->name[a->len - n - 1] == b->name[b->len - n - 1]) {
		n++;
		if (a->name[a->len - n] == '.')
			labels = n - 1;
	}
	if ((n == a->len || a->name[a->len - n - 1] == '.') &&
	    (n == b->len || b->name[b->len - n - 1] == '.'))
		labels = n;
	return labels;
}

static void
keep_tail(struct domain *d, size_t len)
{
	const struct domain old = *d;

	*d = (struct domain){ .len = (uint8_t)len };
	memcpy(d->name, old.name + old.len - len, len);
}

/*
 * One label more than they have in common: with that it is below the same
 * suffixes as they are. A host that is all of what they have in common stands
 * for the others, for these are below it.
 */
void
mx_join(struct domain *mx, const struct domain *host)
{
	size_t n;

	if (mx->len == 0) {
		*mx = *host;
		return;
	}
	n = in_common(mx, host);
	if (n == mx->len)
		return;
	if (n == host->len) {
		*mx = *host;
		return;
	}
	if (n > 0)
		n++;		/* the dot */
	while (n < mx->len && mx->name[mx->len - n - 1] != '.')
		n++;
	keep_tail(mx, n);
}
