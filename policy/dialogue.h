/*
 * dialogue - a probe on its way: connects to an upstream, speaks the lines of
 * core/probe over SMTP and TLS, and ends in time.
 *
 * On the event loop, never blocking, each exchange and the whole with a
 * deadline. Names are looked up by libevent's resolver (/etc/hosts and
 * /etc/resolv.conf, read at the first name).
 */
#ifndef POLICY_DIALOGUE_H
#define POLICY_DIALOGUE_H

#include "core/probe.h"

#include <event2/event.h>

/* What all dialogues have in common: the resolver, the TLS library. */
struct dialogues;
struct dialogues *dialogues_new(struct event_base *base);
/* After the last dialogue. */
void dialogues_free(struct dialogues **all);

struct dialogue_order {			/* all of it is copied */
	struct probe_target target;
	struct probe_script script;
	const probe_name *names;	/* the certificate's, ... */
	int n_names;			/* ... as probe_names() has it */
	int64_t exchange_ms;		/* for a command and its reply */
	int64_t whole_ms;
	/*
	 * It is over, and the probe, borrowed, has its status; NULL: the
	 * address was not found in time, which says nothing of the upstream.
	 * To free the dialogue is up to this.
	 */
	void (*done)(void *arg, const struct probe *probe);
	void *arg;
};

struct dialogue;
/* done comes later, never within this. */
struct dialogue *dialogue_begin(struct dialogues *all,
    const struct dialogue_order *order);
/* Where it goes. */
const char *dialogue_nexthop(const struct dialogue *dialogue);
/* Closes the connection. */
void dialogue_free(struct dialogue **dialogue);

#endif
