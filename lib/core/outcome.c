#include "core/outcome.h"

#include "base/mem.h"
#include "base/pattern.h"
#include "base/printable.h"

#include <assert.h>

#define STATUS_SEEN 512		/* bytes of a status, at most */
#define REGEX_MAX 1000

struct rule {
	char *id;
	enum outcome_class class;
	struct pattern *pattern;
};

struct outcome_rules {
	size_t n, room;
	struct rule *list;
};

static const char *const class_names[] = {
	[OUTCOME_OK] = "ok",
	[OUTCOME_REFUSED] = "refused",
	[OUTCOME_TROUBLE] = "trouble",
	[OUTCOME_TROUBLE_HALF] = "trouble-half",
	[OUTCOME_MOVED_ON] = "moved-on",
	[OUTCOME_SLOW] = "slow",
	[OUTCOME_POLICY] = "policy",
	[OUTCOME_DNS] = "dns",
	[OUTCOME_IGNORE] = "ignore",
	[OUTCOME_LOCAL] = "local",
	[OUTCOME_UNKNOWN] = "unknown",
};
static_assert(MW_N_OF(class_names) == OUTCOME_CLASSES,
    "each class has a name");

static bool
id_is_good(struct span id)
{
	if (id.len == 0 || id.len > OUTCOME_RULE_NAME_MAX)
		return false;
	for (size_t i = 0; i < id.len; i++) {
		const char c = id.at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '-')
			return false;
	}
	return true;
}

static bool
id_is_taken(const struct outcome_rules *rules, struct span id)
{
	for (size_t i = 0; i < rules->n; i++)
		if (span_eq(span_of(rules->list[i].id), id))
			return true;
	return false;
}

static void
append(struct outcome_rules *rules, struct rule rule)
{
	if (rules->n == rules->room) {
		rules->room = rules->room > 0 ? rules->room * 2 : 64;
		rules->list = mem_resize(rules->list, rules->room,
		    sizeof(rules->list[0]));
	}
	rules->list[rules->n++] = rule;
}

const char *
outcome_class_name(enum outcome_class class)
{
	assert((unsigned)class < OUTCOME_CLASSES);
	return class_names[class];
}

bool
outcome_class_parse(struct span name, enum outcome_class *out)
{
	for (unsigned i = 0; i < OUTCOME_CLASSES; i++) {
		if (span_eq(name, span_of(class_names[i]))) {
			*out = (enum outcome_class)i;
			return true;
		}
	}
	return false;
}

struct outcome_weight
outcome_weight(enum outcome_class class)
{
	switch (class) {
	case OUTCOME_OK:
	case OUTCOME_REFUSED:
		return (struct outcome_weight){ .good = 2 };
	case OUTCOME_TROUBLE:
	case OUTCOME_MOVED_ON:
		return (struct outcome_weight){ .bad = 2 };
	case OUTCOME_TROUBLE_HALF:
		return (struct outcome_weight){ .bad = 1 };
	case OUTCOME_SLOW:
	case OUTCOME_POLICY:
	case OUTCOME_DNS:
	case OUTCOME_IGNORE:
	case OUTCOME_LOCAL:
	case OUTCOME_UNKNOWN:
		break;
	}
	return (struct outcome_weight){ 0 };
}

struct outcome_rules *
outcome_rules_new(void)
{
	return mem_new(1, sizeof(struct outcome_rules));
}

void
outcome_rules_free(struct outcome_rules **rules)
{
	if (*rules == NULL)
		return;
	for (size_t i = 0; i < (*rules)->n; i++) {
		mem_free((*rules)->list[i].id);
		pattern_free(&(*rules)->list[i].pattern);
	}
	mem_free((*rules)->list);
	mem_free(*rules);
	*rules = NULL;
}

int
outcome_rules_add(struct outcome_rules *rules, struct span id,
    enum outcome_class class, struct span regex, struct err *err)
{
	char text[REGEX_MAX + 1];
	struct pattern *pattern;

	if (!id_is_good(id))
		return err_set(err, ERR_SYNTAX,
		    "a rule's id is 1 to %d of a-z, 0-9 and '-'",
		    OUTCOME_RULE_NAME_MAX);
	if (id_is_taken(rules, id))
		return err_set(err, ERR_SYNTAX,
		    "rule %.*s stands there already", (int)id.len, id.at);
	if (regex.len == 0 || !span_copy(text, sizeof(text), regex))
		return err_set(err, ERR_SYNTAX,
		    "a rule's regex is 1 to %d characters", REGEX_MAX);
	pattern = pattern_new(text, err);
	if (pattern == NULL)
		return -1;
	append(rules, (struct rule){
		.id = mem_dup_n(id.at, id.len),
		.class = class,
		.pattern = pattern,
	    });
	return 0;
}

size_t
outcome_rules_count(const struct outcome_rules *rules)
{
	return rules->n;
}

struct outcome
outcome_classify(const struct outcome_rules *rules, struct span status)
{
	char seen[STATUS_SEEN + 1];

	if (status.len > STATUS_SEEN)
		status.len = STATUS_SEEN;
	printable(seen, sizeof(seen), status);
	for (size_t i = 0; i < rules->n; i++) {
		const struct rule *r = &rules->list[i];

		if (pattern_match(r->pattern, span_of(seen)))
			return (struct outcome){ r->class, r->id };
	}
	return (struct outcome){ OUTCOME_UNKNOWN, "" };
}

bool
outcome_is_reply(struct span status, struct dsn *out)
{
	struct dsn code;
	struct span text;

	if (!dsn_parse(status, &code, &text) ||
	    !span_eq(span_cut(&text, ' '), SPAN("host")))
		return false;
	(void)span_cut(&text, ' ');	/* NAME[ADDR] */
	if (!span_starts(text, SPAN("said: ")))
		return false;
	*out = code;
	return true;
}

bool
outcome_may_go_on(struct span status)
{
	struct dsn code;

	/* Both ends of it: the words of a banner stand last in their status,
	 * and those of an acceptance first. */
	return span_ends_fold(status,
	    SPAN(" (in reply to RCPT TO command)")) &&
	    outcome_is_reply(status, &code);
}

bool
outcome_is_lookup(struct span status, struct span *out_name)
{
	const struct {
		struct span before;
		char end;
	} forms[] = {
		{ SPAN("Host or domain name not found. "
		    "Name service error for name="), ' ' },
		{ SPAN("unable to look up host "), ':' },
	};
	struct dsn code;
	struct span text;

	if (!dsn_parse(status, &code, &text))
		return false;
	for (size_t i = 0; i < MW_N_OF(forms); i++) {
		if (!span_starts(text, forms[i].before))
			continue;
		text.at += forms[i].before.len;
		text.len -= forms[i].before.len;
		*out_name = span_cut(&text, forms[i].end);
		return true;
	}
	return false;
}
