#include "ctl/lines.h"

#include "base/mem.h"
#include "ctl/program.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

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
	for (uint32_t i = l->n; i > 0; i--)
		table_add(l->keys, lines_key(l, i - 1), i - 1, NULL);
}

struct lines
lines_new(struct span raw, char sep)
{
	struct lines l = {
		.text = buf_new(LINES_MAX), .keys = table_new(), .sep = sep,
	};

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

int
lines_read(const char *path, char sep, struct lines *out, struct err *err)
{
	struct buf raw = buf_new(LINES_MAX);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	int failed = 0;

	if (fd >= 0)
		failed = program_read(fd, &raw, err);
	else if (errno != ENOENT)
		failed = err_set(err, ERR_SYSTEM, "%s: %s", path,
		    strerror(errno));
	if (failed == 0)
		*out = lines_new(buf_span(&raw), sep);
	buf_free(&raw);
	return failed;
}

void
lines_free(struct lines *l)
{
	if (l->keys == NULL)
		return;		/* all zeros: there are none */
	buf_free(&l->text);
	mem_free(l->list);
	table_free(&l->keys);
}

struct span
lines_key(const struct lines *l, uint32_t i)
{
	struct span rest = l->list[i];

	return span_trim(span_cut(&rest, l->sep));
}

struct span
lines_value(const struct lines *l, uint32_t i)
{
	struct span rest = l->list[i];

	(void)span_cut(&rest, l->sep);
	return rest.at != NULL ? span_trim(rest) : SPAN("");
}

struct span
lines_find(const struct lines *l, struct span key)
{
	uint64_t i;

	if (!table_get(l->keys, key, &i))
		return (struct span){ NULL, 0 };
	return lines_value(l, (uint32_t)i);
}
