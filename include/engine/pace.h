/*
 * pace - how often a host asks the store what all hosts ask, so that a large
 * fleet does not ask more than a small one.
 *
 * Each kind of question has its usual pause and its longest. In between, the
 * pause grows with the hosts and with the things that each of them asks about,
 * for all of them together to ask so many times a second and no more; where an
 * answer tells of every host, fewer times the more hosts there are. Little is
 * lost: the more there are, the sooner one of them is to ask.
 */
#ifndef ENGINE_PACE_H
#define ENGINE_PACE_H

#include <stdint.h>

enum pace {
	PACE_OUTCOMES,		/* they are told, and the record is read */
	PACE_OUTCOMES_USUAL,	/* ... while all goes well */
	PACE_RECORD,		/* it is read, while there is nothing to tell */
	PACE_SLOTS,		/* connections are reported */
	PACE_SLOTS_IDLE,	/* ... while there are none */
	PACE_SLOTS_SHORT,	/* ... while more are wanted */
	PACE_SLOTS_WANTED,	/* ... when more have just been wanted */
	PACE_HOLDS,		/* operators' words, by who hears of them too */
	PACE_COUNTERS,		/* what was counted for a destination is told */
	PACE_LOOK,		/* records, by the milter */
	PACE_LOOK_HOLDS,	/* operators' words, by the milter */
};
#define PACE_KINDS 11

/* The pause between two questions of this kind about one of so many things. */
int64_t pace_ms(enum pace kind, uint32_t hosts, uint32_t things);

#endif
