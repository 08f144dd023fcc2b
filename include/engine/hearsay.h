/*
 * hearsay - brings together the attempts that moved on to another next hop,
 * as the gate saw them, and the reasons, as the mail log tells them.
 *
 * The gate is the witness, the log only says why: a reason without an attempt
 * counts nothing, and one attempt has one reason. They belong together when
 * they are of one process, the reason is about the attempt's upstream, and
 * came after the attempt began. Either may be known first; an attempt waits
 * HEARSAY_WAIT_MS for its reason, then nothing said why. No clock of its own.
 */
#ifndef ENGINE_HEARSAY_H
#define ENGINE_HEARSAY_H

#include "core/outcome.h"
#include "core/plan.h"
#include "core/view.h"

#define HEARSAY_WAIT_MS 1000
#define HEARSAY_MAX 512		/* of each kind; the oldest gives way */

struct fleet_upstream;

struct hearsay_attempt {
	int64_t pid;
	struct fleet_upstream *upstream;
	int64_t began_ms;
};

struct hearsay_reason {
	int64_t pid;
	struct fleet_upstream *about[PLAN_ROUTES];	/* any of these; NULL: no more */
	enum outcome_class class;
	char rule[OUTCOME_RULE_NAME_MAX + 1];
	char text[SAMPLE_MAX + 1];
};

/* Once for each attempt. reason: NULL when nothing said why. */
typedef void hearsay_judged(void *arg, const struct hearsay_attempt *attempt,
    const struct hearsay_reason *reason, int64_t now_ms);

struct hearsay;

struct hearsay *hearsay_new(hearsay_judged *judged, void *arg);
void hearsay_free(struct hearsay **h);
void hearsay_moved_on(struct hearsay *h, const struct hearsay_attempt *attempt,
    int64_t now_ms);
void hearsay_told(struct hearsay *h, const struct hearsay_reason *reason,
    int64_t now_ms);
/* Judge those that have waited long enough. */
void hearsay_tick(struct hearsay *h, int64_t now_ms);
/* Judge all that wait, and forget all reasons. */
void hearsay_end(struct hearsay *h, int64_t now_ms);

#endif
