#include "policy/follow.h"

#include "base/clock.h"
#include "base/tail.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define POLL_MS 100
#define PIPE_FD 3		/* the only descriptor beside the standard ones */

static_assert(FOLLOW_MESSAGE_MAX <= PIPE_BUF,
    "a message is written as a whole or not at all");

struct follow {
	uint64_t dropped;	/* and not said as yet */
	bool reads, tried;	/* what was said of the file, if anything */
};

static bool
say(enum follow_said what, struct span text)
{
	char message[FOLLOW_MESSAGE_MAX];
	size_t len = text.len;

	if (len > MAILLOG_LINE_MAX)
		len = MAILLOG_LINE_MAX;
	message[0] = (char)what;
	memcpy(message + 1, text.at, len);
	message[len + 1] = '\n';
	return write(PIPE_FD, message, len + 2) == (ssize_t)len + 2;
}

static void
say_dropped(struct follow *f)
{
	char number[32];

	if (f->dropped == 0)
		return;
	snprintf(number, sizeof(number), "%" PRIu64, f->dropped);
	if (say(FOLLOW_DROPPED, span_of(number)))
		f->dropped = 0;
}

/* Most lines of a mail log tell of other things, or what the status filter has
 * heard: they do not leave this process. */
static bool
is_wanted(struct span text)
{
	const struct maillog_line line = maillog_read(text, clock_wall_ms());

	switch (line.kind) {
	case MAILLOG_OTHER:
	case MAILLOG_FINAL:
		return false;
	case MAILLOG_SAID:
	case MAILLOG_REFUSED:
	case MAILLOG_LOST:
	case MAILLOG_TLS:
	case MAILLOG_CONNECT:
		return true;
	}
	return false;
}

static void
pass_on(struct follow *f, struct span line)
{
	if (is_wanted(line) && !say(FOLLOW_LINE, line))
		f->dropped++;
}

/* Once each time that it changes. */
static void
tell(struct follow *f, bool reads, const char *why)
{
	if (f->tried && f->reads == reads)
		return;
	f->tried = say(reads ? FOLLOW_FINE : FOLLOW_TROUBLE, span_of(why));
	f->reads = reads;
}

static _Noreturn void
run(const char *path)
{
	struct tail *tail = tail_new(path);
	struct follow f = { 0 };
	struct span line;
	struct err err;

	for (;;)
		switch (tail_read(tail, &line, &err)) {
		case TAIL_LINE:
			pass_on(&f, line);
			break;
		case TAIL_END:
			tell(&f, true, "");
			say_dropped(&f);
			poll(NULL, 0, POLL_MS);
			break;
		case TAIL_TROUBLE:
			tell(&f, false, err.text);
			poll(NULL, 0, POLL_MS);
			break;
		}
}

/*
 * Nothing of the loop's is used or left open. The order to end is the loop's;
 * we end when it does, or when nobody reads.
 */
static _Noreturn void
become_follower(const char *path, int pipe_end, pid_t loop)
{
	static const int ignored[] = { SIGHUP, SIGTERM, SIGINT };
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != loop || dup2(pipe_end, PIPE_FD) < 0 ||
	    syscall(__NR_close_range, PIPE_FD + 1, ~0U, 0) < 0)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	run(path);
}

pid_t
follow_start(const char *path, int *out_fd, struct err *err)
{
	const pid_t loop = getpid();
	sigset_t all, before;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_set(err, ERR_SYSTEM, "pipe: %s", strerror(errno));
	/* No signal may run the loop's handlers there. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		become_follower(path, ends[1], loop);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[1]);
	if (pid < 0) {
		err_set(err, ERR_SYSTEM, "fork: %s", strerror(errno));
		close(ends[0]);
		return -1;
	}
	*out_fd = ends[0];
	return pid;
}
