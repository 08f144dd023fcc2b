#include "ctl/live.h"

#include "base/mem.h"
#include "base/number.h"
#include "ctl/program.h"
#include "ctl/wiring.h"

#include <stdio.h>
#include <unistd.h>

#define ANSWER_MAX LINES_MAX

int
live_ask(const char *config_dir, const char *const *words, struct buf *out,
    struct err *err)
{
	const char *all[10] = { "postconf" };
	size_t n = 1;
	struct err why;

	if (config_dir != NULL) {
		all[n++] = "-c";
		all[n++] = config_dir;
	}
	for (; *words != NULL && n < MW_N_OF(all) - 1; words++)
		all[n++] = *words;
	if (program_run(all, SPAN(""), out, &why) < 0)
		return err_set(err, ERR_SYSTEM, "%s (is postconf in PATH, and "
		    "is --config-dir right?)", why.text);
	return 0;
}

/*
 * Postfix 3.10 reads a main.cf that has just been written twice, and thinks
 * then that it is in the default folder: so that is said once more.
 */
static int
ask_lines(const char *config_dir, const char *option, char sep,
    struct lines *out, struct err *err)
{
	struct buf raw = buf_new(ANSWER_MAX);
	char dir[LIVE_PATH_MAX + 32];
	int failed;

	if (config_dir != NULL && snprintf(dir, sizeof(dir),
	    "config_directory=%s", config_dir) >= (int)sizeof(dir))
		return err_set(err, ERR_CONFIG, "--config-dir is too long");
	failed = live_ask(config_dir, (const char *const []){ option,
	    config_dir != NULL ? "-o" : NULL, dir, NULL }, &raw, err);
	if (failed == 0)
		*out = lines_new(buf_span(&raw), sep);
	buf_free(&raw);
	return failed;
}

static int
keep_paths(struct live *live, struct err *err)
{
	const struct span dir = live_value(live, "config_directory");

	if (!span_copy(live->config_dir, sizeof(live->config_dir), dir) ||
	    !span_copy(live->queue_dir, sizeof(live->queue_dir),
	    live_value(live, "queue_directory")) ||
	    snprintf(live->table, sizeof(live->table), "%s/" WIRING_TABLE,
	    live->config_dir) >= (int)sizeof(live->table))
		return err_set(err, ERR_CONFIG, "a path of Postfix's is too "
		    "long");
	live->has_table = access(live->table, F_OK) == 0;
	return 0;
}

/* postconf -n leaves out what nothing uses, and that is ours to clear away. */
static int
read_files(struct live *live, struct err *err)
{
	char path[LIVE_PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/main.cf", live->config_dir);
	if (lines_read(path, '=', &live->set, err) < 0)
		return -1;
	return lines_read(live->table, ' ', &live->entries, err);
}

int
live_read(struct live *out, const char *config_dir, struct err *err)
{
	struct live live = { .dir_given = config_dir };

	if (ask_lines(config_dir, "-x", '=', &live.values, err) < 0 ||
	    ask_lines(config_dir, "-M", ' ', &live.master, err) < 0 ||
	    ask_lines(config_dir, "-Px", '=', &live.options, err) < 0 ||
	    keep_paths(&live, err) < 0 || read_files(&live, err) < 0) {
		live_free(&live);
		return -1;
	}
	*out = live;
	return 0;
}

void
live_free(struct live *live)
{
	lines_free(&live->set);
	lines_free(&live->values);
	lines_free(&live->master);
	lines_free(&live->options);
	lines_free(&live->entries);
}

struct span
live_value(const struct live *live, const char *name)
{
	return lines_find(&live->values, span_of(name));
}

uint32_t
live_services(const struct live *live)
{
	return live->master.n;
}

/* "-" is yes before compatibility level 1, and no from then on. */
static bool
is_chrooted(const struct live *live, struct span field)
{
	struct span level = live_value(live, "compatibility_level");

	if (!span_eq(field, SPAN("-")))
		return span_eq(field, SPAN("y"));
	return span_eq(span_cut(&level, '.'), SPAN("0"));
}

struct service
live_service(const struct live *live, uint32_t i)
{
	struct span rest = live->master.list[i], field[8];
	struct service s = { .line = rest };

	for (size_t k = 0; k < MW_N_OF(field); k++)
		field[k] = span_cut(&rest, ' ');
	s.name = field[0];
	s.type = field[1];
	s.chroot = is_chrooted(live, field[4]);
	s.limit = field[6];
	s.program = field[7];
	while (span_find(s.program, '/') >= 0)
		(void)span_cut(&s.program, '/');
	snprintf(s.id, sizeof(s.id), "%.*s/%.*s", (int)s.name.len, s.name.at,
	    (int)s.type.len, s.type.at);
	return s;
}

bool
live_find_service(const struct live *live, struct span name,
    struct service *out)
{
	for (uint32_t i = 0; i < live_services(live); i++) {
		if (!span_eq(lines_key(&live->master, i), name))
			continue;
		*out = live_service(live, i);
		if (span_eq(out->type, SPAN("unix")))
			return true;
	}
	return false;
}

struct span
live_own(const struct live *live, const struct service *s, const char *name)
{
	char key[LIVE_PATH_MAX + 128];

	snprintf(key, sizeof(key), "%s/%s", s->id, name);
	return lines_find(&live->options, span_of(key));
}

struct span
live_option(const struct live *live, const struct service *s, const char *name)
{
	const struct span own = s != NULL ? live_own(live, s, name) :
	    (struct span){ NULL, 0 };

	return own.at != NULL ? own : live_value(live, name);
}

bool
live_is_socket(const struct live *live, struct span name, const char *listen)
{
	char path[2 * LIVE_PATH_MAX];
	struct span below = name;

	if (!span_starts(name, SPAN("unix:")))
		return span_eq(name, span_of(listen));
	(void)span_cut(&below, ':');
	if (span_starts(below, SPAN("/")))
		return span_eq(name, span_of(listen));
	snprintf(path, sizeof(path), "unix:%s/%.*s", live->queue_dir,
	    (int)below.len, below.at);
	return span_eq(span_of(path), span_of(listen));
}
