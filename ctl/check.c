/* check - is the configuration good? */
#include "config/config.h"
#include "ctl/verb.h"

#include <stdio.h>

enum answer
verb_check(const struct options *o)
{
	const char *path = o->file != NULL ? o->file : CONFIG_DEFAULT_FILE;
	struct config_errors errors = { 0 };
	struct config *config = config_load(path, &errors);
	const bool good = config != NULL;

	config_errors_print(&errors, stdout);
	config_errors_free(&errors);
	if (good)
		printf("%s: good: mode %s, %u upstreams, %u destinations\n",
		    path, config->plan.mode == PLAN_ENFORCE ? "enforce" :
		    "observe", config->plan.n_upstreams,
		    config->plan.n_destinations);
	config_free(&config);
	return good ? ANSWER_DONE : ANSWER_NO;
}
