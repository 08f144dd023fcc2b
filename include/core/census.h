/*
 * census - how many hosts share what there is.
 *
 * A host that has left is still listed for days, and does not count. One that
 * is listed no more was forgotten by a store that lost all it knew: it is
 * there, most likely, and counts on until it must have told of itself again.
 * Otherwise the first host to do so would take all shares for its own.
 */
#ifndef CORE_CENSUS_H
#define CORE_CENSUS_H

#include <stdbool.h>
#include <stdint.h>

#define CENSUS_LOST_MS 20000	/* a host that was silent for so long has left */

/*
 * Hosts are held against the one that was heard last, not against the clock: a
 * store that can be read but takes no words hears nobody, and nobody has left.
 * Of all hosts, one after the other: heard_ms is 0 at first, then what came of
 * the one before. What is ahead of now_ms is no time.
 */
int64_t census_heard(int64_t heard_ms, int64_t seen_ms, int64_t now_ms);
bool census_lives(int64_t seen_ms, int64_t heard_ms);
/* Has the store begun to hear again, after a while? The others have yet to
 * tell of themselves, then. before_ms: when the last one was heard that was
 * known of before, 0 for nobody. */
bool census_resumes(int64_t before_ms, int64_t heard_ms);

/* All zeros: nobody was counted yet. */
struct census {
	uint32_t listed, hosts;
	int64_t heard_ms;
	int64_t doubt_until_ms;
};

/* So many are listed, so many of them live, and the last was heard at
 * heard_ms: the number that shares, at least 1. now_ms: of any clock that only
 * goes on. */
uint32_t census_take(struct census *c, uint32_t listed, uint32_t live,
    int64_t heard_ms, int64_t now_ms);

#endif
