/*
 * counter - what is counted of a destination, for ever. The order is that of
 * the contract: it is how the store shows them.
 */
#ifndef CORE_COUNTER_H
#define CORE_COUNTER_H

enum dest_counter {
	DEST_ACCEPTED, DEST_DEFERRED, DEST_DEFERRED_CAP, DEST_DEFERRED_HOLD,
	DEST_DEFERRED_LATE, DEST_DELIVERED, DEST_REROUTED, DEST_HELD,
	DEST_RELEASED, DEST_WOULD_DEFER, DEST_WOULD_REFUSE,
};
#define DEST_COUNTERS 11

/* "accepted", "deferred_cap", ...: the field of mailweir:dest:{NAME}. */
const char *dest_counter_name(enum dest_counter counter);

#endif
