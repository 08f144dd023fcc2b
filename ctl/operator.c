#include "ctl/operator.h"

#include "base/mem.h"
#include "base/printable.h"
#include "observe/event.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOR_MAX_MS (7 * 86400 * INT64_C(1000))
#define REASON_MAX 60		/* Redis keeps short values compact */

/* Who runs this: behind sudo, who ran sudo. */
static void
author(char dst[33])
{
	const char *name = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	const struct passwd *user = getpwuid(getuid());

	if (name == NULL || name[0] == '\0')
		name = user != NULL ? user->pw_name : "unknown";
	printable(dst, 33, span_of(name));
}

static bool
commit(struct inquiry *q, const struct operator_word *word,
    struct override *said)
{
	struct store_reply reply;

	if (!inquiry_ask(q, &(struct store_request){
		.verb = STORE_OVERRIDE, .name = word->of_what,
		.u.override = { .destination = word->destination,
		    .state = said->state, .for_ms = word->for_ms,
		    .rate = said->rate, .by = said->by,
		    .reason = said->reason },
	    }, &reply))
		return false;
	said->until_ms = reply.now_ms + word->for_ms;
	store_reply_clear(&reply);
	return true;
}

static bool
tell(struct inquiry *q, const struct event *e)
{
	struct event_pair pairs[EVENT_PAIRS];
	struct store_pair fields[EVENT_PAIRS];
	const size_t n = event_pairs(e, pairs);
	struct store_reply reply;

	for (size_t i = 0; i < n; i++)
		fields[i] = (struct store_pair){ pairs[i].name,
			pairs[i].value };
	if (!inquiry_ask(q, &(struct store_request){
		.verb = STORE_EVENT_ADD,
		.u.event_add = { .pairs = fields, .n = (uint32_t)n,
		    .keep = EVENTS_KEPT },
	    }, &reply))
		return false;
	store_reply_clear(&reply);
	return true;
}

const char *
operator_misused(const struct options *o)
{
	if (o->for_ms == 0)
		return "--for DURATION is missing: it ends by itself";
	if (o->reason == NULL || o->reason[0] == '\0')
		return "--reason TEXT is missing: colleagues will ask";
	return NULL;
}

const char *
operator_refused(const struct options *o)
{
	if (o->for_ms > FOR_MAX_MS)
		return "--for is 7d at the most";
	if (o->reason != NULL && strlen(o->reason) > REASON_MAX)
		return "--reason is 60 bytes at the most";
	if (o->reason != NULL && !printable_all(span_of(o->reason)))
		return "--reason is printable ASCII";
	return NULL;
}

enum answer
operator_fail(struct operator *op, enum answer answer, const char *why)
{
	err_set(&op->err, ERR_CONFIG, "%s", why);
	return answer;
}

enum answer
operator_say(struct operator *op, const struct operator_word *word)
{
	struct override said = { .state = word->state, .rate = word->rate };

	author(said.by);
	if (word->reason != NULL)
		printable(said.reason, sizeof(said.reason),
		    span_of(word->reason));
	if (!commit(op->inquiry, word, &said) ||
	    !tell(op->inquiry, &(struct event){
		.kind = EVENT_OVERRIDE, .host = op->config->host,
		.upstream = word->destination ? NULL : word->of_what,
		.destination = word->destination ? word->of_what : NULL,
		.override = &said,
	    }))
		return ANSWER_AWAY;
	return ANSWER_DONE;
}

enum answer
operator_verb(const char *verb, const char *misused, operator_fn *fn,
    const struct options *o)
{
	struct config *config;
	struct operator op = { .said = buf_new(1024) };
	enum answer answer;

	if (misused != NULL) {
		fprintf(stderr, "mailweir: %s: %s\n", verb, misused);
		return ANSWER_USAGE;
	}
	config = inquiry_config(o);
	if (config == NULL)
		return ANSWER_NO;
	op.config = config;
	op.inquiry = inquiry_new(config);
	answer = fn(&op, o);
	fputs(buf_text(&op.said), stdout);
	if (answer == ANSWER_AWAY)
		inquiry_away(op.inquiry);
	else if (answer != ANSWER_DONE)
		fprintf(stderr, "mailweir: %s: %s\n", verb, op.err.text);
	buf_free(&op.said);
	inquiry_free(&op.inquiry);
	config_free(&config);
	return answer;
}
