#include "policy/parent.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/ready.h"
#include "policy/ledger.h"
#include "policy/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCKET_MODE 0660
#define BACKLOG 1024		/* what waits while the loop is restarted */
#define CALM_MS 10000		/* a loop that lived so long was no bad start */
#define PAUSE_MAX_MS 2000	/* between bad starts */
#define END_MS 5000		/* for the loop's farewell; then it is killed */
#define END_POLL_MS 100

struct parent {
	const char *config_path;
	struct config *config;
	int policy_fd, map_fd, status_fd;
	struct ledger *ledger;
	pid_t child;
	int alive_fd;		/* the child's bytes arrive here; -1: none */
	int64_t started_ms, heard_ms;
	int64_t pause_ms;
	bool told_ready;
};

static volatile sig_atomic_t got_hup, got_end, got_child;

static void
on_signal(int number)
{
	if (number == SIGHUP)
		got_hup = 1;
	else if (number == SIGCHLD)
		got_child = 1;
	else
		got_end = 1;
}

/* Without SA_RESTART, so that poll() returns. */
static void
catch_signals(void (*handler)(int))
{
	static const int numbers[] = { SIGHUP, SIGTERM, SIGINT, SIGCHLD };
	struct sigaction action = { .sa_handler = handler };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

static void
run_child(struct parent *p, int alive_fd)
{
	catch_signals(SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	exit(server_run(&(struct server_start){
		.config_path = p->config_path,
		.config = p->config,
		.policy_fd = p->policy_fd,
		.map_fd = p->map_fd,
		.status_fd = p->status_fd,
		.ledger = p->ledger,
		.alive_fd = alive_fd,
	    }));
}

static void
start_child(struct parent *p)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return;		/* tried again at the next turn */
	p->child = fork();
	if (p->child == 0) {
		close(ends[0]);
		run_child(p, ends[1]);
	}
	close(ends[1]);
	if (p->child < 0) {
		close(ends[0]);
		return;
	}
	p->alive_fd = ends[0];
	p->started_ms = p->heard_ms = clock_mono_ms();
}

static void
tell_end(int status)
{
	log_error("loop", LOG_TEXT("event", "ended"),
	    LOG_INT("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0),
	    LOG_INT("status", WIFEXITED(status) ? WEXITSTATUS(status) : 0));
}

static void
child_is_gone(struct parent *p, int status)
{
	const bool calm = clock_mono_ms() - p->started_ms > CALM_MS;

	tell_end(status);
	close(p->alive_fd);
	p->alive_fd = -1;
	p->child = -1;
	if (calm || p->pause_ms == 0)
		p->pause_ms = calm ? 0 : 100;
	else if (p->pause_ms < PAUSE_MAX_MS)
		p->pause_ms *= 2;
}

static void
reap(struct parent *p)
{
	int status;
	pid_t pid;

	got_child = 0;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == p->child)
			child_is_gone(p, status);
}

static void
hear(struct parent *p)
{
	char bytes[64];

	if (p->alive_fd < 0 || read(p->alive_fd, bytes, sizeof(bytes)) <= 0)
		return;
	p->heard_ms = clock_mono_ms();
	ready_tell(p->told_ready ? "WATCHDOG=1" : "READY=1");
	p->told_ready = true;
}

static void
watch(struct parent *p)
{
	if (p->child <= 0 ||
	    clock_mono_ms() - p->heard_ms < PARENT_SILENCE_MS)
		return;
	log_error("loop", LOG_TEXT("event", "silent, killed"));
	kill(p->child, SIGKILL);
	p->heard_ms = clock_mono_ms();
}

/* The child reads the file again by itself; the parent, too, so that a later
 * child starts with it. Each keeps the old one when the file is bad; the
 * child says why. */
static void
reload(struct parent *p)
{
	struct config_errors errors = { 0 };
	struct config *fresh;

	got_hup = 0;
	if (p->child > 0)
		kill(p->child, SIGHUP);
	fresh = config_load(p->config_path, &errors);
	config_errors_free(&errors);
	if (fresh != NULL) {
		if (strcmp(fresh->listen.policy, p->config->listen.policy) != 0 ||
		    strcmp(fresh->listen.map, p->config->listen.map) != 0 ||
		    strcmp(fresh->listen.status, p->config->listen.status) != 0)
			log_warning("reload", LOG_TEXT("listen",
			    "takes effect at the next start"));
		config_free(&p->config);
		p->config = fresh;
	}
}

static int
listen_at(const char *where, struct err *err)
{
	if (where[0] == '\0') {
		*err = (struct err){ 0 };
		return -1;
	}
	return net_listen(where, SOCKET_MODE, BACKLOG, err);
}

static int
open_sockets(struct parent *p)
{
	struct err err;

	p->policy_fd = listen_at(p->config->listen.policy, &err);
	if (p->policy_fd < 0 && err.kind != ERR_NONE)
		goto bad;
	p->map_fd = listen_at(p->config->listen.map, &err);
	if (p->map_fd < 0 && err.kind != ERR_NONE)
		goto bad;
	p->status_fd = listen_at(p->config->listen.status, &err);
	if (p->status_fd < 0 && err.kind != ERR_NONE)
		goto bad;
	return 0;
bad:
	log_error("listen", LOG_TEXT("error", err.text));
	return -1;
}

/* The child's status once it has ended by itself, or was made to. */
static int
wait_for_end(pid_t child)
{
	int status;

	for (int i = 0; i < END_MS / END_POLL_MS; i++) {
		if (waitpid(child, &status, WNOHANG) == child)
			return status;
		poll(NULL, 0, END_POLL_MS);
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return status;
}

/* Whoever stopped us is told if the loop did not end as it should: what it
 * had to say last may be lost then. */
static int
end_child(struct parent *p)
{
	int status;

	ready_tell("STOPPING=1");
	if (p->child <= 0)
		return EXIT_SUCCESS;
	kill(p->child, SIGTERM);
	status = wait_for_end(p->child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
		return EXIT_SUCCESS;
	tell_end(status);
	return EXIT_FAILURE;
}

/* A loop that was not heard as yet does not hear either: a HUP would end it. */
static bool
is_starting(const struct parent *p)
{
	return p->child > 0 && p->heard_ms == p->started_ms;
}

static void
turn(struct parent *p)
{
	struct pollfd fd = { .fd = p->alive_fd, .events = POLLIN };

	if (p->child <= 0 &&
	    clock_mono_ms() - p->started_ms >= p->pause_ms)
		start_child(p);
	fd.fd = p->alive_fd;
	if (poll(&fd, 1, p->child > 0 ? 200 : 20) > 0)
		hear(p);
	if (got_child)
		reap(p);
	if (got_hup && !is_starting(p))
		reload(p);
	watch(p);
}

int
parent_run(const char *config_path, struct config *config)
{
	struct parent p = {
		.config_path = config_path, .config = config, .child = -1,
		.alive_fd = -1,
	};
	int status;

	signal(SIGPIPE, SIG_IGN);
	catch_signals(on_signal);
	if (open_sockets(&p) < 0)
		return EXIT_FAILURE;
	p.ledger = ledger_open(getenv("RUNTIME_DIRECTORY"));
	if (p.ledger == NULL) {
		log_error("start", LOG_TEXT("error", strerror(errno)));
		return EXIT_FAILURE;
	}
	log_info("start", LOG_TEXT("mode",
	    config->plan.mode == PLAN_ENFORCE ? "enforce" : "observe"),
	    LOG_TEXT("host", config->host),
	    LOG_TEXT("digest", config->digest));
	while (!got_end)
		turn(&p);
	status = end_child(&p);
	ledger_free(&p.ledger);
	/* The sockets stay: the service manager's are not ours to remove, and
	 * the next start takes the place of others. */
	config_free(&p.config);
	return status;
}
