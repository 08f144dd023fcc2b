/*
 * hold - an operator takes a destination's mail off all its upstreams, for a
 * while and for a reason: what is in the queue stays there, and servers that
 * send more are put off. release ends that, and lets held mail go.
 *
 * The word is the fleet's; what is sheltered is this host's.
 */
#include "base/clock.h"
#include "ctl/inquiry.h"
#include "ctl/operator.h"
#include "ctl/print.h"
#include "ctl/shelter.h"
#include "observe/words.h"

#include <stdio.h>

/* Long enough for a backlog at a slow rate. */
#define RELEASE_MS (86400 * INT64_C(1000))

static enum answer
failed(const char *verb, const char *why)
{
	fprintf(stderr, "mailweir: %s: %s\n", verb, why);
	return ANSWER_NO;
}

static enum answer
say(const char *verb, const struct options *o, const struct config *config,
    const struct operator_word *word)
{
	const char *wrong = operator_refused(o);

	if (plan_destination(&config->plan, span_of(word->of_what)) < 0)
		wrong = "there is no such destination in the configuration";
	if (wrong != NULL)
		return failed(verb, wrong);
	return operator_say(config, word) ? ANSWER_DONE : ANSWER_AWAY;
}

static uint32_t
destination_of(const struct options *o, const struct config *config)
{
	return (uint32_t)plan_destination(&config->plan,
	    span_of(o->words[0]));
}

static enum answer
shelter(const struct options *o, const struct config *config)
{
	struct err err;
	uint32_t n;

	if (shelter_keep(config, destination_of(o, config),
	    clock_wall_ms() + o->for_ms, &n, &err) < 0)
		return failed("hold", err.text);
	printf("%s: %u sheltered on %s\n", o->words[0], n, config->host);
	return ANSWER_DONE;
}

static enum answer
unshelter(const struct options *o, const struct config *config)
{
	struct err err;
	uint32_t n;

	if (shelter_count(config, destination_of(o, config)) == 0)
		return ANSWER_DONE;
	if (shelter_end(config, destination_of(o, config), &n, &err) < 0)
		return failed("release", err.text);
	printf("%s: %u come back out of the shelter on %s\n", o->words[0], n,
	    config->host);
	return ANSWER_DONE;
}

enum answer
verb_hold(const struct options *o)
{
	const char *wrong = operator_misused(o);
	struct config *config;
	enum answer answer;
	char wait[24];

	if (wrong != NULL) {
		fprintf(stderr, "mailweir: hold: %s\n", wrong);
		return ANSWER_USAGE;
	}
	config = inquiry_config(o);
	if (config == NULL)
		return ANSWER_NO;
	answer = say("hold", o, config, &(struct operator_word){
		.destination = true, .of_what = o->words[0],
		.state = OVERRIDE_HOLD, .for_ms = o->for_ms,
		.reason = o->reason,
	    });
	if (answer == ANSWER_DONE)
		printf("%s: on hold for %s\n", o->words[0],
		    words_wait(o->for_ms, wait));
	if (answer == ANSWER_DONE && o->shelter)
		answer = shelter(o, config);
	config_free(&config);
	return answer;
}

enum answer
verb_release(const struct options *o)
{
	struct config *config = inquiry_config(o);
	enum answer answer;

	if (config == NULL)
		return ANSWER_NO;
	answer = say("release", o, config, &(struct operator_word){
		.destination = true, .of_what = o->words[0],
		.state = OVERRIDE_RELEASE, .rate = (uint32_t)o->rate,
		.for_ms = RELEASE_MS, .reason = o->reason,
	    });
	if (answer == ANSWER_DONE && o->rate > 0)
		printf("%s: released, at %d a second on each host\n",
		    o->words[0], (int)o->rate);
	else if (answer == ANSWER_DONE)
		printf("%s: released\n", o->words[0]);
	if (answer == ANSWER_DONE)
		answer = unshelter(o, config);
	config_free(&config);
	return answer;
}
