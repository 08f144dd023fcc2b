#include "suite.h"

#include "base/mem.h"
#include "base/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static const int signals[] = {
	SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGALRM, SIGCHLD, SIGPIPE, SIGWINCH,
};

static volatile sig_atomic_t heard;
static int go[2];		/* a pipe: a byte for the thread to begin */

static void
on_signal(int number)
{
	heard = number;
}

static void
hear(int number)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigemptyset(&action.sa_mask);
	ck_assert_int_eq(sigaction(number, &action, NULL), 0);
	heard = 0;
}

static void
mask(int how, int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	ck_assert_int_eq(pthread_sigmask(how, &set, NULL), 0);
}

/* Who sends a signal to the process hears it before kill() returns, if nobody
 * else does. */
static void *
send_when_told(void *arg)
{
	const int *number = arg;
	char byte;

	if (read(go[0], &byte, 1) != 1 || kill(getpid(), *number) != 0)
		return arg;
	return NULL;
}

static void *
tell_mask(void *arg)
{
	pthread_sigmask(SIG_SETMASK, NULL, arg);
	return NULL;
}

START_TEST(a_signal_waits_for_the_main_thread)
{
	int number = signals[_i];
	pthread_t thread;
	struct err err;
	void *failed;

	hear(number);
	ck_assert_int_eq(pipe(go), 0);
	ck_assert_int_eq(thread_start(send_when_told, &number, &thread, &err),
	    0);
	mask(SIG_BLOCK, number);
	ck_assert_int_eq(write(go[1], "", 1), 1);
	ck_assert_int_eq(pthread_join(thread, &failed), 0);
	ck_assert_ptr_null(failed);
	ck_assert_int_eq(heard, 0);
	mask(SIG_UNBLOCK, number);
	ck_assert_int_eq(heard, number);
	close(go[0]);
	close(go[1]);
}
END_TEST

START_TEST(a_thread_begins_without_signals)
{
	pthread_t thread;
	struct err err;
	sigset_t its;

	ck_assert_int_eq(thread_start(tell_mask, &its, &thread, &err), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	for (size_t i = 0; i < MW_N_OF(signals); i++)
		ck_assert_int_eq(sigismember(&its, signals[i]), 1);
}
END_TEST

static void
is_heard_here(int number)
{
	heard = 0;
	ck_assert_int_eq(raise(number), 0);
	ck_assert_int_eq(heard, number);
}

START_TEST(who_starts_one_hears_what_it_heard_before)
{
	pthread_t thread;
	struct err err;
	sigset_t its;

	hear(SIGUSR1);
	hear(SIGUSR2);
	mask(SIG_BLOCK, SIGUSR2);
	ck_assert_int_eq(thread_start(tell_mask, &its, &thread, &err), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	is_heard_here(SIGUSR1);
	ck_assert_int_eq(raise(SIGUSR2), 0);
	ck_assert_int_eq(heard, SIGUSR1);
	mask(SIG_UNBLOCK, SIGUSR2);
	ck_assert_int_eq(heard, SIGUSR2);
}
END_TEST

/* No address space has room for such a stack. */
static void
want_stack(size_t size)
{
	pthread_attr_t attributes;

	ck_assert_int_eq(pthread_attr_init(&attributes), 0);
	ck_assert_int_eq(pthread_attr_setstacksize(&attributes, size), 0);
	ck_assert_int_eq(pthread_setattr_default_np(&attributes), 0);
	pthread_attr_destroy(&attributes);
}

START_TEST(that_there_is_no_thread_is_said)
{
	pthread_t thread;
	struct err err = { 0 };
	sigset_t its;
	pthread_attr_t before;
	size_t size;

	hear(SIGUSR1);
	ck_assert_int_eq(pthread_getattr_default_np(&before), 0);
	pthread_attr_getstacksize(&before, &size);
	pthread_attr_destroy(&before);
	want_stack(SIZE_MAX / 2);
	ck_assert_int_eq(thread_start(tell_mask, &its, &thread, &err), -1);
	want_stack(size);
	ck_assert_int_eq(err.kind, ERR_SYSTEM);
	ck_assert_int_eq(err.sys, EAGAIN);
	ck_assert_ptr_nonnull(strstr(err.text, strerror(EAGAIN)));
	is_heard_here(SIGUSR1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("thread");
	TCase *t = tcase_create("thread");

	tcase_add_loop_test(t, a_signal_waits_for_the_main_thread, 0,
	    MW_N_OF(signals));
	tcase_add_test(t, a_thread_begins_without_signals);
	tcase_add_test(t, who_starts_one_hears_what_it_heard_before);
	tcase_add_test(t, that_there_is_no_thread_is_said);
	suite_add_tcase(s, t);
	return suite_main(s);
}
