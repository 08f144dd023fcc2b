/*
 * companion - is the milter of this host at work?
 *
 * It says so itself, every POLICY_PRESENCE_MS, on a connection of its own
 * (milter/presence), which ends with it. While it is there leases are its
 * affair; without it policyd takes and gives back whatever it lets in.
 */
#ifndef POLICY_COMPANION_H
#define POLICY_COMPANION_H

#include <stdbool.h>
#include <stdint.h>

#define COMPANION_SILENCE_MS 2000	/* it hangs */
/* A session that began without a milter ends without one: such as began a
 * moment ago may have nobody else to take their leases. */
#define COMPANION_GRACE_MS 1000

struct companion {		/* all zeros: not there */
	int64_t since_ms, heard_ms;
};

void companion_heard(struct companion *c, int64_t now_ms);
void companion_gone(struct companion *c);
bool companion_works(const struct companion *c, int64_t now_ms);

#endif
