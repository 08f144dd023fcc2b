/*
 * operator - what an operator says by hand, of an upstream or a destination:
 * for a while and for a reason, with his name on it, and as an event. The
 * verbs force, hold and release, for whoever asks for them.
 */
#ifndef CTL_OPERATOR_H
#define CTL_OPERATOR_H

#include "base/buf.h"
#include "config/config.h"
#include "core/view.h"
#include "ctl/inquiry.h"
#include "ctl/verb.h"

/* Somebody who says it. */
struct operator {
	struct inquiry *inquiry;
	const struct config *config;
	struct buf said;	/* what was done, a line each */
	struct err err;		/* what is wrong, with ANSWER_NO and _USAGE */
};

/* Words and options as on the command line. ANSWER_AWAY: the inquiry says
 * why. */
typedef enum answer operator_fn(struct operator *op, const struct options *o);
operator_fn operator_force, operator_hold, operator_release;

/* One of these as a verb of the command line, of this name. misused: what is
 * wrong with how it is used, whatever the configuration says, or NULL. */
enum answer operator_verb(const char *verb, const char *misused,
    operator_fn *fn, const struct options *o);

/* For those: */

struct operator_word {
	bool destination;		/* of_what is one, not an upstream */
	const char *of_what;
	enum override_state state;	/* OVERRIDE_NONE takes the last one back */
	uint32_t rate;			/* OVERRIDE_RELEASE */
	int64_t for_ms;
	const char *reason;		/* NULL: none */
};

/* What is missing of --for and --reason, or NULL. */
const char *operator_misused(const struct options *o);
/* What is wrong with what they say, or NULL. */
const char *operator_refused(const struct options *o);
/* Note what is wrong; returns answer. */
enum answer operator_fail(struct operator *op, enum answer answer,
    const char *why);
/* Tell the fleet: ANSWER_DONE, or ANSWER_AWAY. */
enum answer operator_say(struct operator *op,
    const struct operator_word *word);

#endif
