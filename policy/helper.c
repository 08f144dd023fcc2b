#include "config.h"

#include "policy/helper.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/words.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_MAX 16384		/* bytes at one turn of the loop */
#define COMMAND_MAX 1024
#define CLOSE_ON_EXEC (1U << 2)	/* of close_range(2), since Linux 5.11 */

extern char **environ;

struct helper {
	struct event_base *base;
	struct helper_options options;
	struct event *child, *deadline;
	struct event *output;	/* NULL: nothing more will be said */
	struct evbuffer *said;
	bool passing_over;	/* the rest of a line that is too long */
	pid_t pid;		/* 0: none, or gone */
	bool runs;
	int status;
};

static void
close_output(struct helper *h)
{
	if (h->output == NULL)
		return;
	close(event_get_fd(h->output));
	event_free(h->output);
	h->output = NULL;
}

/* It is over once the program is gone and all that it said was heard. */
static void
end_if_over(struct helper *h)
{
	if (h->pid != 0 || h->output != NULL)
		return;
	h->runs = false;
	event_del(h->deadline);
	evbuffer_drain(h->said, evbuffer_get_length(h->said));
	h->options.ended(h->options.arg, WIFEXITED(h->status) &&
	    WEXITSTATUS(h->status) == 0);
}

static void
hear_lines(struct helper *h)
{
	struct evbuffer_ptr end;

	while ((end = evbuffer_search_eol(h->said, NULL, NULL,
	    EVBUFFER_EOL_LF)).pos >= 0) {
		const size_t len = (size_t)end.pos;

		if (!h->passing_over && len <= HELPER_LINE_MAX)
			h->options.line(h->options.arg, (struct span){
				(char *)evbuffer_pullup(h->said, end.pos + 1),
				len });
		evbuffer_drain(h->said, len + 1);
		h->passing_over = false;
	}
	if (evbuffer_get_length(h->said) > HELPER_LINE_MAX) {
		evbuffer_drain(h->said, evbuffer_get_length(h->said));
		h->passing_over = true;
	}
}

static void
on_output(evutil_socket_t fd, short what, void *arg)
{
	struct helper *h = arg;
	const int n = evbuffer_read(h->said, fd, READ_MAX);

	(void)what;
	if (n > 0)
		hear_lines(h);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		close_output(h);
		end_if_over(h);
	}
}

static void
on_child(evutil_socket_t number, short what, void *arg)
{
	struct helper *h = arg;

	(void)number, (void)what;
	if (h->pid == 0 || waitpid(h->pid, &h->status, WNOHANG) != h->pid)
		return;
	h->pid = 0;
	end_if_over(h);
}

/* Whoever else holds its output now is not waited for. */
static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct helper *h = arg;

	(void)fd, (void)what;
	if (h->pid != 0)
		kill(-h->pid, SIGKILL);
	close_output(h);
	end_if_over(h);
}

/* 0, or an errno. The signals that we treat in a way of our own are as a
 * program expects them, no descriptor of ours is there, and it leads a group of
 * its own. */
static int
spawn(const char *const *words, const char *const *environment, int output,
    pid_t *out_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, usual;
	int error;

	/* Those that a library opened, too; for good, as none is for others. */
	if (syscall(__NR_close_range, 3, ~0U, CLOSE_ON_EXEC) < 0)
		return errno;
	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes,
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
	    POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &usual);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
	    O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	/* posix_spawnp(3) does not change what it is given. */
	error = posix_spawnp(out_pid, words[0], &actions, &attributes,
	    (char *const *)words, environment != NULL ?
	    (char *const *)environment : environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return error;
}

struct helper *
helper_new(struct event_base *base, const struct helper_options *options)
{
	struct helper *h = mem_new(1, sizeof(*h));

	h->base = base;
	h->options = *options;
	h->said = evbuffer_new();
	h->child = evsignal_new(base, SIGCHLD, on_child, h);
	h->deadline = evtimer_new(base, on_deadline, h);
	event_add(h->child, NULL);
	return h;
}

void
helper_free(struct helper **helper)
{
	struct helper *h = *helper;

	if (h == NULL)
		return;
	if (h->pid != 0) {
		kill(-h->pid, SIGKILL);
		waitpid(h->pid, NULL, 0);
	}
	close_output(h);
	event_free(h->child);
	event_free(h->deadline);
	evbuffer_free(h->said);
	mem_free(h);
	*helper = NULL;
}

bool
helper_runs(const struct helper *h)
{
	return h->runs;
}

int
helper_start(struct helper *h, const struct helper_job *job, struct err *err)
{
	const struct timeval limit = { .tv_sec = h->options.deadline_s };
	char text[COMMAND_MAX];
	const char *words[HELPER_WORDS_MAX + 1];
	int ends[2], error, n;

	assert(!h->runs);
	if (!span_copy(text, sizeof(text), span_of(job->command)))
		return err_set(err, ERR_CONFIG, "the command is too long");
	n = words_cut(text, words, HELPER_WORDS_MAX);
	if (n < 1 || words_add(words, n, job->more, HELPER_WORDS_MAX) < 0)
		return err_set(err, ERR_CONFIG, "no word, or too many");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, ERR_SYSTEM, "pipe: %s", strerror(errno));
	error = spawn(words, job->environment, ends[1], &h->pid);
	close(ends[1]);
	if (error != 0) {
		h->pid = 0;
		close(ends[0]);
		return err_set(err, ERR_SYSTEM, "%s: %s", words[0],
		    strerror(error));
	}
	evutil_make_socket_nonblocking(ends[0]);
	h->output = event_new(h->base, ends[0], EV_READ | EV_PERSIST,
	    on_output, h);
	event_add(h->output, NULL);
	event_add(h->deadline, &limit);
	h->runs = true;
	h->passing_over = false;
	return 0;
}
