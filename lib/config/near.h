/*
 * near - "did you mean": the known word closest to one that is not known.
 */
#ifndef CONFIG_NEAR_H
#define CONFIG_NEAR_H

#include "base/span.h"

struct near {
	struct span word;
	const char *best;	/* NULL: none is close */
	unsigned distance;
};

struct near near_to(const char *word);
void near_try(struct near *n, const char *candidate);
/* "; did you mean \"best\"?" into dst, or "". Returns dst. */
const char *near_question(const struct near *n, char dst[64]);

#endif
