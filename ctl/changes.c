#include "ctl/changes.h"

#include "base/mem.h"
#include "ctl/wiring.h"

#include <stdio.h>
#include <string.h>

/* How postconf is told; NULL where it is not. */
static const char *
option_of(const struct finding *f)
{
	switch (f->place) {
	case PLACE_MAIN:
		return f->out ? "-X" : "-e";
	case PLACE_OPTION:
		return "-P";
	case PLACE_FIELD:
		return "-F";
	case PLACE_SERVICE:
		return f->out ? "-MX" : "-M";
	case PLACE_TABLE:
	case PLACE_HAND:
	case PLACE_NONE:
		break;
	}
	return NULL;
}

/* One of each place; several findings may want the same line. What is done by
 * hand is told by itself. */
static bool
is_first(struct table *seen, const struct finding *f)
{
	struct buf key = buf_new(LINES_MAX);
	bool first;

	buf_addf(&key, "%d %s", (int)f->place, option_of(f) != NULL ||
	    f->place == PLACE_TABLE ? f->where : f->what);
	first = table_add(seen, buf_span(&key), 0, NULL);
	buf_free(&key);
	return first;
}

static void
print_quoted(struct span text)
{
	putchar('\'');
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '\'')
			fputs("'\\''", stdout);
		else
			putchar(text.at[i]);
	}
	putchar('\'');
}

static void
print_words(const struct live *live, const struct finding *f, bool any)
{
	struct buf line = buf_new(LINES_MAX);

	if (!any) {
		fputs("postconf ", stdout);
		if (live->dir_given != NULL) {
			fputs("-c ", stdout);
			print_quoted(span_of(live->dir_given));
			putchar(' ');
		}
		fputs(option_of(f), stdout);
	}
	buf_add_text(&line, f->where);
	if (!f->out)
		buf_addf(&line, " = %s", f->value);
	fputs(" \\\n    ", stdout);
	print_quoted(buf_span(&line));
	buf_free(&line);
}

/* All that postconf can be told in one go. */
static void
print_command(const struct findings *f, const struct live *live,
    const char *option)
{
	struct table *seen = table_new();
	bool any = false;

	for (uint32_t i = 0; i < f->n; i++) {
		const struct finding *one = &f->list[i];
		const char *its = option_of(one);

		if (its == NULL || strcmp(its, option) != 0 ||
		    !is_first(seen, one))
			continue;
		print_words(live, one, any);
		any = true;
	}
	if (any)
		putchar('\n');
	table_free(&seen);
}

static void
print_table(const struct live *live, struct span table)
{
	fputs(table.len > 0 ? "cat >" : "rm -f ", stdout);
	print_quoted(span_of(live->table));
	if (table.len > 0)
		printf(" <<'MAILWEIR'\n%.*sMAILWEIR", (int)table.len, table.at);
	putchar('\n');
}

void
changes_print_commands(const struct findings *f, const struct live *live,
    struct span table)
{
	/* A service has to be there before its fields and options are. */
	static const char *const options[] = {
		"-X", "-e", "-MX", "-M", "-F", "-P",
	};

	if (table.at != NULL && table.len > 0)
		print_table(live, table);
	for (size_t i = 0; i < MW_N_OF(options); i++)
		print_command(f, live, options[i]);
	if (table.at != NULL && table.len == 0)
		print_table(live, table);
}

/* A field of master.cf, as it is. */
static struct span
live_field(const struct live *live, struct span where)
{
	const ptrdiff_t end = span_rfind(where, '/');
	const struct span id = { where.at, (size_t)end };

	for (uint32_t i = 0; i < live_services(live); i++) {
		const struct service s = live_service(live, i);

		if (span_eq(span_of(s.id), id))
			return span_ends_fold(where, SPAN("/chroot")) ?
			    SPAN("y") : s.limit;
	}
	return (struct span){ NULL, 0 };
}

static struct span
live_line(const struct live *live, struct span id)
{
	for (uint32_t i = 0; i < live_services(live); i++) {
		const struct service s = live_service(live, i);

		if (span_eq(span_of(s.id), id))
			return s.line;
	}
	return (struct span){ NULL, 0 };
}

/* What stands now where f wants another line; at NULL for nothing. */
static struct span
stands(const struct live *live, const struct finding *f)
{
	const struct span where = span_of(f->where);

	switch (f->place) {
	case PLACE_MAIN:
		return lines_find(&live->set, where);
	case PLACE_OPTION:
		return lines_find(&live->options, where);
	case PLACE_FIELD:
		return live_field(live, where);
	case PLACE_SERVICE:
		return live_line(live, where);
	case PLACE_TABLE:
		return lines_find(&live->entries, where);
	case PLACE_HAND:
	case PLACE_NONE:
		break;
	}
	return (struct span){ NULL, 0 };
}

static void
print_lines(const struct live *live, const struct finding *f)
{
	const struct span old = stands(live, f);

	if (f->place == PLACE_HAND || f->place == PLACE_NONE) {
		printf("# by hand: %s\n", f->what);
		if (f->value[0] != '\0')
			printf("#     %s%s%s\n", f->where,
			    f->where[0] != '\0' ? ": " : "", f->value);
		return;
	}
	if (old.at != NULL) {
		char *text = mem_dup_n(old.at, old.len);
		struct finding was = *f;

		was.value = text;
		fputs("# - ", stdout);
		finding_print_line(&was);
		mem_free(text);
	}
	if (!f->out) {
		fputs("# + ", stdout);
		finding_print_line(f);
	}
}

/* The findings that belong into one file. */
static void
print_file(const struct wired *w, const char *name, unsigned places)
{
	struct table *seen = table_new();
	bool any = false;

	for (uint32_t i = 0; i < w->found->n; i++) {
		const struct finding *f = &w->found->list[i];

		if ((places & 1U << f->place) == 0 || !is_first(seen, f))
			continue;
		if (!any && name[0] != '\0')
			printf("# %s/%s\n", w->live->config_dir, name);
		any = true;
		print_lines(w->live, f);
	}
	table_free(&seen);
}

/* Our table with what the site has added to it, but for what is wrong. */
static struct buf
right_table(const struct wired *w)
{
	const struct lines *live = &w->live->entries;
	struct table *wrong = table_new();
	struct buf text = buf_new(LINES_MAX);

	buf_add_text(&text, "# As `mailweir postfix` prints it.\n");
	for (uint32_t i = 0; i < w->entries.n; i++) {
		buf_add_span(&text, w->entries.list[i]);
		buf_add_text(&text, "\n");
	}
	for (uint32_t i = 0; i < w->found->n; i++) {
		const struct finding *f = &w->found->list[i];

		if (f->place != PLACE_TABLE || f->where[0] == '\0')
			continue;
		table_add(wrong, span_of(f->where), i, NULL);
	}
	for (uint32_t i = 0; i < live->n; i++) {
		const struct span key = lines_key(live, i);
		uint64_t at;

		if (lines_find(&w->entries, key).at != NULL)
			continue;
		if (!table_get(wrong, key, &at))
			buf_add_span(&text, live->list[i]);
		else if (!w->found->list[at].out)
			buf_addf(&text, "%s %s", w->found->list[at].where,
			    w->found->list[at].value);
		else
			continue;
		buf_add_text(&text, "\n");
	}
	table_free(&wrong);
	return text;
}

static bool
needs_table(const struct findings *f)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (f->list[i].place == PLACE_TABLE)
			return true;
	return false;
}

static bool
has_commands(const struct findings *f)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (f->list[i].place == PLACE_TABLE ||
		    option_of(&f->list[i]) != NULL)
			return true;
	return false;
}

static void
print_path(const struct live *live, const char *name)
{
	char path[2 * LIVE_PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", live->config_dir, name);
	print_quoted(span_of(path));
}

static void
print_copying(const struct live *live)
{
	fputs("\n[ -e ", stdout);
	print_path(live, CHANGES_COPY);
	fputs(" ] || cp -p ", stdout);
	print_path(live, "main.cf");
	putchar(' ');
	print_path(live, CHANGES_COPY);
	putchar('\n');
}

void
changes_print_removal(const struct live *live)
{
	fputs("rm -f ", stdout);
	print_path(live, CHANGES_COPY);
	putchar('\n');
}

void
changes_print(const struct wired *w)
{
	struct buf table = right_table(w);

	print_file(w, "main.cf", 1U << PLACE_MAIN);
	print_file(w, "master.cf", 1U << PLACE_OPTION | 1U << PLACE_FIELD |
	    1U << PLACE_SERVICE);
	print_file(w, WIRING_TABLE, 1U << PLACE_TABLE);
	print_file(w, "", 1U << PLACE_HAND | 1U << PLACE_NONE);
	if (has_commands(w->found)) {
		print_copying(w->live);
		changes_print_commands(w->found, w->live,
		    needs_table(w->found) ? buf_span(&table) :
		    (struct span){ NULL, 0 });
		puts("# then: postfix reload");
	}
	buf_free(&table);
}
