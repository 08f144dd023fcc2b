#include "policy/reload.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

struct reload {
	const char *path;
	reload_done *done;
	void *arg;
	int ends[2];		/* a pipe: a byte for each result */
	struct event *readable;
	bool reading, again, alone;
	pthread_t thread;	/* unless alone */
	/* The thread's, until it is joined. */
	struct config *fresh;
	struct config_errors errors;
};

static void *
run(void *arg)
{
	struct reload *r = arg;

	r->fresh = config_load(r->path, &r->errors);
	while (write(r->ends[1], "", 1) < 0 && errno == EINTR)
		;
	return NULL;
}

static void
end_reading(struct reload *r)
{
	if (!r->alone)
		pthread_join(r->thread, NULL);
	r->reading = false;
}

static void
on_result(evutil_socket_t fd, short what, void *arg)
{
	struct reload *r = arg;
	char byte;

	(void)what;
	if (read(fd, &byte, 1) != 1)
		return;
	end_reading(r);
	r->done(r->arg, r->fresh, &r->errors);
	config_errors_free(&r->errors);
	if (r->again)
		reload_begin(r);
}

struct reload *
reload_new(struct event_base *base, const char *path, reload_done *done,
    void *arg, struct err *err)
{
	struct reload *r = mem_new(1, sizeof(*r));

	r->path = path;
	r->done = done;
	r->arg = arg;
	if (pipe2(r->ends, O_CLOEXEC | O_NONBLOCK) < 0) {
		err_set(err, ERR_SYSTEM, "pipe: %s", strerror(errno));
		mem_free(r);
		return NULL;
	}
	r->readable = event_new(base, r->ends[0], EV_READ | EV_PERSIST,
	    on_result, r);
	event_add(r->readable, NULL);
	return r;
}

void
reload_free(struct reload **reload)
{
	struct reload *r = *reload;

	if (r == NULL)
		return;
	if (r->reading) {
		end_reading(r);
		config_free(&r->fresh);
		config_errors_free(&r->errors);
	}
	event_free(r->readable);
	close(r->ends[0]);
	close(r->ends[1]);
	mem_free(r);
	*reload = NULL;
}

void
reload_begin(struct reload *r)
{
	struct err err;

	r->again = r->reading;
	if (r->reading)
		return;
	r->reading = true;
	r->alone = thread_start(run, r, &r->thread, &err) == -1;
	/* Late answers are better than an old configuration. */
	if (r->alone)
		run(r);
}
