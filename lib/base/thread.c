#include "base/thread.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

/* A thread begins with the mask of who starts it. */
int
thread_start(void *(*run)(void *), void *arg, pthread_t *out_thread,
    struct err *err)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(out_thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0)
		return 0;
	errno = error;
	return err_set(err, ERR_SYSTEM, "thread: %s", strerror(error));
}
