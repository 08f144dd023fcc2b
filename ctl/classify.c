/*
 * classify - class and rule of a delivery status as Postfix's status filter
 * tells it, "4.3.2 host ... said: ...". Exit 1 when no rule knows it.
 * docs/json.md has the JSON.
 */
#include "config/config.h"
#include "ctl/json.h"
#include "ctl/verb.h"

#include <stdio.h>
#include <unistd.h>

/*
 * The rules of the configuration, or those shipped on a host without one.
 * *out_config is NULL then, and the rules are the caller's.
 */
static struct outcome_rules *
load_rules(const struct options *o, struct config **out_config,
    struct config_errors *errors)
{
	*out_config = NULL;
	if (o->file == NULL && access(CONFIG_DEFAULT_FILE, F_OK) != 0)
		return config_shipped_rules(errors);
	*out_config = config_load(o->file != NULL ? o->file :
	    CONFIG_DEFAULT_FILE, errors);
	return *out_config != NULL ? (*out_config)->rules : NULL;
}

static enum answer
classify(const struct outcome_rules *rules, const struct options *o)
{
	const struct outcome outcome = outcome_classify(rules,
	    span_of(o->words[0]));
	const char *class = outcome_class_name(outcome.class);

	if (o->json)
		json_print(json_pack("{s:s, s:o}", "class", class, "rule",
		    json_text_or_null(outcome.rule)), true);
	else
		printf("%s %s\n", class,
		    outcome.rule[0] != '\0' ? outcome.rule : "-");
	return outcome.class != OUTCOME_UNKNOWN ? ANSWER_DONE : ANSWER_NO;
}

enum answer
verb_classify(const struct options *o)
{
	struct config_errors errors = { 0 };
	struct config *config;
	struct outcome_rules *rules = load_rules(o, &config, &errors);
	enum answer answer = ANSWER_NO;

	if (rules != NULL)
		answer = classify(rules, o);
	else
		config_errors_print(&errors, stderr);
	config_errors_free(&errors);
	if (config != NULL)
		config_free(&config);
	else
		outcome_rules_free(&rules);
	return answer;
}
