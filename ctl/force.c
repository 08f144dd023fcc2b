/*
 * force - an operator opens or closes an upstream by hand, for a while and
 * for a reason, or lets go of it. Every force ends by itself, so that nobody
 * can forget one.
 */
#include "ctl/operator.h"
#include "observe/words.h"

#include <string.h>

static bool
state_of_word(const char *word, enum override_state *out)
{
	if (strcmp(word, "auto") == 0) {
		*out = OVERRIDE_NONE;
		return true;
	}
	return override_state_parse(span_of(word), out) &&
	    (*out == OVERRIDE_OPEN || *out == OVERRIDE_CLOSED);
}

static const char *
misused(const struct options *o, enum override_state *out)
{
	if (!state_of_word(o->words[1], out))
		return "the state is open, closed or auto";
	return *out == OVERRIDE_NONE ? NULL : operator_misused(o);
}

enum answer
operator_force(struct operator *op, const struct options *o)
{
	enum override_state state;
	const char *upstream = o->words[0], *wrong = misused(o, &state);
	enum answer answer;
	char wait[24];

	if (wrong != NULL)
		return operator_fail(op, ANSWER_USAGE, wrong);
	wrong = operator_refused(o);
	if (plan_upstream(&op->config->plan, span_of(upstream)) < 0)
		wrong = "there is no such upstream in the configuration";
	if (wrong != NULL)
		return operator_fail(op, ANSWER_NO, wrong);
	answer = operator_say(op, &(struct operator_word){
		.of_what = upstream, .state = state, .for_ms = o->for_ms,
		.reason = o->reason,
	    });
	if (answer == ANSWER_DONE && state == OVERRIDE_NONE)
		buf_addf(&op->said, "%s: left to its breaker again\n",
		    upstream);
	else if (answer == ANSWER_DONE)
		buf_addf(&op->said, "%s: forced %s for %s\n", upstream,
		    o->words[1], words_wait(o->for_ms, wait));
	return answer;
}

enum answer
verb_force(const struct options *o)
{
	enum override_state state;

	return operator_verb("force", misused(o, &state), operator_force, o);
}
