/*
 * review - did it help? A breaker that takes mail away from an upstream gives
 * it to those behind it, and they may bear it worse. So the host that made the
 * change looks at how the mail of these destinations fares afterwards, and
 * steps back where it fares worse.
 *
 * Before: the good share of what the upstream itself was given, of all hosts.
 * Mail that it failed may still have gone another way, so things were at least
 * as good as that; and an upstream that did nothing good is never stepped back
 * to. After: the share of deliveries that end well, through whatever upstream,
 * as this host sees them. Pure; no memory beyond the value.
 */
#ifndef CORE_REVIEW_H
#define CORE_REVIEW_H

#include "core/breaker.h"

#define REVIEW_MS 10000		/* look for so long, if that is enough mail */

/* All zeros: there is none. */
struct review {
	uint32_t before;	/* per mille good, 1..; 0: no review */
	uint32_t good, all;	/* deliveries since */
	int64_t since_ms;	/* the change */
};

/* Of a change that was made on this evidence; none where there is nothing to
 * step back to, or one was taken in this incident. */
struct review review_of(const struct breaker *from, const struct breaker *to,
    const struct evidence *seen);
/* A delivery has ended, one that had more than one way to go. */
void review_saw(struct review *r, bool good);
/* Per mille of the deliveries since that ended well. */
uint32_t review_after(const struct review *r);

enum review_verdict {
	REVIEW_NONE,		/* none, or over: it can be forgotten */
	REVIEW_GOES_ON,
	REVIEW_STEP_BACK,
};
/* now: the breaker as it is; a review ends with the state that it is of. */
enum review_verdict review_judge(const struct review *r,
    const struct breaker_rules *rules, const struct breaker *now,
    int64_t now_ms);

#endif
