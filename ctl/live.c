#include "ctl/live.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/table.h"
#include "ctl/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIVE_MAX (64 << 20)	/* bytes of a part: 100,000 domains fit */

/* Lines as Postfix sees them: continued ones joined, blanks folded, comments
 * gone. */
struct lines {
	struct buf text;
	struct span *list;
	uint32_t n, room;
};

static void
lines_free(struct lines *l)
{
	buf_free(&l->text);
	mem_free(l->list);
}

static void
add_folded(struct buf *b, struct span line)
{
	bool blank = b->len > 0 && b->at[b->len - 1] != '\n';

	for (size_t i = 0; i < line.len; i++) {
		const char c = line.at[i];

		if (c == ' ' || c == '\t' || c == '\r') {
			blank = b->len > 0 && b->at[b->len - 1] != '\n';
			continue;
		}
		if (blank)
			buf_add(b, " ", 1);
		buf_add(b, &c, 1);
		blank = false;
	}
}

static void
index_lines(struct lines *l)
{
	struct span rest = buf_span(&l->text);

	while (rest.at != NULL) {
		const struct span line = span_cut(&rest, '\n');

		if (line.len == 0)
			continue;
		if (l->n == l->room) {
			l->room = l->room == 0 ? 64 : 2 * l->room;
			l->list = mem_resize(l->list, l->room,
			    sizeof(*l->list));
		}
		l->list[l->n++] = line;
	}
}

static struct lines
lines_of(struct span raw)
{
	struct lines l = { .text = buf_new(LIVE_MAX) };

	while (raw.at != NULL) {
		const struct span line = span_cut(&raw, '\n');
		const struct span bare = span_trim(line);

		if (bare.len == 0 || bare.at[0] == '#')
			continue;
		if (line.at == bare.at && l.text.len > 0)
			buf_add(&l.text, "\n", 1);
		add_folded(&l.text, line);
	}
	index_lines(&l);
	return l;
}

/* What a line is about: a parameter, a service and its type, a domain. */
static struct span
key_of(enum wiring_part part, struct span line)
{
	struct span rest = line, key;

	switch (part) {
	case WIRING_MAIN:
		return span_trim(span_cut(&rest, '='));
	case WIRING_MASTER:
		key = span_cut(&rest, ' ');
		(void)span_cut(&rest, ' ');
		return (struct span){ key.at, rest.at == NULL ? line.len :
			(size_t)(rest.at - 1 - line.at) };
	case WIRING_TRANSPORT:
		return span_cut(&rest, ' ');
	}
	return line;
}

/* Parameters in which the site has a word: what must stand in them (NULL: it
 * is the site's choice), and whether nothing may follow it. */
static const struct {
	const char *name, *from, *to;
	bool last;
} shared[] = {
	{ "smtpd_recipient_restrictions", "check_policy_service {", ",", true },
	{ "smtpd_end_of_data_restrictions", "check_policy_service {", ",",
	    false },
	{ "smtpd_milters", "{", ",", false },
	{ "transport_maps", "texthash:", "", false },
	{ "relay_transport", NULL, "", false },
};

static struct span
find_text(struct span in, struct span text)
{
	const char *at = memmem(in.at, in.len, text.at, text.len);

	if (at == NULL)
		return (struct span){ NULL, 0 };
	return (struct span){ at, (size_t)(in.at + in.len - at) };
}

/* Does the live value hold what the wanted one does? */
static bool
holds(size_t which, struct span wanted, struct span live)
{
	struct span piece, found;

	if (shared[which].from == NULL)
		return true;
	piece = find_text(wanted, span_of(shared[which].from));
	if (shared[which].to[0] != '\0')
		piece = span_cut(&piece, shared[which].to[0]);
	found = find_text(live, piece);
	if (found.at == NULL)
		return false;
	return !shared[which].last || span_find(found, '}') ==
	    (ptrdiff_t)found.len - 1;
}

static bool
is_met(enum wiring_part part, struct span wanted, struct span live)
{
	if (span_eq(wanted, live))
		return true;
	for (size_t i = 0; part == WIRING_MAIN && i < MW_N_OF(shared); i++) {
		if (span_eq(key_of(part, wanted), span_of(shared[i].name)))
			return holds(i, wanted, live);
	}
	return false;
}

static void
say(enum wiring_part part, bool diff, struct span wanted, struct span live)
{
	const char *name = wiring_part_name(part);

	if (diff && live.len > 0)
		printf("%s: - %.*s\n", name, (int)live.len, live.at);
	if (diff)
		printf("%s: + %.*s\n", name, (int)wanted.len, wanted.at);
	else if (live.len == 0)
		printf("%s: missing: %.*s\n", name, (int)wanted.len,
		    wanted.at);
	else
		printf("%s: is:     %.*s\n%s: wanted: %.*s\n", name,
		    (int)live.len, live.at, name, (int)wanted.len,
		    wanted.at);
}

static unsigned
compare_lines(enum wiring_part part, bool diff, const struct lines *wanted,
    const struct lines *live)
{
	struct table *keys = table_new();
	unsigned wrong = 0;

	for (uint32_t i = 0; i < live->n; i++)
		table_add(keys, key_of(part, live->list[i]), i, NULL);
	for (uint32_t i = 0; i < wanted->n; i++) {
		const struct span want = wanted->list[i];
		struct span have = { 0 };
		uint32_t at;

		if (table_get(keys, key_of(part, want), &at))
			have = live->list[at];
		if (have.len > 0 && is_met(part, want, have))
			continue;
		say(part, diff, want, have);
		wrong++;
	}
	table_free(&keys);
	return wrong;
}

/* What postconf says of the services, or of the parameters that are set. */
static int
ask_postconf(bool services, const char *config_dir, struct buf *out,
    struct err *err)
{
	const char *words[5] = { "postconf" };
	size_t n = 1;

	if (config_dir != NULL) {
		words[n++] = "-c";
		words[n++] = config_dir;
	}
	words[n++] = services ? "-M" : "-n";
	if (program_run(words, SPAN(""), out, err) < 0)
		return err_set(err, ERR_SYSTEM, "postconf did not answer; is "
		    "it in PATH, and is --config-dir right?");
	return 0;
}

/* The transport table beside main.cf; a missing one is an empty one. */
static int
read_table(const char *config_dir, struct buf *out, struct err *err)
{
	char path[1024];
	int fd;

	snprintf(path, sizeof(path), "%s/" WIRING_TABLE,
	    config_dir != NULL ? config_dir : "/etc/postfix");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_set(err, ERR_SYSTEM, "%s: %s", path,
		    strerror(errno));
	return program_read(fd, out, err);
}

static struct lines
wanted_lines(const struct config *config, enum wiring_part part)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);
	struct lines wanted;

	if (to == NULL)
		abort();
	wiring_write(to, config, WIRING_QUEUE_DIRECTORY, part);
	fclose(to);
	wanted = lines_of((struct span){ text, len });
	free(text);
	return wanted;
}

int
live_compare(const struct config *config, enum wiring_part part,
    const char *config_dir, bool diff, unsigned *wrong, struct err *err)
{
	struct buf raw = buf_new(LIVE_MAX);
	const int failed = part == WIRING_TRANSPORT ?
	    read_table(config_dir, &raw, err) :
	    ask_postconf(part == WIRING_MASTER, config_dir, &raw, err);

	if (failed == 0) {
		struct lines wanted = wanted_lines(config, part);
		struct lines live = lines_of(buf_span(&raw));

		*wrong += compare_lines(part, diff, &wanted, &live);
		lines_free(&wanted);
		lines_free(&live);
	}
	buf_free(&raw);
	return failed;
}
