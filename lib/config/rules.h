/*
 * rules - reads a rule file: what each delivery status says about the upstream
 * that gave it. The format is told at the head of conf/outcomes.rules.
 */
#ifndef CONFIG_RULES_H
#define CONFIG_RULES_H

#include "core/outcome.h"

#include <stdbool.h>

#define RULES_MAX 1000		/* rules in one file */
#define RULES_LINE_MAX 1000	/* characters in one line */

/* Told of each error, in the order of the file; line 0: the file as a whole. */
typedef void rules_report(void *arg, unsigned line, const char *message);

/*
 * Read path, all of it, whatever is wrong. Returns the rules, yours, or NULL
 * when anything was reported. try_samples: each sample must get its rule.
 */
struct outcome_rules *rules_load(const char *path, bool try_samples,
    rules_report *report, void *arg);

#endif
