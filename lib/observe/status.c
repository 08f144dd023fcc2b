#include "observe/status.h"

#include <string.h>

bool
status_lost(const struct status *s, const struct host_status *host)
{
	return host->seen_ms < s->now_ms - STATUS_LOST_MS;
}

const struct override *
status_override(const struct status *s, const struct override *o)
{
	return o->state != OVERRIDE_NONE && o->until_ms > s->now_ms ? o : NULL;
}

int64_t
status_next_step(const struct status *s, const struct upstream_status *u)
{
	const int64_t until_ms = u->view.record.breaker.until_ms;

	if (until_ms == 0)
		return -1;
	return until_ms > s->now_ms ? until_ms - s->now_ms : 0;
}

void
status_compare(struct status *s)
{
	const struct host_status *first = NULL;

	for (uint32_t i = 0; i < s->n_hosts; i++) {
		const struct host_status *host = &s->hosts[i];

		if (status_lost(s, host))
			continue;
		if (first == NULL)
			first = host;
		s->digests_differ |= strcmp(host->digest, first->digest) != 0;
		s->modes_differ |= strcmp(host->mode, first->mode) != 0;
		if (strcmp(host->name, s->host) == 0)
			s->reload_due = strcmp(host->digest,
			    s->digest) != 0;
	}
}
