#include "ctl/shelter.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "ctl/program.h"
#include "dns/resolver.h"
#include "wire/postqueue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUEUE_TEXT_MAX (256 << 20)	/* bytes of postqueue -j */
#define LIST_MAX (16 << 20)
#define PATH_SIZE 512

/* A look into the queue. */
struct search {
	const struct config *config;
	struct resolver *resolver;
	uint32_t destination;
	int64_t before_ms;		/* wanted: what arrived before */
	char last[POSTQUEUE_ID_MAX + 1];
	struct buf ids;			/* a line each */
	uint32_t n;
};

static const char *
name_of(const struct config *config, uint32_t destination)
{
	return config->plan.destinations[destination].name;
}

/* Beside the sockets, in a folder that only Mailweir and root write. */
static bool
list_path(const struct config *config, char dst[PATH_SIZE])
{
	const char *at = config->listen.map;
	const char *end = strrchr(at, '/');

	if (strncmp(at, "unix:/", 6) != 0)
		return false;
	at += strlen("unix:");
	return snprintf(dst, PATH_SIZE, "%.*s/sheltered", (int)(end - at),
	    at) < PATH_SIZE;
}

/* The list: "DESTINATION ID" a line; none is an empty one. */
static int
read_list(const struct config *config, struct buf *out, struct err *err)
{
	char path[PATH_SIZE];
	int fd;

	if (!list_path(config, path))
		return err_set(err, ERR_CONFIG, "listen.map is no unix socket: "
		    "there is no place for the list");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_set(err, ERR_SYSTEM, "%s: %s", path,
		    strerror(errno));
	return program_read(fd, out, err);
}

/* All of it or nothing, and on disk before anybody acts on it. */
static int
write_list(const struct config *config, struct span text, struct err *err)
{
	char path[PATH_SIZE], fresh[PATH_SIZE + 4];
	FILE *file;
	bool good;

	if (!list_path(config, path))
		return err_set(err, ERR_CONFIG, "listen.map is no unix socket");
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	unlink(fresh);
	file = fopen(fresh, "wxe");
	if (file == NULL)
		return err_set(err, ERR_SYSTEM, "%s: %s", fresh,
		    strerror(errno));
	good = fwrite(text.at, 1, text.len, file) == text.len &&
	    fflush(file) == 0 && fsync(fileno(file)) == 0 &&
	    fchmod(fileno(file), 0644) == 0;
	good = fclose(file) == 0 && good;
	if (!good || rename(fresh, path) != 0)
		return err_set(err, ERR_SYSTEM, "%s: %s", path,
		    strerror(errno));
	return 0;
}

/* Sort the list's lines: the ids of this destination into *mine, the lines of
 * others into *others; either may be NULL. */
static uint32_t
sort_list(struct span list, const char *name, struct buf *mine,
    struct buf *others)
{
	uint32_t n = 0;

	while (list.at != NULL) {
		const struct span line = span_cut(&list, '\n');
		struct span id = line;

		if (line.len == 0)
			continue;
		if (span_eq(span_cut(&id, ' '), span_of(name))) {
			n++;
			if (mine != NULL)
				buf_addf(mine, "%.*s\n", (int)id.len, id.at);
		} else if (others != NULL)
			buf_addf(others, "%.*s\n", (int)line.len, line.at);
	}
	return n;
}

static void
on_recipient(void *arg, const struct postqueue_message *m,
    struct span address, struct span why)
{
	struct search *s = arg;

	(void)why;
	if (m->arrived_s * 1000 >= s->before_ms ||
	    strcmp(m->id, s->last) == 0 ||
	    resolver_match(s->resolver, &s->config->plan, address,
	    RESOLVER_PATIENCE_MS) != (int)s->destination)
		return;
	memcpy(s->last, m->id, sizeof(s->last));
	buf_addf(&s->ids, "%s\n", m->id);
	s->n++;
}

static int
lifetime(const struct config *config, int64_t *out_ms, struct err *err)
{
	static const char *const question[] = {
		"-h", "maximal_queue_lifetime", NULL,
	};
	char postconf[CONFIG_COMMAND_MAX + 1];
	struct buf said = buf_new(64);
	int failed = -1;

	if (!postqueue_sibling(config->release_command, "postconf", postconf,
	    sizeof(postconf)))
		err_set(err, ERR_CONFIG, "release.command runs no postqueue");
	else
		failed = program_command(postconf, question, SPAN(""), &said,
		    err);
	if (failed == 0 && !postqueue_time(span_trim(buf_span(&said)), out_ms))
		failed = err_set(err, ERR_SYSTEM, "postconf does not say how "
		    "long a message is kept");
	buf_free(&said);
	return failed;
}

static int
look(struct search *s, struct err *err)
{
	static const char *const all[] = { "-j", NULL };
	struct buf said = buf_new(QUEUE_TEXT_MAX);
	struct span rest;
	int failed = program_command(s->config->release_command, all, SPAN(""),
	    &said, err);

	if (failed == 0) {
		s->resolver = resolver_new(s->config->dns.cache_entries,
		    s->config->dns.stale_for_ms, err);
		failed = s->resolver == NULL ? -1 : 0;
	}
	if (failed == 0 && buf_overflowed(&said))
		failed = err_set(err, ERR_SYSTEM, "the queue is too long");
	rest = buf_span(&said);
	while (failed == 0 && rest.at != NULL)
		(void)postqueue_read(span_cut(&rest, '\n'), on_recipient, s);
	resolver_free(&s->resolver);
	buf_free(&said);
	return failed;
}

/* postsuper -h or -r, of the messages whose ids are given. */
static int
move(const struct config *config, const char *how, struct span ids,
    struct err *err)
{
	const char *const words[] = { how, "-", NULL };
	char postsuper[CONFIG_COMMAND_MAX + 1];
	struct buf said = buf_new(4096);
	int failed;

	if (!postqueue_sibling(config->release_command, "postsuper", postsuper,
	    sizeof(postsuper)))
		return err_set(err, ERR_CONFIG,
		    "release.command runs no postqueue");
	failed = program_command(postsuper, words, ids, &said, err);
	buf_free(&said);
	return failed;
}

static int
keep(struct search *s, struct err *err)
{
	struct buf list = buf_new(LIST_MAX);
	struct span ids = buf_span(&s->ids);
	int failed = read_list(s->config, &list, err);

	while (ids.at != NULL) {
		const struct span id = span_cut(&ids, '\n');

		if (id.len > 0)
			buf_addf(&list, "%s %.*s\n",
			    name_of(s->config, s->destination), (int)id.len,
			    id.at);
	}
	if (failed == 0 && buf_overflowed(&list))
		failed = err_set(err, ERR_SYSTEM, "the list is too long");
	if (failed == 0)
		failed = write_list(s->config, buf_span(&list), err);
	if (failed == 0)
		failed = move(s->config, "-h", buf_span(&s->ids), err);
	buf_free(&list);
	return failed;
}

int
shelter_keep(const struct config *config, uint32_t destination,
    int64_t until_ms, uint32_t *out_n, struct err *err)
{
	struct search s = { .config = config, .destination = destination,
		.ids = buf_new(LIST_MAX) };
	int64_t life_ms = 0;
	int failed = geteuid() == 0 ? lifetime(config, &life_ms, err) :
	    err_set(err, ERR_SYSTEM, "only root may hold messages of Postfix");

	/* What comes out of the hold needs some of its life for the way. */
	s.before_ms = until_ms - life_ms + life_ms / 5;
	if (failed == 0)
		failed = look(&s, err);
	if (failed == 0 && s.n > 0)
		failed = keep(&s, err);
	*out_n = s.n;
	buf_free(&s.ids);
	return failed;
}

int
shelter_end(const struct config *config, uint32_t destination,
    uint32_t *out_n, struct err *err)
{
	struct buf list = buf_new(LIST_MAX);
	struct buf ids = buf_new(LIST_MAX), others = buf_new(LIST_MAX);
	int failed = read_list(config, &list, err);

	*out_n = 0;
	if (failed == 0)
		*out_n = sort_list(buf_span(&list),
		    name_of(config, destination), &ids, &others);
	if (failed == 0 && *out_n > 0 && geteuid() != 0)
		failed = err_set(err, ERR_SYSTEM,
		    "only root may let messages of Postfix go");
	/* First the messages: one that is no longer there does no harm. */
	if (failed == 0 && *out_n > 0)
		failed = move(config, "-r", buf_span(&ids), err);
	if (failed == 0 && *out_n > 0)
		failed = write_list(config, buf_span(&others), err);
	buf_free(&list);
	buf_free(&ids);
	buf_free(&others);
	return failed;
}

uint32_t
shelter_count(const struct config *config, uint32_t destination)
{
	struct buf list = buf_new(LIST_MAX);
	struct err err;
	uint32_t n = 0;

	if (read_list(config, &list, &err) == 0)
		n = sort_list(buf_span(&list), name_of(config, destination),
		    NULL, NULL);
	buf_free(&list);
	return n;
}
