/*
 * replay - plays old mail logs through the core: when Mailweir would have
 * opened, shed, held and rerouted, and how many attempts that saves. "-" is
 * standard input. Several logs, of one host or of many, are read side by side
 * in the order of their times. Needs no Redis.
 */
#include "ctl/replay.h"

#include "base/chance.h"
#include "base/clock.h"
#include "base/mem.h"
#include "ctl/attempts.h"
#include "ctl/inquiry.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define DAY_MS 86400000

/* One log, and its next line that may be about an attempt. */
struct source {
	const char *name;
	FILE *file;		/* NULL: it has ended */
	int64_t reference_ms;	/* no line is much newer */
	uint64_t lines, of_postfix;
	char text[MAILLOG_LINE_MAX];
	struct maillog_line line;	/* borrows from text */
	int64_t time_ms;
};

struct sources {
	size_t n;
	struct source *list;
};

static bool
fail(const char *name, const char *why)
{
	fprintf(stderr, "mailweir: replay: %s: %s\n", name, why);
	return false;
}

/* Times without a zone are this host's; TZ says otherwise. */
static int64_t
to_utc(int64_t local_ms)
{
	const time_t seconds = (time_t)(local_ms / 1000);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL)
		return local_ms;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * 1000 + local_ms % 1000;
}

/* What is in the file was logged before it was last written to. */
static int64_t
reference(FILE *file)
{
	struct stat st;

	if (fstat(fileno(file), &st) == 0 && S_ISREG(st.st_mode))
		return (int64_t)st.st_mtim.tv_sec * 1000;
	return clock_wall_ms();
}

static void
end(struct source *s)
{
	if (s->file != NULL && s->file != stdin)
		fclose(s->file);
	s->file = NULL;
}

/* The next line, its newline not among it, what is too long left out; false
 * at the end. */
static bool
read_line(struct source *s, struct span *out)
{
	size_t len = 0;
	int c;

	while ((c = getc(s->file)) != EOF && c != '\n')
		if (len < sizeof(s->text))
			s->text[len++] = (char)c;
	*out = (struct span){ s->text, len };
	s->lines += c != EOF || len > 0;
	return c != EOF || len > 0;
}

/* Go on to the next line that may be about an attempt. */
static bool
advance(struct source *s)
{
	const int64_t latest_ms = clock_wall_ms() + DAY_MS;
	struct span text;

	while (read_line(s, &text)) {
		s->line = maillog_read(text, s->reference_ms);
		s->of_postfix += s->line.program.len > 0;
		if (s->line.kind == MAILLOG_OTHER)
			continue;
		s->time_ms = s->line.zoned ? s->line.time_ms :
		    to_utc(s->line.time_ms);
		/* One time from the future would stop all that follow. */
		if (s->time_ms >= 0 && s->time_ms <= latest_ms)
			return true;
	}
	if (ferror(s->file))
		return fail(s->name, strerror(errno));
	end(s);
	if (s->lines > 0 && s->of_postfix == 0)
		return fail(s->name, "no line of Postfix in it; is it a mail "
		    "log, and not compressed?");
	return true;
}

static bool
open_source(struct source *s, const char *name)
{
	const bool is_stdin = strcmp(name, "-") == 0;

	s->name = is_stdin ? "standard input" : name;
	s->file = is_stdin ? stdin : fopen(name, "r");
	if (s->file == NULL)
		return fail(name, strerror(errno));
	s->reference_ms = reference(s->file);
	return advance(s);
}

static bool
open_sources(struct sources *sources, char **names)
{
	while (names[sources->n] != NULL)
		sources->n++;
	sources->list = mem_new(sources->n, sizeof(*sources->list));
	for (size_t i = 0; i < sources->n; i++)
		if (!open_source(&sources->list[i], names[i]))
			return false;
	return true;
}

static void
close_sources(struct sources *sources)
{
	for (size_t i = 0; i < sources->n; i++)
		end(&sources->list[i]);
	mem_free(sources->list);
}

/* The one whose line is the oldest; NULL when all have ended. */
static struct source *
oldest(const struct sources *sources)
{
	struct source *found = NULL;

	for (size_t i = 0; i < sources->n; i++) {
		struct source *s = &sources->list[i];

		if (s->file != NULL &&
		    (found == NULL || s->time_ms < found->time_ms))
			found = s;
	}
	return found;
}

static void
keep_change(void *arg, const struct replay_change *change)
{
	struct replay_report *report = arg;
	struct replay_upstream *u = &report->upstreams[change->upstream];
	struct replay_kept *kept;

	if (u->n == REPLAY_CHANGES) {
		u->left_out++;
		return;
	}
	u->changes = mem_resize(u->changes, u->n + 1, sizeof(*u->changes));
	kept = &u->changes[u->n++];
	kept->change = *change;
	kept->change.rule = kept->change.sample = NULL;
	kept->before = *replay_totals(report->replay, change->upstream);
	snprintf(kept->rule, sizeof(kept->rule), "%s", change->rule);
	snprintf(kept->sample, sizeof(kept->sample), "%s", change->sample);
}

static bool
play(struct sources *sources, struct attempts *attempts,
    struct replay_report *report)
{
	struct source *s;

	while ((s = oldest(sources)) != NULL) {
		switch (attempts_play(attempts, &s->line, s->time_ms)) {
		case ATTEMPT_NONE:
			break;
		case ATTEMPT_ELSEWHERE:
			report->elsewhere++;
			break;
		case ATTEMPT_PLAYED:
			if (report->first_ms == 0)
				report->first_ms = s->time_ms;
			if (s->time_ms > report->last_ms)
				report->last_ms = s->time_ms;
			break;
		}
		if (!advance(s))
			return false;
	}
	for (size_t i = 0; i < sources->n; i++)
		report->lines += sources->list[i].lines;
	report->hosts = attempts_hosts(attempts);
	return true;
}

static enum answer
replay(const struct config *config, struct sources *sources, bool json)
{
	const struct plan *plan = &config->plan;
	struct replay_report report = {
		.plan = plan,
		.upstreams = mem_new(plan->n_upstreams,
		    sizeof(*report.upstreams)),
	};
	struct replay *r = replay_new(plan, keep_change, &report);
	struct attempts *attempts = attempts_new(config, r);
	bool good;

	chance_seed(REPLAY_SEED);
	report.replay = r;
	good = play(sources, attempts, &report);
	if (good)
		(json ? replay_show_json : replay_show_text)(&report);
	for (uint32_t i = 0; i < plan->n_upstreams; i++)
		mem_free(report.upstreams[i].changes);
	mem_free(report.upstreams);
	attempts_free(&attempts);
	replay_free(&r);
	return good ? ANSWER_DONE : ANSWER_NO;
}

enum answer
verb_replay(const struct options *o)
{
	struct config *config = inquiry_config(o);
	struct sources sources = { 0 };
	enum answer answer = ANSWER_NO;

	if (config == NULL)
		return ANSWER_NO;
	if (open_sources(&sources, o->words))
		answer = replay(config, &sources, o->json);
	close_sources(&sources);
	config_free(&config);
	return answer;
}
