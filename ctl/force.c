/*
 * force - an operator opens or closes an upstream by hand, for a while and
 * for a reason, or lets go of it. Every force ends by itself, so that nobody
 * can forget one.
 */
#include "base/mem.h"
#include "base/printable.h"
#include "ctl/inquiry.h"
#include "ctl/print.h"
#include "observe/event.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORCE_MAX_MS (7 * 86400 * INT64_C(1000))
#define FORCE_REASON_MAX 60	/* Redis keeps short values compact */

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
state_of_word(const char *word, enum override_state *out)
{
	if (strcmp(word, "auto") == 0) {
		*out = OVERRIDE_NONE;
		return true;
	}
	return override_state_parse(span_of(word), out) &&
	    *out != OVERRIDE_NONE;
}

/* What is wrong with the line's form: usage. */
static const char *
misused(const struct options *o, enum override_state *out_state)
{
	if (!state_of_word(o->words[1], out_state))
		return "the state is open, closed or auto";
	if (*out_state == OVERRIDE_NONE)
		return NULL;
	if (o->for_ms == 0)
		return "--for DURATION is missing: every force ends by itself";
	if (o->reason == NULL || o->reason[0] == '\0')
		return "--reason TEXT is missing: colleagues will ask";
	return NULL;
}

/* What is wrong with its meaning: bad input. */
static const char *
refused(const struct options *o, const struct plan *p)
{
	if (plan_upstream(p, span_of(o->words[0])) < 0)
		return "there is no such upstream in the configuration";
	if (o->for_ms > FORCE_MAX_MS)
		return "--for is 7d at the most";
	if (o->reason != NULL && strlen(o->reason) > FORCE_REASON_MAX)
		return "--reason is 60 bytes at the most";
	if (o->reason != NULL && !printable_all(span_of(o->reason)))
		return "--reason is printable ASCII";
	return NULL;
}

static bool
commit(struct inquiry *q, const char *upstream, const struct options *o,
    struct override *word)
{
	struct store_reply reply;

	if (!inquiry_ask(q, &(struct store_request){
		.verb = STORE_OVERRIDE, .name = upstream,
		.u.override = { .state = word->state, .for_ms = o->for_ms,
		    .by = word->by, .reason = word->reason },
	    }, &reply))
		return false;
	word->until_ms = reply.now_ms + o->for_ms;
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

static bool
force(const struct config *config, const struct options *o,
    enum override_state state)
{
	struct override word = { .state = state };
	const char *upstream = o->words[0];
	struct inquiry *q = inquiry_new(config);
	char wait[24];
	bool done;

	author(word.by);
	if (o->reason != NULL)
		printable(word.reason, sizeof(word.reason),
		    span_of(o->reason));
	done = commit(q, upstream, o, &word) && tell(q, &(struct event){
		.kind = EVENT_OVERRIDE, .host = config->host,
		.upstream = upstream, .override = &word,
	    });
	inquiry_free(&q);
	if (done && state == OVERRIDE_NONE)
		printf("%s: left to its breaker again\n", upstream);
	else if (done)
		printf("%s: forced %s for %s\n", upstream, o->words[1],
		    print_wait(o->for_ms, wait));
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
