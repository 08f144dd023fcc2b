/*
 * tally - a host's counters of each destination, on their way to the store.
 *
 * Added to from any thread (C11 atomics), taken by the one who sends them,
 * put back when the store could not take them: nothing is lost while Redis
 * is away.
 */
#ifndef ENGINE_TALLY_H
#define ENGINE_TALLY_H

#include "core/plan.h"
#include "store/request.h"

struct tally;

struct tally *tally_new(uint32_t n_destinations);
void tally_free(struct tally **t);
void tally_add(struct tally *t, uint32_t destination,
    enum dest_counter counter, uint64_t n);
/* Move what has been counted for a destination into out; false when nothing
 * was (out is zeroed). */
bool tally_take(struct tally *t, uint32_t destination,
    uint64_t out[DEST_COUNTERS]);
/* Add it back after a failure. */
void tally_put_back(struct tally *t, uint32_t destination,
    const uint64_t counts[DEST_COUNTERS]);
/*
 * Count what a verdict did to a transaction: DEFERRED and its kind, or
 * WOULD_DEFER where it was not enforced. (DECIDE_FINE counts nothing:
 * acceptance is counted at the end of the message.)
 */
struct intake_verdict;
void tally_verdict(struct tally *t, uint32_t destination,
    const struct intake_verdict *verdict);

#endif
