/*
 * operator - what an operator says by hand, of an upstream or a destination:
 * for a while and for a reason, with his name on it, and as an event.
 */
#ifndef CTL_OPERATOR_H
#define CTL_OPERATOR_H

#include "config/config.h"
#include "core/view.h"
#include "ctl/verb.h"

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
/* Tell the fleet; false when Redis did not answer, which has been said. */
bool operator_say(const struct config *config,
    const struct operator_word *word);

#endif
