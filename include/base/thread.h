/*
 * thread - threads that hear no signals: those are for the thread that the
 * program wants to hear them.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include "base/err.h"

#include <pthread.h>

/* Start run(arg) in a thread that no signal ever comes to, not even at its
 * beginning. The caller hears none for that moment; they wait. */
int thread_start(void *(*run)(void *), void *arg, pthread_t *out_thread,
    struct err *err) MW_MUST_CHECK;

#endif
