/*
 * The sample files and the manual against the table of keys: nothing is missing
 * in them, and what they show as a default is the one that is built in.
 */
#include "config/config.h"

#include "place.h"
#include "suite.h"

#include "base/buf.h"
#include "base/mem.h"

#define LINES 500

static char *text;		/* conf/mailweir.conf */
static char *manual;		/* docs/mailweir.conf.5 */
static const char *lines[LINES];
static size_t n_lines;

static struct span
line_at(size_t i)
{
	return (struct span){ lines[i], strcspn(lines[i], "\n") };
}

static char *
read_source(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[512];
	struct buf b = buf_new(100000);
	char chunk[4096], *copy;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", top != NULL ? top : ".",
	    name);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s", path);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&b, chunk, n);
	fclose(f);
	ck_assert(!buf_overflowed(&b));
	copy = mem_dup(buf_text(&b));
	buf_free(&b);
	return copy;
}

static void
set_up(void)
{
	place_make();
	place_write("test.rules", "fine\tok\t^2\\.\n");
	text = read_source("conf/mailweir.conf");
	manual = read_source("docs/mailweir.conf.5");
	n_lines = 0;
	for (struct span rest = span_of(text); rest.at != NULL && rest.len > 0;
	    span_cut(&rest, '\n')) {
		ck_assert_uint_lt(n_lines, LINES);
		lines[n_lines++] = rest.at;
	}
}

static void
tear_down(void)
{
	mem_free(text);
	mem_free(manual);
	place_remove();
}

/* Without the blanks, so that [5,10] is [ 5, 10 ]. */
static void
squeeze(char *dst, size_t size, struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len && n + 1 < size; i++) {
		if (s.at[i] != ' ' && s.at[i] != '\t')
			dst[n++] = s.at[i];
	}
	dst[n] = '\0';
}

/* The groups that enclose a line, with X for a name of the administrator's. */
struct nest {
	char groups[8][64];
	unsigned depth;
};

static void
nest_path(const struct nest *nest, char *dst, size_t size)
{
	size_t n = 0;

	dst[0] = '\0';
	for (unsigned i = 0; i < nest->depth; i++) {
		const char *group = nest->groups[i];

		if (i == 1 && (strcmp(nest->groups[0], "upstreams") == 0 ||
		    strcmp(nest->groups[0], "destinations") == 0))
			group = "X";
		if (group[0] != '\0')
			n += (size_t)snprintf(dst + n, size - n, "%s%s",
			    n > 0 ? "." : "", group);
	}
}

static void
nest_step(struct nest *nest, struct span line)
{
	const char last = line.len > 0 ? line.at[line.len - 1] : '\0';
	struct span name = line;

	if (last == '{' || last == '(') {
		name = span_trim(span_cut(&name, '='));
		if (name.len == 1)
			name.len = 0;	/* the brace itself */
		ck_assert_uint_lt(nest->depth, 8);
		ck_assert(span_copy(nest->groups[nest->depth++], 64, name));
	} else if (line.len > 0 && (line.at[0] == '}' || line.at[0] == ')')) {
		ck_assert_uint_gt(nest->depth, 0);
		nest->depth--;
	}
}

/* The line that sets name in group, commented out or not; -1 for none. */
static int
find_key(const char *group, const char *name)
{
	struct nest nest = { .depth = 0 };
	char path[256];

	for (size_t i = 0; i < n_lines; i++) {
		struct span line = span_trim(line_at(i));
		struct span key = line;

		if (key.len > 0 && key.at[0] == '#') {
			key.at++;
			key.len--;
		}
		key = span_cut(&key, ' ');
		nest_path(&nest, path, sizeof(path));
		if (strcmp(path, group) == 0 && span_eq(key, span_of(name)))
			return (int)i;
		nest_step(&nest, line);
	}
	return -1;
}

static const struct config_key *
row(int i)
{
	size_t n;
	const struct config_key *keys = config_keys(&n);

	return (size_t)i < n ? &keys[i] : NULL;
}

START_TEST(stands_in_the_sample)
{
	const struct config_key *k = row(_i);

	ck_assert_msg(find_key(k->group, k->name) >= 0, "%s.%s is missing",
	    k->group, k->name);
}
END_TEST

/* The comment above a key, as one line. */
static void
comment_above(int at, char *dst, size_t size)
{
	int first = at;
	size_t n = 0;

	while (first > 0 &&
	    span_starts(span_trim(line_at((size_t)first - 1)), SPAN("# ")))
		first--;
	dst[0] = '\0';
	for (int i = first; i < at; i++) {
		const struct span line = span_trim(line_at((size_t)i));

		n += (size_t)snprintf(dst + n, size - n, "%s%.*s",
		    n > 0 ? " " : "", (int)line.len - 2, line.at + 2);
	}
}

START_TEST(is_explained_in_the_sample)
{
	const struct config_key *k = row(_i);
	const int at = find_key(k->group, k->name);
	char comment[1000];

	ck_assert_int_ge(at, 0);
	comment_above(at, comment, sizeof(comment));
	ck_assert_msg(strstr(comment, k->help) != NULL, "%s.%s: \"%s\"",
	    k->group, k->name, comment);
}
END_TEST

START_TEST(shows_its_default)
{
	const struct config_key *k = row(_i);
	const int at = find_key(k->group, k->name);
	struct span value;
	char shown[256], want[256];

	ck_assert_int_ge(at, 0);
	value = span_trim(line_at((size_t)at));
	if (value.at[0] != '#' || strcmp(k->name, "rules_file") == 0)
		return;
	span_cut(&value, '=');
	squeeze(shown, sizeof(shown), value);
	squeeze(want, sizeof(want), k->fallback[0] != '\0' ?
	    span_of(k->fallback) : SPAN("\"\""));
	ck_assert_uint_gt(strlen(shown), 0);
	shown[strlen(shown) - 1] = '\0';
	ck_assert_str_eq(shown, want);
}
END_TEST

/* The sample with the '#' of line at taken away (-1: as it is), loaded with
 * rules that are there; the digest, or "" where it has errors. */
static void
load_sample(const char *sample, int at, char digest[17])
{
	char *copy = mem_dup(sample);
	struct buf b = buf_new(100000);
	struct config_errors errors;
	struct config *config;

	if (at >= 0)
		*strchr(copy + (lines[at] - text), '#') = ' ';
	buf_add_text(&b, copy);
	buf_add_text(&b, "rules_file = \"test.rules\";\n");
	config = config_load(place_write("test.conf", buf_text(&b)), &errors);
	config_errors_print(&errors, stderr);
	digest[0] = '\0';
	if (config != NULL)
		memcpy(digest, config->digest, 17);
	config_free(&config);
	config_errors_free(&errors);
	buf_free(&b);
	mem_free(copy);
}

START_TEST(may_be_uncommented)
{
	const struct config_key *k = row(_i);
	const int at = find_key(k->group, k->name);
	char as_is[17], uncommented[17];

	ck_assert_int_ge(at, 0);
	if (span_trim(line_at((size_t)at)).at[0] != '#' ||
	    strcmp(k->name, "rules_file") == 0)
		return;
	load_sample(text, -1, as_is);
	load_sample(text, at, uncommented);
	ck_assert_str_ne(as_is, "");
	ck_assert_str_eq(uncommented, as_is);
}
END_TEST

#define MANUAL_ITEM "\n.It Cm "

/* A key as the manual names it: "store.redis (string)". */
static void
manual_head(const struct config_key *k, char *dst, size_t size)
{
	snprintf(dst, size, MANUAL_ITEM "%s%s%s Pq %s\n", k->group,
	    k->group[0] != '\0' ? "." : "", k->name, k->kind);
}

/* What the manual says of a key, as one line. */
static void
manual_entry(const struct config_key *k, char *dst, size_t size)
{
	char head[128];
	const char *at, *end;

	manual_head(k, head, sizeof(head));
	at = strstr(manual, head);
	ck_assert_msg(at != NULL, "no entry%s", head);
	at += strlen(head);
	for (end = at; *end != '\0'; end++) {
		if (strncmp(end, MANUAL_ITEM, strlen(MANUAL_ITEM)) == 0 ||
		    strncmp(end, "\n.El\n", 5) == 0)
			break;
	}
	ck_assert(span_copy(dst, size, (struct span){ at,
	    (size_t)(end - at) }));
	for (char *c = dst; *c != '\0'; c++)
		*c = *c == '\n' ? ' ' : *c;
}

/* "Range: 0..9." stands there, or where there is none, no range at all. */
static void
manual_says(const char *entry, const char *what, const char *value)
{
	char said[256];

	snprintf(said, sizeof(said), "%s: %s%s", what, value,
	    value[0] != '\0' ? "." : "");
	ck_assert_msg((strstr(entry, said) != NULL) == (value[0] != '\0'),
	    "\"%s\": \"%s\"", said, entry);
}

START_TEST(stands_in_the_manual)
{
	const struct config_key *k = row(_i);
	char entry[2000];

	manual_entry(k, entry, sizeof(entry));
	ck_assert_msg(strstr(entry, k->help) != NULL, "%s.%s: \"%s\"",
	    k->group, k->name, entry);
	manual_says(entry, "Range", k->range);
	if (strcmp(k->name, "rules_file") != 0)
		manual_says(entry, "Default", k->fallback);
}
END_TEST

START_TEST(the_manual_knows_no_other_key)
{
	size_t n, found = 0;

	config_keys(&n);
	for (const char *at = manual; (at = strstr(at, MANUAL_ITEM)) != NULL;
	    at++)
		found++;
	ck_assert_uint_eq(found, n);
}
END_TEST

START_TEST(the_short_sample_loads)
{
	char *minimal = read_source("conf/mailweir-minimal.conf");
	char digest[17];

	load_sample(minimal, -1, digest);
	ck_assert_str_ne(digest, "");
	mem_free(minimal);
}
END_TEST

START_TEST(is_complete)
{
	static const char *const kinds[] = { "string", "strings", "integer",
	    "boolean", "duration", "percent", "percents", "enum", "group",
	    "list" };
	const struct config_key *k = row(_i);
	size_t i = 0;

	while (i < MW_N_OF(kinds) && strcmp(kinds[i], k->kind) != 0)
		i++;
	ck_assert_msg(i < MW_N_OF(kinds), "%s", k->kind);
	ck_assert_uint_gt(strlen(k->help), 0);
	ck_assert_uint_lt(strlen(k->help), 160);
	ck_assert_ptr_null(strchr(k->help, '\n'));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("keys");
	TCase *t = tcase_create("keys");
	size_t n;

	config_keys(&n);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, is_complete, 0, (int)n);
	tcase_add_loop_test(t, stands_in_the_sample, 0, (int)n);
	tcase_add_loop_test(t, is_explained_in_the_sample, 0, (int)n);
	tcase_add_loop_test(t, shows_its_default, 0, (int)n);
	tcase_add_loop_test(t, may_be_uncommented, 0, (int)n);
	tcase_add_loop_test(t, stands_in_the_manual, 0, (int)n);
	tcase_add_test(t, the_manual_knows_no_other_key);
	tcase_add_test(t, the_short_sample_loads);
	suite_add_tcase(s, t);
	return suite_main(s);
}
