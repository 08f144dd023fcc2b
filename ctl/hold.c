/*
 * hold - an operator takes a destination's mail off all its upstreams, for a
 * while and for a reason: what is in the queue stays there, and servers that
 * send more are put off. release ends that, and lets held mail go.
 *
 * The word is the fleet's; what is sheltered is this host's.
 */
#include "base/clock.h"
#include "ctl/operator.h"
#include "ctl/shelter.h"
#include "observe/words.h"


/* Long enough for a backlog at a slow rate. */
#define RELEASE_MS (86400 * INT64_C(1000))

static enum answer
say(struct operator *op, const struct options *o,
    const struct operator_word *word)
{
	const char *wrong = operator_refused(o);

	if (plan_destination(&op->config->plan, span_of(word->of_what)) < 0)
		wrong = "there is no such destination in the configuration";
	if (wrong != NULL)
		return operator_fail(op, ANSWER_NO, wrong);
	return operator_say(op, word);
}

static uint32_t
destination_of(const struct operator *op, const struct options *o)
{
	return (uint32_t)plan_destination(&op->config->plan,
	    span_of(o->words[0]));
}

static enum answer
shelter(struct operator *op, const struct options *o)
{
	uint32_t n;

	if (shelter_keep(op->config, destination_of(op, o),
	    clock_wall_ms() + o->for_ms, &n, &op->err) < 0)
		return ANSWER_NO;
	buf_addf(&op->said, "%s: %u sheltered on %s\n", o->words[0], n,
	    op->config->host);
	return ANSWER_DONE;
}

static enum answer
unshelter(struct operator *op, const struct options *o)
{
	uint32_t n;

	if (shelter_count(op->config, destination_of(op, o)) == 0)
		return ANSWER_DONE;
	if (shelter_end(op->config, destination_of(op, o), &n, &op->err) < 0)
		return ANSWER_NO;
	buf_addf(&op->said, "%s: %u come back out of the shelter on %s\n",
	    o->words[0], n, op->config->host);
	return ANSWER_DONE;
}

enum answer
operator_hold(struct operator *op, const struct options *o)
{
	const char *wrong = operator_misused(o);
	enum answer answer;
	char wait[24];

	if (wrong != NULL)
		return operator_fail(op, ANSWER_USAGE, wrong);
	answer = say(op, o, &(struct operator_word){
		.destination = true, .of_what = o->words[0],
		.state = OVERRIDE_HOLD, .for_ms = o->for_ms,
		.reason = o->reason,
	    });
	if (answer != ANSWER_DONE)
		return answer;
	buf_addf(&op->said, "%s: on hold for %s\n", o->words[0],
	    words_wait(o->for_ms, wait));
	return o->shelter ? shelter(op, o) : ANSWER_DONE;
}

enum answer
operator_release(struct operator *op, const struct options *o)
{
	const enum answer answer = say(op, o, &(struct operator_word){
		.destination = true, .of_what = o->words[0],
		.state = OVERRIDE_RELEASE, .rate = (uint32_t)o->rate,
		.for_ms = RELEASE_MS, .reason = o->reason,
	    });

	if (answer != ANSWER_DONE)
		return answer;
	if (o->rate > 0)
		buf_addf(&op->said, "%s: released, at %d a second on each "
		    "host\n", o->words[0], (int)o->rate);
	else
		buf_addf(&op->said, "%s: released\n", o->words[0]);
	return unshelter(op, o);
}

enum answer
verb_hold(const struct options *o)
{
	return operator_verb("hold", operator_misused(o), operator_hold, o);
}

enum answer
verb_release(const struct options *o)
{
	return operator_verb("release", NULL, operator_release, o);
}
