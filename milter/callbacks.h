/*
 * callbacks - libmilter's callbacks, each a step of a session.
 *
 * libmilter calls the steps of one connection from changing threads, one at
 * a time; close may be the only one. Nothing is kept but in the connection's
 * private pointer.
 */
#ifndef MILTER_CALLBACKS_H
#define MILTER_CALLBACKS_H

#include <libmilter/mfapi.h>

extern const struct smfiDesc callbacks;

#endif
