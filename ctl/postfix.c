/*
 * postfix - the Postfix settings that this configuration needs, in three
 * parts; each begins with a line that is its name only ("# main.cf").
 * --check says what is wrong with the live ones, --diff shows it as lines to
 * take and to add; both are 1 when anything is. Nothing is ever edited.
 */
#include "ctl/inquiry.h"
#include "ctl/live.h"
#include "ctl/wiring.h"

#include <stdio.h>

static void
show(const struct config *config)
{
	for (int i = 0; i < WIRING_PARTS; i++) {
		const enum wiring_part part = (enum wiring_part)i;

		printf("%s# %s\n", i > 0 ? "\n" : "", wiring_part_name(part));
		wiring_write(stdout, config, WIRING_QUEUE_DIRECTORY, part);
	}
}

static enum answer
compare(const struct config *config, const struct options *o)
{
	unsigned wrong = 0;
	struct err err;

	for (int i = 0; i < WIRING_PARTS; i++) {
		if (live_compare(config, (enum wiring_part)i, o->config_dir,
		    o->diff, &wrong, &err) != 0) {
			fprintf(stderr, "mailweir: postfix: %s\n", err.text);
			return ANSWER_NO;
		}
	}
	if (wrong == 0 && !o->diff)
		puts("Postfix is set up for this configuration");
	return wrong == 0 ? ANSWER_DONE : ANSWER_NO;
}

enum answer
verb_postfix(const struct options *o)
{
	struct config *config = inquiry_config(o);
	enum answer answer = ANSWER_DONE;

	if (config == NULL)
		return ANSWER_NO;
	if (o->check || o->diff)
		answer = compare(config, o);
	else
		show(config);
	config_free(&config);
	return answer;
}
