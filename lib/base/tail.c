#include "base/tail.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 16384

struct tail {
	char *path;
	int fd;			/* -1: none as yet */
	off_t offset;		/* up to where the file was read */
	bool was_missing;	/* so that one that comes is new as a whole */
	bool replaced;		/* read what is left, then go to the new one */
	bool passing_over;	/* the rest of a line */
	char line[TAIL_LINE_MAX];
	size_t len;
	char chunk[CHUNK];
	size_t at, end;		/* what of chunk is unread */
};

/* A fifo or a device could make us wait for ever. */
static int
open_file(const char *path, struct stat *out, struct err *err)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, out) < 0) {
		err_set(err, ERR_SYSTEM, "%s", strerror(errno));
		goto bad;
	}
	if (S_ISREG(out->st_mode))
		return fd;
	err_set(err, ERR_CONFIG, "not a regular file");
bad:
	if (fd >= 0)
		close(fd);
	return -1;
}

static void
go_to(struct tail *t, off_t offset)
{
	t->offset = offset;
	t->replaced = t->passing_over = false;
	t->len = t->at = t->end = 0;
}

/* History is passed over, and the rest of a line that we saw no start of. */
static void
go_to_end(struct tail *t, off_t size)
{
	char last = '\n';

	go_to(t, size);
	if (size > 0 && pread(t->fd, &last, 1, size - 1) == 1)
		t->passing_over = last != '\n';
}

static int
begin_first(struct tail *t, struct err *err)
{
	struct stat st;
	const int fd = open_file(t->path, &st, err);

	if (fd < 0) {
		t->was_missing |= err->sys == ENOENT;
		return -1;
	}
	t->fd = fd;
	if (t->was_missing)
		go_to(t, 0);
	else
		go_to_end(t, st.st_size);
	return 0;
}

/* Does the path lead to another file by now, which has been written to? */
static bool
is_replaced(const struct tail *t)
{
	struct stat own, there;

	return fstat(t->fd, &own) == 0 && stat(t->path, &there) == 0 &&
	    (own.st_ino != there.st_ino || own.st_dev != there.st_dev) &&
	    there.st_size > 0;
}

static bool
is_cut(const struct tail *t)
{
	struct stat st;

	return fstat(t->fd, &st) == 0 && st.st_size < t->offset;
}

static int
go_to_new(struct tail *t, struct err *err)
{
	struct stat st;
	const int fd = open_file(t->path, &st, err);

	if (fd < 0)
		return -1;
	close(t->fd);
	t->fd = fd;
	go_to(t, 0);
	return 0;
}

/* The next line of what was read; what has no end as yet is kept. */
static bool
take_line(struct tail *t, struct span *out)
{
	struct span rest = { t->chunk + t->at, t->end - t->at };
	const ptrdiff_t newline = span_find(rest, '\n');
	const size_t len = newline < 0 ? rest.len : (size_t)newline;
	const size_t room = sizeof(t->line) - t->len;
	const bool passed_over = t->passing_over;

	if (!passed_over) {
		memcpy(t->line + t->len, rest.at, len < room ? len : room);
		t->len += len < room ? len : room;
	}
	t->at += newline < 0 ? len : len + 1;
	if (newline < 0)
		return false;
	*out = (struct span){ t->line, t->len };
	t->len = 0;
	t->passing_over = false;
	return !passed_over;
}

/* More bytes: 1 there are, 0 none, -1 trouble. */
static int
read_more(struct tail *t, struct err *err)
{
	const ssize_t n = pread(t->fd, t->chunk, sizeof(t->chunk), t->offset);

	if (n < 0)
		return err_set(err, ERR_SYSTEM, "%s", strerror(errno));
	t->offset += n;
	t->at = 0;
	t->end = (size_t)n;
	return n > 0;
}

/*
 * At the end of the file: is there another place to read at? As above. Before
 * it goes to a new file, what was written to the old one meanwhile is read.
 */
static int
look_around(struct tail *t, struct err *err)
{
	const bool again = t->replaced;

	if (is_cut(t)) {
		go_to(t, 0);
		return 1;
	}
	t->replaced = is_replaced(t);
	if (!t->replaced || !again)
		return t->replaced;
	return go_to_new(t, err) < 0 ? -1 : 1;
}

struct tail *
tail_new(const char *path)
{
	struct tail *t = mem_new(1, sizeof(*t));

	t->path = mem_dup(path);
	t->fd = -1;
	return t;
}

void
tail_free(struct tail **t)
{
	if (*t == NULL)
		return;
	if ((*t)->fd >= 0)
		close((*t)->fd);
	mem_free((*t)->path);
	mem_free(*t);
	*t = NULL;
}

enum tail_found
tail_read(struct tail *t, struct span *out_line, struct err *err)
{
	if (t->fd < 0 && begin_first(t, err) < 0)
		return TAIL_TROUBLE;
	for (;;) {
		int more = 1;

		while (t->at < t->end)
			if (take_line(t, out_line))
				return TAIL_LINE;
		more = read_more(t, err);
		if (more == 0)
			more = look_around(t, err);
		if (more <= 0)
			return more == 0 ? TAIL_END : TAIL_TROUBLE;
	}
}
