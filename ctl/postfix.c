/*
 * postfix - the Postfix settings that this configuration needs, in three
 * parts; each begins with a line that is its name only ("# main.cf").
 * --check says what is wrong with the live ones, --diff prints the commands
 * that put it right, and --undo those that take Mailweir out again. Nothing is
 * ever edited.
 */
#include "ctl/changes.h"
#include "ctl/inquiry.h"
#include "ctl/wiring.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
show(const struct config *config)
{
	for (int i = 0; i < WIRING_PARTS; i++) {
		const enum wiring_part part = (enum wiring_part)i;

		printf("%s# %s\n", i > 0 ? "\n" : "", wiring_part_name(part));
		wiring_write(stdout, config, WIRING_QUEUE_DIRECTORY, part);
	}
}

static struct lines
wanted(const struct config *config, const struct live *live,
    enum wiring_part part, char sep)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);
	struct lines l;

	if (to == NULL)
		abort();
	wiring_write(to, config, live->queue_dir, part);
	fclose(to);
	l = lines_new((struct span){ text, len }, sep);
	free(text);
	return l;
}

static enum answer
compare(const struct config *config, const struct live *live, bool diff)
{
	struct findings found = { 0 };
	struct wired w = {
		.config = config, .live = live, .found = &found,
		.main = wanted(config, live, WIRING_MAIN, '='),
		.master = wanted(config, live, WIRING_MASTER, ' '),
		.entries = wanted(config, live, WIRING_TRANSPORT, ' '),
	};
	enum answer answer;

	check_build(&w);
	check_intake(&w);
	check_lanes(&w);
	check_ways(&w);
	check_sockets(&w);
	answer = found.n > 0 ? ANSWER_NO : ANSWER_DONE;
	if (diff)
		changes_print(&w);
	else if (found.n > 0)
		findings_print(&found, live);
	else
		puts("Postfix is set up for this configuration");
	if (!diff && geteuid() != 0)
		puts("(the sockets were not tried as Postfix's user: that "
		    "takes root)");
	findings_free(&found);
	lines_free(&w.main);
	lines_free(&w.master);
	lines_free(&w.entries);
	return answer;
}

static enum answer
ask_live(const struct config *config, const struct options *o)
{
	struct live live;
	struct err err;
	enum answer answer = ANSWER_DONE;

	if (live_read(&live, o->config_dir, &err) < 0) {
		fprintf(stderr, "mailweir: postfix: %s\n", err.text);
		return ANSWER_NO;
	}
	if (!o->undo) {
		answer = compare(config, &live, o->diff);
	} else if (changes_print_undo(config, &live, &err) < 0) {
		fprintf(stderr, "mailweir: postfix: %s\n", err.text);
		answer = ANSWER_NO;
	}
	live_free(&live);
	return answer;
}

enum answer
verb_postfix(const struct options *o)
{
	struct config *config = inquiry_config(o);
	enum answer answer = ANSWER_DONE;

	if (config == NULL)
		return ANSWER_NO;
	if (o->check || o->diff || o->undo)
		answer = ask_live(config, o);
	else
		show(config);
	config_free(&config);
	return answer;
}
