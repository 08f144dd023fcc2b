/*
 * outcome - what one delivery status says about the upstream that gave it.
 *
 * Rules are ordered, the first match wins, matched without regard to case on
 * "D.S.N text" as Postfix's status filter gives it.
 */
#ifndef CORE_OUTCOME_H
#define CORE_OUTCOME_H

#include "base/compiler.h"
#include "base/err.h"
#include "base/span.h"
#include "core/reply.h"

#include <stdbool.h>
#include <stddef.h>

enum outcome_class {
	OUTCOME_OK = 0,		/* delivered */
	OUTCOME_REFUSED,	/* this message or recipient only: it works */
	OUTCOME_TROUBLE,	/* not accepting, unreachable, dropped */
	OUTCOME_TROUBLE_HALF,	/* the same, where a duplicate may result */
	OUTCOME_MOVED_ON,	/* the lane went on and nothing said why */
	OUTCOME_SLOW,		/* too many connections, too fast */
	OUTCOME_POLICY,		/* blocked, reputation, connector lock, TLS */
	OUTCOME_DNS,		/* resolver trouble */
	OUTCOME_IGNORE,		/* says nothing about the upstream */
	OUTCOME_LOCAL,		/* our own fault */
	OUTCOME_UNKNOWN,	/* a text that no rule knows */
};
#define OUTCOME_CLASSES 11

/* Evidence points of one outcome; TROUBLE_HALF is why there are two to one. */
struct outcome_weight {
	unsigned good, bad;	/* 0..2 each */
};

#define OUTCOME_RULE_NAME_MAX 32

/* "trouble-half" <-> OUTCOME_TROUBLE_HALF; the name is never NULL. */
const char *outcome_class_name(enum outcome_class class);
bool outcome_class_parse(struct span name, enum outcome_class *out);
struct outcome_weight outcome_weight(enum outcome_class class);

struct outcome_rules;		/* an ordered, growing list of rules */

struct outcome_rules *outcome_rules_new(void);
void outcome_rules_free(struct outcome_rules **rules);
/* Append. id: 1..32 of [a-z0-9-], unique. -1 with ERR_SYNTAX otherwise, or
 * where the regex does not compile. */
int outcome_rules_add(struct outcome_rules *rules, struct span id,
    enum outcome_class class, struct span regex, struct err *err) MW_MUST_CHECK;
size_t outcome_rules_count(const struct outcome_rules *rules);

struct outcome {
	enum outcome_class class;
	const char *rule;	/* the rule's id, borrowed from the rules; "" when none matched */
};
/* status: at most the first 512 bytes are looked at; others than printable
 * ASCII are seen as '?'. */
struct outcome outcome_classify(const struct outcome_rules *rules,
    struct span status);

/* Does this status quote a reply to one of our commands, "D.S.N host NAME[ADDR]
 * said: ..."? *out is D.S.N then. */
bool outcome_is_reply(struct span status, struct dsn *out);
/*
 * Does Postfix's own part of this status say that the SMTP transaction may
 * still be going on (a refusal "in reply to RCPT TO command" while other
 * recipients go to DATA)? Everything else ends it. POSTFIX source: smtp_trouble.c.
 */
bool outcome_may_go_on(struct span status);

/*
 * Is this Postfix's own word that a name could not be looked up, before any
 * connection was tried? Then *out_name is that name. Source: smtp_addr.c.
 */
bool outcome_is_lookup(struct span status, struct span *out_name);

#endif
