/*
 * hold - an operator takes a destination's mail off all its upstreams, for a
 * while and for a reason: what is in the queue stays there, and servers that
 * send more are put off. release ends that, and lets held mail go.
 */
#include "ctl/inquiry.h"
#include "ctl/operator.h"
#include "ctl/print.h"

#include <stdio.h>

/* Long enough for a backlog at a slow rate. */
#define RELEASE_MS (86400 * INT64_C(1000))

static enum answer
say(const char *verb, const struct options *o,
    const struct operator_word *word)
{
	struct config *config = inquiry_config(o);
	const char *wrong = operator_refused(o);
	enum answer answer = ANSWER_NO;

	if (config == NULL)
		return ANSWER_NO;
	if (plan_destination(&config->plan, span_of(word->of_what)) < 0)
		wrong = "there is no such destination in the configuration";
	if (wrong != NULL)
		fprintf(stderr, "mailweir: %s: %s\n", verb, wrong);
	else
		answer = operator_say(config, word) ? ANSWER_DONE :
		    ANSWER_AWAY;
	config_free(&config);
	return answer;
}

enum answer
verb_hold(const struct options *o)
{
	const char *wrong = operator_misused(o);
	enum answer answer;
	char wait[24];

	if (wrong != NULL) {
		fprintf(stderr, "mailweir: hold: %s\n", wrong);
		return ANSWER_USAGE;
	}
	answer = say("hold", o, &(struct operator_word){
		.destination = true, .of_what = o->words[0],
		.state = OVERRIDE_HOLD, .for_ms = o->for_ms,
		.reason = o->reason,
	    });
	if (answer == ANSWER_DONE)
		printf("%s: on hold for %s\n", o->words[0],
		    print_wait(o->for_ms, wait));
	return answer;
}

enum answer
verb_release(const struct options *o)
{
	const enum answer answer = say("release", o, &(struct operator_word){
		.destination = true, .of_what = o->words[0],
		.state = OVERRIDE_RELEASE, .rate = (uint32_t)o->rate,
		.for_ms = RELEASE_MS,
	    });

	if (answer == ANSWER_DONE && o->rate > 0)
		printf("%s: released, at %d a second on each host\n",
		    o->words[0], (int)o->rate);
	else if (answer == ANSWER_DONE)
		printf("%s: released\n", o->words[0]);
	return answer;
}
