/* mailweir - what administrators and scripts ask Mailweir, and tell it. */
#include "config.h"

#include "base/mem.h"
#include "base/number.h"
#include "config/config.h"
#include "ctl/verb.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static verb_fn verb_version, verb_help;

static const struct verb {
	const char *name;
	const char *words;	/* what it wants, one word each; "...": or more */
	const char *options;	/* which it takes besides -c */
	const char *synopsis;
	const char *help;
	verb_fn *run;
} verbs[] = {
	{ "check", "", "", "",
	    "is the configuration good? every error as FILE:LINE",
	    verb_check },
	{ "status", "", "aj", "[--all] [--json]",
	    "what is wrong; then upstreams, destinations and hosts, as the "
	    "fleet\n        sees them; --all: on a terminal, too, if there are "
	    "many", verb_status },
	{ "watch", "", "", "",
	    "the same on the whole terminal, live, with keys to look and act",
	    verb_watch },
	{ "explain", "RECIPIENT", "j", "RECIPIENT [--json]",
	    "where would mail for this address go now, and why?",
	    verb_explain },
	{ "classify", "TEXT", "j", "TEXT [--json]",
	    "class and rule of a delivery status, \"D.S.N text\"",
	    verb_classify },
	{ "events", "", "fjn", "[-f] [--json] [-n N]",
	    "what happened lately; -f: and what happens from now on",
	    verb_events },
	{ "force", "UPSTREAM STATE", "dr",
	    "UPSTREAM open|closed|auto --for DURATION --reason TEXT",
	    "open or close an upstream by hand, for a while", verb_force },
	{ "hold", "DESTINATION", "drs",
	    "DESTINATION --for DURATION --reason TEXT [--shelter]",
	    "keep a destination's mail in the queue, for a while; --shelter: "
	    "on this\n        host, keep what would grow too old meanwhile, too",
	    verb_hold },
	{ "release", "DESTINATION", "mr",
	    "DESTINATION [--rate N] [--reason TEXT]",
	    "end its hold; what is held goes, N messages a second and host",
	    verb_release },
	{ "replay", "MAILLOG...", "j", "MAILLOG... [--json]",
	    "what would have been done while these mail logs were written?",
	    verb_replay },
	{ "postfix", "", "kpug", "[--check | --diff | --undo] [--config-dir DIR]",
	    "the Postfix settings this needs; --check: are the live ones right?\n"
	    "        --diff: the commands for that; --undo: those for the way back",
	    verb_postfix },
	{ "version", "", "", "", "print the version", verb_version },
	{ "help", "", "", "", "print this", verb_help },
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "all", no_argument, NULL, 'a' },
	{ "json", no_argument, NULL, 'j' },
	{ "for", required_argument, NULL, 'd' },
	{ "reason", required_argument, NULL, 'r' },
	{ "rate", required_argument, NULL, 'm' },
	{ "shelter", no_argument, NULL, 's' },
	{ "check", no_argument, NULL, 'k' },
	{ "diff", no_argument, NULL, 'p' },
	{ "undo", no_argument, NULL, 'u' },
	{ "config-dir", required_argument, NULL, 'g' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static void
usage(FILE *to)
{
	fputs("usage: mailweir VERB ... [-c FILE]\n\n", to);
	for (size_t i = 0; i < MW_N_OF(verbs); i++) {
		const struct verb *v = &verbs[i];

		fprintf(to, "  %s%s%s\n        %s\n", v->name,
		    v->synopsis[0] != '\0' ? " " : "", v->synopsis, v->help);
	}
	fputs("\n-c FILE: the configuration, " CONFIG_DEFAULT_FILE
	    " by default.\nDURATION: 90s, 10m, 2h, 1d.\n"
	    "Exit: 0 done, 1 the answer is no or the input is bad, 2 usage,\n"
	    "3 Redis is not reachable.\n", to);
}

static enum answer
misused(const struct verb *v)
{
	if (v == NULL)
		usage(stderr);
	else
		fprintf(stderr, "usage: mailweir %s%s%s [-c FILE]\n", v->name,
		    v->synopsis[0] != '\0' ? " " : "", v->synopsis);
	return ANSWER_USAGE;
}

static enum answer
verb_version(const struct options *o)
{
	(void)o;
	puts("mailweir " PACKAGE_VERSION);
	return ANSWER_DONE;
}

static enum answer
verb_help(const struct options *o)
{
	(void)o;
	usage(stdout);
	return ANSWER_DONE;
}

static const struct verb *
find_verb(const char *name)
{
	for (size_t i = 0; i < MW_N_OF(verbs); i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	}
	return NULL;
}

static bool
takes_words(const char *wanted, int given)
{
	const bool or_more = span_ends_fold(span_of(wanted), SPAN("..."));
	int n = wanted[0] != '\0';

	for (; *wanted != '\0'; wanted++)
		n += *wanted == ' ';
	return given == n || (or_more && given > n);
}

/* One option into o; false when its argument makes no sense. */
static bool
take_option(struct options *o, int letter)
{
	switch (letter) {
	case 'c':
		o->file = optarg;
		return true;
	case 'j':
		o->json = true;
		return true;
	case 'a':
		o->all = true;
		return true;
	case 'f':
		o->follow = true;
		return true;
	case 'n':
		return number_parse(span_of(optarg), 1, 10000, &o->last);
	case 'd':
		return duration_parse(span_of(optarg), &o->for_ms) &&
		    o->for_ms > 0;
	case 'r':
		o->reason = optarg;
		return true;
	case 'm':
		return number_parse(span_of(optarg), 1, 10000, &o->rate);
	case 's':
		o->shelter = true;
		return true;
	case 'k':
		o->check = true;
		return true;
	case 'p':
		o->diff = true;
		return true;
	case 'u':
		o->undo = true;
		return true;
	case 'g':
		o->config_dir = optarg;
		return true;
	default:
		return false;
	}
}

/* The letters that were given, or false. */
static bool
take_options(int argc, char **argv, struct options *o, char given[32])
{
	size_t n = 0;
	int letter;

	while ((letter = getopt_long(argc, argv, "c:fn:h", long_options,
	    NULL)) != -1) {
		if (n == 31 || (letter != 'h' && !take_option(o, letter)))
			return false;
		given[n++] = (char)letter;
	}
	return true;
}

int
main(int argc, char **argv)
{
	char given[32] = "";
	struct options o = { 0 };
	const struct verb *v;

	if (!take_options(argc, argv, &o, given))
		return (int)misused(NULL);
	if (strchr(given, 'h') != NULL)
		return (int)verb_help(&o);
	if (optind == argc || (v = find_verb(argv[optind])) == NULL)
		return (int)misused(NULL);
	o.words = argv + optind + 1;
	if (!takes_words(v->words, argc - optind - 1))
		return (int)misused(v);
	for (const char *letter = given; *letter != '\0'; letter++) {
		if (*letter != 'c' && strchr(v->options, *letter) == NULL)
			return (int)misused(v);
	}
	return (int)v->run(&o);
}
