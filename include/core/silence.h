/*
 * silence - an upstream that was asked a few times in a row and has said
 * nothing good since the first, for half the time after which an answer is
 * overdue. Pure; a small value for each upstream, of what one host sees.
 *
 * Whoever hangs is judged when the first attempt is overdue, and by then all
 * the mail that followed it hangs as well. Long before that, new mail can go
 * another way, where there is one.
 */
#ifndef CORE_SILENCE_H
#define CORE_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

#define SILENCE_ASKED 3

/* All zeros: nothing was asked. */
struct silence {
	uint32_t asked;		/* attempts since it spoke last */
	int64_t since_ms;	/* when the first of them began */
};

/* An attempt begins. */
void silence_asked(struct silence *s, int64_t now_ms);
/* It said something that was not bad. */
void silence_ends(struct silence *s);
bool silence_lasts(const struct silence *s, int64_t slow_after_ms,
    int64_t now_ms);

#endif
