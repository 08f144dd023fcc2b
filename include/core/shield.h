/*
 * shield - which permanent answers of an upstream are not taken at their word.
 *
 * An upstream in trouble may say 5.x.y in its confusion, and an outage would
 * return good mail. Codes that the administrator listed for it are kept in
 * the queue (4.3.2) while its breaker is not closed. So is, from a route past
 * the filter, the word that this tenant's mail must come through the filter:
 * that is our doing, and no fault of the sender. Never in observe mode, and
 * never a text of Postfix's or our own: a reply is quoted as "host NAME said:".
 */
#ifndef CORE_SHIELD_H
#define CORE_SHIELD_H

#include "core/outcome.h"
#include "core/plan.h"
#include "core/view.h"

enum shield {
	SHIELD_NONE = 0,	/* the answer stands */
	SHIELD_TROUBLE,		/* listed, and the upstream is in trouble */
	SHIELD_LOCK,		/* a connector lock, past the filter */
};
/* "", "shield", "connector-lock". */
const char *shield_name(enum shield shield);

/* Is it a reply with one of the codes that were listed for u? */
bool shield_lists(const struct upstream *u, struct span status);

/* Is it one of the codes that say: from the filter only? */
bool shield_is_lock(struct dsn code);

struct shield_verdict {
	enum shield shield;
	struct reply reply;	/* unless SHIELD_NONE: "4.3.2 Mailweir: ..." */
};
/* status: of a delivery through a route of d, as Postfix tells it. */
struct shield_verdict shield_judge(const struct plan *p,
    const struct destination *d, uint32_t route,
    const struct upstream_view *views, struct span status, int64_t now_ms);

/* What such an answer says of its upstream: a refusal that is not believed does
 * not say that it works either. */
enum outcome_class shield_evidence(enum shield shield,
    enum outcome_class class);

#endif
