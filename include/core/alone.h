/*
 * alone - a host's own breaker of an upstream, for trouble that it sees and
 * others do not: a broken link, a blocked address, a resolver of its own.
 *
 * It is the fleet's state machine on this host's outcomes alone, with its own
 * waits, trials and ramp. It leaves closed only where others send there and
 * fare well, or where nobody can be asked; and it is dropped as soon as the
 * fleet's breaker opens, so that never both hold mail: what is waited for then
 * is the fleet's wait, and its trials judge for all.
 *
 * A value in one host's memory; nobody else needs to know it. Times are the
 * fleet's.
 */
#ifndef CORE_ALONE_H
#define CORE_ALONE_H

#include "core/breaker.h"

/* All zeros is a new one. */
struct alone {
	struct breaker breaker;
	struct window window;	/* of this host's outcomes in that state */
	uint32_t streak;
};

/* An outcome on this host. One of an attempt that began before the present
 * state did says nothing. */
void alone_observe(struct alone *a, const struct breaker_rules *rules,
    enum outcome_class class, int64_t began_ms, int64_t now_ms);

/*
 * Let it see its evidence and the time, beside the fleet's breaker as it is
 * now. alone: breaker_is_alone() of what all hosts see, or true where that is
 * not known. jitter as in breaker_step.
 */
void alone_step(struct alone *a, const struct breaker_rules *rules,
    const struct breaker *fleet, bool alone, uint32_t jitter, int64_t now_ms);

#endif
