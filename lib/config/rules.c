#include "rules.h"

#include "file.h"

#include "base/buf.h"
#include "base/printable.h"

#include <stdarg.h>
#include <stdio.h>

#define RULES_FILE_MAX (1 << 20)	/* bytes */

struct reader {
	struct outcome_rules *rules;
	bool try_samples;
	rules_report *report;
	void *arg;
	unsigned line;
	unsigned seen;		/* rule lines, good or not */
	bool failed;
	char rule[OUTCOME_RULE_NAME_MAX + 1];	/* the last; "" for a bad one */
};

static void complain(struct reader *r, const char *fmt, ...) MW_PRINTF(2, 3);

static void
complain(struct reader *r, const char *fmt, ...)
{
	char message[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	r->report(r->arg, r->line, message);
	r->failed = true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Cut the first word off *rest, and the blanks behind it. */
static struct span
cut_word(struct span *rest)
{
	struct span word = { rest->at, 0 };

	while (word.len < rest->len && !is_blank(rest->at[word.len]))
		word.len++;
	*rest = span_trim((struct span){
		rest->at + word.len, rest->len - word.len });
	return word;
}

static void
read_rule(struct reader *r, struct span line)
{
	const struct span id = cut_word(&line);
	const struct span name = cut_word(&line);
	enum outcome_class class;
	char shown[40];
	struct err err;

	r->rule[0] = '\0';
	r->seen++;
	if (r->seen > RULES_MAX) {
		if (r->seen == RULES_MAX + 1)
			complain(r, "more than %d rules", RULES_MAX);
	} else if (line.len == 0) {
		complain(r, "a rule is ID CLASS REGEX");
	} else if (!outcome_class_parse(name, &class)) {
		complain(r, "unknown class %s",
		    printable(shown, sizeof(shown), name));
	} else if (class == OUTCOME_MOVED_ON) {
		complain(r, "no text says moved-on: it is what is left "
		    "where there was none");
	} else if (outcome_rules_add(r->rules, id, class, line, &err) != 0) {
		complain(r, "%s", err.text);
	} else {
		(void)span_copy(r->rule, sizeof(r->rule), id);
	}
}

/*
 * No rule below can take a sample from the one it stands under, so the rules
 * read so far are enough to try it.
 */
static void
read_sample(struct reader *r, struct span line)
{
	struct outcome got;

	if (!span_starts(line, SPAN("= "))) {
		complain(r, "an indented line is a sample: = TEXT");
		return;
	}
	if (r->seen == 0) {
		complain(r, "a sample stands below its rule");
		return;
	}
	if (!r->try_samples || r->rule[0] == '\0')
		return;
	(void)cut_word(&line);
	got = outcome_classify(r->rules, line);
	if (got.rule[0] == '\0')
		complain(r, "rule %s does not match this sample", r->rule);
	else if (!span_eq(span_of(got.rule), span_of(r->rule)))
		complain(r, "rule %s takes this sample from %s", got.rule,
		    r->rule);
}

static void
read_line(struct reader *r, struct span line)
{
	const struct span text = span_trim(line);

	if (line.len > RULES_LINE_MAX) {
		complain(r, "longer than %d characters", RULES_LINE_MAX);
		r->rule[0] = '\0';	/* it may have been a rule */
	} else if (text.len == 0 || text.at[0] == '#') {
		return;
	} else if (is_blank(line.at[0])) {
		read_sample(r, text);
	} else {
		read_rule(r, text);
	}
}

static void
read_lines(struct reader *r, struct span text)
{
	while (text.at != NULL) {
		const struct span line = span_cut(&text, '\n');

		r->line++;
		read_line(r, line);
	}
	r->line = 0;
	if (r->seen == 0 && !r->failed)
		complain(r, "no rule in it");
}

static void
read_file(struct reader *r, const char *path)
{
	struct buf text = buf_new(RULES_FILE_MAX);
	struct err err;

	if (file_read(path, &text, &err) == 0)
		read_lines(r, buf_span(&text));
	else
		complain(r, "%s", err.text);
	buf_free(&text);
}

struct outcome_rules *
rules_load(const char *path, bool try_samples, rules_report *report,
    void *arg)
{
	struct reader r = {
		.rules = outcome_rules_new(),
		.try_samples = try_samples,
		.report = report,
		.arg = arg,
	};

	read_file(&r, path);
	if (r.failed)
		outcome_rules_free(&r.rules);
	return r.rules;
}
