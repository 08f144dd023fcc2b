/*
 * presence - tells policyd that this host's milter is at work, as long as it is
 * (policy/companion). A thread of its own; a policyd that is away is tried
 * again.
 */
#ifndef MILTER_PRESENCE_H
#define MILTER_PRESENCE_H

#include "base/err.h"

/* policy: where policyd listens, as configured; it is told on a unix socket
 * only. */
int presence_start(const char *policy, struct err *err) MW_MUST_CHECK;
/* Does nothing when it was not started. */
void presence_end(void);

#endif
