/*
 * verb - what every verb of the command line is given, and what it answers.
 */
#ifndef CTL_VERB_H
#define CTL_VERB_H

#include <stdbool.h>
#include <stdint.h>

/* Exit codes; scripts rely on them. */
enum answer {
	ANSWER_DONE = 0,
	ANSWER_NO = 1,		/* the answer is no, or the input is bad */
	ANSWER_USAGE = 2,
	ANSWER_AWAY = 3,	/* Redis is not reachable */
};

struct options {
	const char *file;	/* -c; NULL: CONFIG_DEFAULT_FILE */
	bool json;		/* --json */
	bool follow;		/* -f */
	bool all;		/* --all */
	int64_t last;		/* -n; 0: not given */
	int64_t for_ms;		/* --for; 0: not given */
	const char *reason;	/* --reason; NULL: not given */
	int64_t rate;		/* --rate; 0: not given */
	bool shelter;		/* --shelter */
	bool check, diff, undo;	/* --check, --diff, --undo */
	const char *config_dir;	/* --config-dir; NULL: Postfix's default */
	char **words;		/* what follows the verb, as many as it wants */
};

typedef enum answer verb_fn(const struct options *o);

verb_fn verb_check, verb_status, verb_watch, verb_explain, verb_classify, verb_events,
    verb_force, verb_hold, verb_release, verb_replay, verb_postfix;

#endif
