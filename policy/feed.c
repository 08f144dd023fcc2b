#include "policy/feed.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/printable.h"
#include "core/route.h"
#include "engine/hearsay.h"
#include "policy/follow.h"
#include "policy/prober.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_MAX 16384		/* bytes at one turn of the loop */
#define PAUSE_MS 1000		/* before another follower is started */
#define STATUS_MAX (MAILLOG_LINE_MAX + 24)

static_assert(READ_MAX >= 2 * FOLLOW_MESSAGE_MAX,
    "there is room behind half a message");

struct feed {
	struct server *server;
	struct hearsay *hearsay;
	char *path;			/* "": off */
	pid_t follower;			/* 0: none, or reaped */
	struct event *pipe;		/* NULL: none */
	int64_t start_ms;		/* no other one before */
	char in[READ_MAX];
	size_t len;
};

/* An attempt counts as what was said of it, else it just moved on. */
static void
judged(void *arg, const struct hearsay_attempt *a,
    const struct hearsay_reason *reason, int64_t now_ms)
{
	struct server *s = ((struct feed *)arg)->server;
	const struct outcome outcome = {
		.class = reason != NULL ? reason->class : OUTCOME_MOVED_ON,
		.rule = reason != NULL ? reason->rule : "",
	};

	fleet_observe(s->fleet, a->upstream, outcome,
	    reason != NULL ? span_of(reason->text) :
	    SPAN("moved on to the next hop"), a->began_ms, now_ms);
	prober_saw(s->prober, a->upstream, outcome.class, now_ms);
}

/* Which of the lane's upstreams the peer may belong to. The log tells no port
 * where something was said, and of TLS no host at times: then it is any of
 * several, and the order decides. */
static void
find_upstreams(const struct server *s, const struct destination *d,
    const struct maillog_peer *peer, struct hearsay_reason *out)
{
	const struct plan *plan = server_plan(s);
	uint32_t n = 0;

	for (uint32_t i = 0; i < d->n_routes; i++) {
		const struct destination alone = {
			.n_routes = 1, .routes = { d->routes[i] },
		};

		if (peer->host.len == 0 || route_find_host(plan, &alone, peer->host, peer->address,
		    peer->port) >= 0 ||
		    route_find_mx(plan, &alone, peer->host) >= 0)
			out->about[n++] = fleet_upstream(s->fleet,
			    d->routes[i].upstream);
	}
}

/* The status as Postfix's status filter would have given it. A text that no
 * rule knows leaves the attempt one that moved on, with that text. */
static void
classify(const struct server *s, const struct maillog_line *line,
    struct hearsay_reason *out)
{
	char status[STATUS_MAX];
	struct outcome o;

	snprintf(status, sizeof(status), "%u.%u.%u %.*s", line->dsn.class,
	    line->dsn.subject, line->dsn.detail, (int)line->text.len,
	    line->text.at);
	o = outcome_classify(s->config->rules, span_of(status));
	out->class = o.class == OUTCOME_UNKNOWN ? OUTCOME_MOVED_ON : o.class;
	snprintf(out->rule, sizeof(out->rule), "%s", o.rule);
	printable(out->text, sizeof(out->text), span_of(status));
}

static void
hear_line(struct feed *f, struct span text, int64_t now_ms)
{
	const struct server *s = f->server;
	const struct maillog_line line = maillog_read(text, clock_wall_ms());
	const int lane = plan_lane(server_plan(s), line.service);
	struct hearsay_reason reason = { 0 };

	if (line.kind == MAILLOG_OTHER || line.kind == MAILLOG_FINAL ||
	    lane < 0 || !number_parse(line.pid, 1, INT32_MAX, &reason.pid))
		return;
	find_upstreams(s, &server_plan(s)->destinations[lane], &line.peer,
	    &reason);
	if (reason.about[0] == NULL)
		return;
	classify(s, &line, &reason);
	hearsay_told(f->hearsay, &reason, now_ms);
}

static void
hear(struct feed *f, struct span message, int64_t now_ms)
{
	char text[200], what;

	if (message.len == 0)
		return;
	what = *message.at++;
	message.len--;
	if (what == FOLLOW_LINE) {
		hear_line(f, message, now_ms);
		return;
	}
	printable(text, sizeof(text), message);
	if (what == FOLLOW_FINE)
		log_info("feed", LOG_TEXT("following", f->path));
	else if (what == FOLLOW_TROUBLE)
		log_warning("feed", LOG_TEXT("file", f->path),
		    LOG_TEXT("error", text), LOG_TEXT("advice",
		    "why deliveries moved on is not known meanwhile"));
	else if (what == FOLLOW_DROPPED)
		log_warning("feed", LOG_TEXT("file", f->path),
		    LOG_TEXT("dropped", text));
}

static void
stop(struct feed *f, int64_t now_ms)
{
	if (f->pipe != NULL) {
		close(event_get_fd(f->pipe));
		event_free(f->pipe);
		f->pipe = NULL;
	}
	if (f->follower > 0)
		kill(f->follower, SIGKILL);
	f->len = 0;
	f->start_ms = now_ms + PAUSE_MS;
}

static void
on_pipe(evutil_socket_t fd, short what, void *arg)
{
	struct feed *f = arg;
	const int64_t now_ms = clock_mono_ms();
	const ssize_t n = read(fd, f->in + f->len, sizeof(f->in) - f->len);
	struct span rest;

	(void)what;
	if (n <= 0) {
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		log_warning("feed", LOG_TEXT("file", f->path),
		    LOG_TEXT("follower", "ended, another is started"));
		stop(f, now_ms);
		return;
	}
	rest = (struct span){ f->in, f->len + (size_t)n };
	while (span_find(rest, '\n') >= 0)
		hear(f, span_cut(&rest, '\n'), now_ms);
	f->len = rest.len;
	memmove(f->in, rest.at, rest.len);
}

/* Reaped without waiting: a process that reads a disk may take its time. */
static bool
is_gone(struct feed *f)
{
	if (f->follower > 0 && waitpid(f->follower, NULL, WNOHANG) != 0)
		f->follower = 0;
	return f->follower == 0;
}

static void
start(struct feed *f, int64_t now_ms)
{
	struct err err;
	int fd;
	const pid_t pid = follow_start(f->path, &fd, &err);

	f->start_ms = now_ms + PAUSE_MS;
	if (pid < 0) {
		log_warning("feed", LOG_TEXT("file", f->path),
		    LOG_TEXT("error", err.text));
		return;
	}
	f->follower = pid;
	f->pipe = event_new(f->server->base, fd, EV_READ | EV_PERSIST,
	    on_pipe, f);
	event_add(f->pipe, NULL);
}

struct feed *
feed_new(struct server *server)
{
	struct feed *f = mem_new(1, sizeof(*f));

	f->server = server;
	f->hearsay = hearsay_new(judged, f);
	f->path = mem_dup(server->config->feed_maillog);
	return f;
}

void
feed_free(struct feed **feed)
{
	struct feed *f = *feed;
	const int64_t now_ms = clock_mono_ms();

	if (f == NULL)
		return;
	stop(f, now_ms);
	hearsay_end(f->hearsay, now_ms);
	hearsay_free(&f->hearsay);
	mem_free(f->path);
	mem_free(f);
	*feed = NULL;
}

void
feed_reload(struct feed *f)
{
	const char *path = f->server->config->feed_maillog;

	if (strcmp(path, f->path) == 0)
		return;
	stop(f, clock_mono_ms());
	hearsay_end(f->hearsay, clock_mono_ms());
	mem_free(f->path);
	f->path = mem_dup(path);
	f->start_ms = 0;
}

void
feed_tick(struct feed *f, int64_t now_ms)
{
	hearsay_tick(f->hearsay, now_ms);
	if (f->pipe == NULL && is_gone(f) && f->path[0] != '\0' &&
	    now_ms >= f->start_ms)
		start(f, now_ms);
}

void
feed_moved_on(struct feed *f, int64_t pid, struct fleet_upstream *u,
    int64_t began_ms, int64_t now_ms)
{
	const struct hearsay_attempt attempt = {
		.pid = pid, .upstream = u, .began_ms = began_ms,
	};

	if (f->pipe == NULL || pid == 0)
		judged(f, &attempt, NULL, now_ms);
	else
		hearsay_moved_on(f->hearsay, &attempt, now_ms);
}
