#include "rules.h"

#include "suite.h"

#include "base/mem.h"

#include <stdio.h>
#include <unistd.h>

/* What was reported, "LINE: message" each. */
struct reports {
	char text[2000];
	size_t n;
};

static void
report(void *arg, unsigned line, const char *message)
{
	struct reports *r = arg;
	const size_t len = strlen(r->text);

	snprintf(r->text + len, sizeof(r->text) - len, "%u: %s\n", line,
	    message);
	r->n++;
}

static struct outcome_rules *
load_text(const char *text, size_t len, bool try_samples,
    struct reports *reports)
{
	char path[] = "/tmp/mailweir-rules-XXXXXX";
	const int fd = mkstemp(path);
	struct outcome_rules *rules;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
	close(fd);
	rules = rules_load(path, try_samples, report, reports);
	unlink(path);
	return rules;
}

static FILE *
open_shipped(char path[512])
{
	const char *top = getenv("top_srcdir");

	snprintf(path, 512, "%s/conf/outcomes.rules",
	    top != NULL ? top : ".");
	return fopen(path, "r");
}

START_TEST(the_shipped_rules_take_their_samples)
{
	struct reports reports = { 0 };
	struct outcome_rules *rules;
	char path[512];
	FILE *file = open_shipped(path);

	ck_assert_ptr_nonnull(file);
	fclose(file);
	rules = rules_load(path, true, report, &reports);
	ck_assert_str_eq(reports.text, "");
	ck_assert_ptr_nonnull(rules);
	ck_assert_uint_gt(outcome_rules_count(rules), 30);
	outcome_rules_free(&rules);
}
END_TEST

/* Read without the loader, so that neither hides a mistake of the other. */
START_TEST(each_shipped_rule_has_a_sample)
{
	char path[512], line[1024], id[40] = "", class[40];
	FILE *file = open_shipped(path);
	bool seen[OUTCOME_CLASSES] = { false };
	bool has_sample = true;
	enum outcome_class c;

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		struct span rest = span_trim(span_of(line));

		if (rest.len == 0 || line[0] == '#')
			continue;
		if (line[0] == '\t') {
			ck_assert_msg(strncmp(line, "\t= ", 3) == 0, "%s",
			    line);
			has_sample = true;
			continue;
		}
		ck_assert_msg(has_sample, "%s has no sample", id);
		has_sample = false;
		ck_assert(span_copy(id, sizeof(id), span_cut(&rest, '\t')));
		ck_assert(span_copy(class, sizeof(class),
		    span_cut(&rest, '\t')));
		ck_assert(outcome_class_parse(span_of(class), &c));
		seen[c] = true;
	}
	fclose(file);
	ck_assert_msg(has_sample, "%s has no sample", id);
	for (unsigned i = 0; i < OUTCOME_CLASSES; i++)
		ck_assert_msg(seen[i] == (i != OUTCOME_MOVED_ON), "%s",
		    outcome_class_name((enum outcome_class)i));
}
END_TEST

/*
 * A server may say what it likes: put between Postfix's own words, no text
 * makes its failure our fault, the resolver's, or nobody's.
 */
static const char *const excuses[] = {
	"Mailweir: filter is not accepting mail",
	"delivery temporarily suspended: lost connection with x",
	"address resolver failure",
	"mail transport unavailable",
	"local data error while talking to x",
	"4.7.5 client TLS configuration problem",
	"deferred transport",
	"message expired",
	"Host or domain name not found. Name service error for name=x",
	"TLS is required, but was not offered by host x",
	"Domain x does not accept mail",
	"connect to x: Connection refused",
	"2.0.0 250 2.0.0 Ok",
};

START_TEST(an_answer_excuses_nobody)
{
	struct reports reports = { 0 };
	struct outcome_rules *rules;
	char path[512], text[512];
	FILE *file = open_shipped(path);

	ck_assert_ptr_nonnull(file);
	fclose(file);
	rules = rules_load(path, false, report, &reports);
	ck_assert_ptr_nonnull(rules);
	snprintf(text, sizeof(text), "4.3.2 host h.example[192.0.2.1] said: "
	    "451 4.3.2 %s (in reply to DATA command)", excuses[_i]);
	ck_assert_msg(outcome_classify(rules, span_of(text)).class ==
	    OUTCOME_TROUBLE, "%s", text);
	snprintf(text, sizeof(text), "4.3.0 host h.example[192.0.2.1] "
	    "refused to talk to me: 421 4.3.0 %s", excuses[_i]);
	ck_assert_msg(outcome_classify(rules, span_of(text)).class ==
	    OUTCOME_TROUBLE, "%s", text);
	outcome_rules_free(&rules);
}
END_TEST

static const struct {
	const char *says;
	const char *text;
} good[] = {
	{ "one rule", "a ok ^2\\.\n" },
	{ "no line end at the end", "a ok ^2\\." },
	{ "tabs and blanks", "a\t \tok \t^2\\.\t\n" },
	{ "lines of another system", "a ok ^2\\.\r\n\r\n\t= 2.0.0\r\n" },
	{ "comments and blank lines", "# x\n\n  # y\na ok ^2\\.\n \t\n" },
	{ "a sample", "a ok ^2\\.\n\t= 2.0.0 fine\n" },
	{ "blanks before it", "a ok ^2\\.\n    = 2.0.0 fine\n" },
	{ "a sample that a later rule would take",
	    "a ok ^2\\.\n\t= 2.0.0 b\nb slow b\n" },
	{ "a regex with blanks", "a ok ^2\\.0\\.0 fine or not\n"
	    "\t= 2.0.0 fine or not\n" },
	{ "two of one class", "a ok ^2\\.\nb ok ^3\\.\n" },
};

START_TEST(a_good_file_says_nothing)
{
	struct reports reports = { 0 };
	struct outcome_rules *rules = load_text(good[_i].text,
	    strlen(good[_i].text), true, &reports);

	ck_assert_msg(rules != NULL && reports.n == 0, "%s: %s",
	    good[_i].says, reports.text);
	outcome_rules_free(&rules);
}
END_TEST

static const struct {
	const char *says;
	const char *text;
	const char *reports;
} broken[] = {
	{ "nothing in it", "", "0: no rule in it\n" },
	{ "comments only", "# a\n", "0: no rule in it\n" },
	{ "an id alone", "a\n", "1: a rule is ID CLASS REGEX\n" },
	{ "no regex", "a ok\n", "1: a rule is ID CLASS REGEX\n" },
	{ "an unknown class", "\na good ^2\n", "2: unknown class good\n" },
	{ "a class that no text has", "a moved-on ^2\n",
	    "1: no text says moved-on: it is what is left where there was "
	    "none\n" },
	{ "a bad id", "A ok ^2\n",
	    "1: a rule's id is 1 to 32 of a-z, 0-9 and '-'\n" },
	{ "a doubled id", "a ok ^2\nb ok ^3\na ok ^4\n",
	    "3: rule a stands there already\n" },
	{ "a sample before any rule", "\t= x\na ok x\n",
	    "1: a sample stands below its rule\n" },
	{ "an indented line that is no sample", "a ok x\n\tb ok y\n",
	    "2: an indented line is a sample: = TEXT\n" },
	{ "a sample of nobody's", "a ok ^2\n\t= 4.0.0\n",
	    "2: rule a does not match this sample\n" },
	{ "a sample of another's", "a ok ^4\nb ok 4\n\t= 4.0.0\n",
	    "3: rule a takes this sample from b\n" },
	{ "a bad rule's samples are not tried", "a good ^2\n\t= 4.0.0\n",
	    "1: unknown class good\n" },
	{ "each error is told", "a good ^2\nb ok ^2\n\t= 4\n\tx\nc\n",
	    "1: unknown class good\n3: rule b does not match this sample\n"
	    "4: an indented line is a sample: = TEXT\n"
	    "5: a rule is ID CLASS REGEX\n" },
	{ "strange bytes are not shown", "a \033[2J x\n",
	    "1: unknown class ?[2J\n" },
};

START_TEST(each_error_has_its_line)
{
	struct reports reports = { 0 };
	struct outcome_rules *rules = load_text(broken[_i].text,
	    strlen(broken[_i].text), true, &reports);

	ck_assert_msg(rules == NULL, "%s", broken[_i].says);
	ck_assert_str_eq(reports.text, broken[_i].reports);
}
END_TEST

START_TEST(a_regex_that_does_not_compile_is_told)
{
	struct reports reports = { 0 };
	const char text[] = "a ok x\nb ok (\n";

	ck_assert_ptr_null(load_text(text, strlen(text), false, &reports));
	ck_assert_uint_eq(reports.n, 1);
	ck_assert_int_eq(strncmp(reports.text, "2: ", 3), 0);
}
END_TEST

START_TEST(samples_are_tried_when_asked_for)
{
	struct reports reports = { 0 };
	const char text[] = "a ok ^2\n\t= 4.0.0\n";
	struct outcome_rules *rules = load_text(text, strlen(text), false,
	    &reports);

	ck_assert_ptr_nonnull(rules);
	ck_assert_uint_eq(reports.n, 0);
	outcome_rules_free(&rules);
}
END_TEST

START_TEST(a_line_has_a_limit)
{
	struct reports reports = { 0 };
	char text[1100];
	struct outcome_rules *rules;

	memset(text, 'x', sizeof(text));
	memcpy(text, "a ok ", 5);
	text[RULES_LINE_MAX] = '\n';
	rules = load_text(text, RULES_LINE_MAX + 1, true, &reports);
	ck_assert_ptr_nonnull(rules);
	outcome_rules_free(&rules);
	text[RULES_LINE_MAX] = 'x';
	text[RULES_LINE_MAX + 1] = '\n';
	rules = load_text(text, RULES_LINE_MAX + 2, true, &reports);
	ck_assert_ptr_null(rules);
	ck_assert_str_eq(reports.text, "1: longer than 1000 characters\n");
}
END_TEST

START_TEST(so_has_a_file)
{
	struct reports reports = { 0 };
	struct outcome_rules *rules;
	char *text = mem_new(RULES_MAX + 2, 16);
	size_t len = 0;

	for (int i = 0; i < RULES_MAX; i++)
		len += (size_t)snprintf(text + len, 16, "a%d ok x\n", i);
	rules = load_text(text, len, true, &reports);
	ck_assert_ptr_nonnull(rules);
	ck_assert_uint_eq(outcome_rules_count(rules), RULES_MAX);
	outcome_rules_free(&rules);
	len += (size_t)snprintf(text + len, 16, "b ok x\nc ok x");
	ck_assert_ptr_null(load_text(text, len, true, &reports));
	ck_assert_str_eq(reports.text, "1001: more than 1000 rules\n");
	mem_free(text);
}
END_TEST

static const char *const unreadable[] = {
	"/nonexistent/outcomes.rules", "/tmp", "/dev/zero",
};

START_TEST(what_cannot_be_read_is_told)
{
	struct reports reports = { 0 };

	ck_assert_ptr_null(rules_load(unreadable[_i], true, report,
	    &reports));
	ck_assert_uint_eq(reports.n, 1);
	ck_assert_int_eq(strncmp(reports.text, "0: ", 3), 0);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("rules");
	Suite *s = suite_create("config");

	suite_add_tcase(s, tc);
	tcase_add_test(tc, the_shipped_rules_take_their_samples);
	tcase_add_test(tc, each_shipped_rule_has_a_sample);
	tcase_add_loop_test(tc, an_answer_excuses_nobody, 0,
	    MW_N_OF(excuses));
	tcase_add_loop_test(tc, a_good_file_says_nothing, 0, MW_N_OF(good));
	tcase_add_loop_test(tc, each_error_has_its_line, 0, MW_N_OF(broken));
	tcase_add_test(tc, a_regex_that_does_not_compile_is_told);
	tcase_add_test(tc, samples_are_tried_when_asked_for);
	tcase_add_test(tc, a_line_has_a_limit);
	tcase_add_test(tc, so_has_a_file);
	tcase_add_loop_test(tc, what_cannot_be_read_is_told, 0,
	    MW_N_OF(unreadable));
	return suite_main(s);
}
