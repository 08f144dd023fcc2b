/*
 * pulse - how late the event loop's tick comes: for so long nobody was
 * answered, whatever the reason.
 *
 * A delay above PULSE_LATE_MS is told in the log, once a minute at most. After
 * PARENT_SILENCE_MS there is nothing left to tell: the parent has another loop.
 */
#ifndef POLICY_PULSE_H
#define POLICY_PULSE_H

#include <stdint.h>

#define PULSE_LATE_MS 500

/* All zeros is a new one. */
struct pulse {
	int64_t beat_ms;		/* the last one; 0: none as yet */
	int64_t minute_ms;		/* when the minute under way began */
	int64_t worst_ms, before_ms;	/* of this minute, and of the one before */
	int64_t told_ms;		/* when a delay was told last; 0: never */
};

/* The tick has come that was due every_ms after the last one. */
void pulse_beat(struct pulse *p, int64_t every_ms, int64_t now_ms);
/* The longest delay of the last minute, or two. */
int64_t pulse_worst_ms(const struct pulse *p);

#endif
