#include "near.h"

#include <stdio.h>

#define WORD_MAX 40

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, both at most WORD_MAX long. */
static unsigned
distance(struct span a, struct span b)
{
	unsigned row[WORD_MAX + 1];

	for (unsigned j = 0; j <= b.len; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			const unsigned above = row[j];
			const unsigned swap =
			    diagonal + (a.at[i - 1] != b.at[j - 1]);

			row[j] = least(swap, least(above, row[j - 1]) + 1);
			diagonal = above;
		}
	}
	return row[b.len];
}

struct near
near_to(const char *word)
{
	const struct span s = span_of(word);

	/* A third of the letters may be wrong: `conections`, `upsteram`. */
	return (struct near){
		.word = s,
		.distance = 1 + (unsigned)(s.len < 6 ? 2 : s.len / 3),
	};
}

void
near_try(struct near *n, const char *candidate)
{
	const struct span s = span_of(candidate);
	unsigned d;

	if (n->word.len > WORD_MAX || s.len > WORD_MAX)
		return;
	d = distance(n->word, s);
	if (d < n->distance && d < s.len) {
		n->distance = d;
		n->best = candidate;
	}
}

const char *
near_question(const struct near *n, char dst[64])
{
	dst[0] = '\0';
	if (n->best != NULL)
		snprintf(dst, 64, "; did you mean \"%s\"?", n->best);
	return dst;
}
