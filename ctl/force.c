/*
 * force - an operator opens or closes an upstream by hand, for a while and
 * for a reason, or lets go of it. Every force ends by itself, so that nobody
 * can forget one.
 */
#include "ctl/inquiry.h"
#include "ctl/operator.h"
#include "ctl/print.h"
#include "observe/words.h"

#include <stdio.h>
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

/* What is wrong with the line's form: usage. */
static const char *
misused(const struct options *o, enum override_state *out_state)
{
	if (!state_of_word(o->words[1], out_state))
		return "the state is open, closed or auto";
	return *out_state == OVERRIDE_NONE ? NULL : operator_misused(o);
}

/* What is wrong with its meaning: bad input. */
static const char *
refused(const struct options *o, const struct plan *p)
{
	if (plan_upstream(p, span_of(o->words[0])) < 0)
		return "there is no such upstream in the configuration";
	return operator_refused(o);
}

static bool
force(const struct config *config, const struct options *o,
    enum override_state state)
{
	const char *upstream = o->words[0];
	char wait[24];
	const bool done = operator_say(config, &(struct operator_word){
		.of_what = upstream, .state = state, .for_ms = o->for_ms,
		.reason = o->reason,
	    });

	if (done && state == OVERRIDE_NONE)
		printf("%s: left to its breaker again\n", upstream);
	else if (done)
		printf("%s: forced %s for %s\n", upstream, o->words[1],
		    words_wait(o->for_ms, wait));
	return done;
}

enum answer
verb_force(const struct options *o)
{
	enum override_state state;
	const char *wrong = misused(o, &state);
	struct config *config;
	bool done = false;

	if (wrong != NULL) {
		fprintf(stderr, "mailweir: force: %s\n", wrong);
		return ANSWER_USAGE;
	}
	config = inquiry_config(o);
	if (config == NULL)
		return ANSWER_NO;
	wrong = refused(o, &config->plan);
	if (wrong != NULL)
		fprintf(stderr, "mailweir: force: %s\n", wrong);
	else
		done = force(config, o, state);
	config_free(&config);
	if (wrong != NULL)
		return ANSWER_NO;
	return done ? ANSWER_DONE : ANSWER_AWAY;
}
