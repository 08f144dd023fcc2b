/*
 * lookout - takes a reading every second, in a thread of its own, so that no
 * key has to wait for Redis.
 */
#ifndef CTL_LOOKOUT_H
#define CTL_LOOKOUT_H

#include "ctl/reading.h"

struct lookout;

/* events: how many each reading has. */
struct lookout *lookout_new(const struct config *config, uint32_t events);
/* Waits for a question under way, which Redis may take two seconds for. */
void lookout_free(struct lookout **l);
/* Readable when there is news. */
int lookout_fd(const struct lookout *l);
/* A reading is wanted now. */
void lookout_hurry(struct lookout *l);

struct lookout_news {
	const struct reading *reading;	/* the last good one, NULL: none so far;
					 * stays as it is until the next call */
	bool fresh;			/* it was not there before */
	int64_t lost_ms;	/* since when Redis does not answer, 0: it does */
	char trouble[640];		/* why not */
};
void lookout_news(struct lookout *l, struct lookout_news *out);

#endif
