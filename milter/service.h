/*
 * service - a configuration in force, with the keeper that works by it.
 *
 * A reload puts a new one beside the old. Sessions keep the one they began
 * with, and the last to let go of it ends it. Any thread.
 */
#ifndef MILTER_SERVICE_H
#define MILTER_SERVICE_H

#include "config/config.h"
#include "milter/session.h"

struct service;

/* Make config, the service's own from now on, the one in force. -1, and the
 * old one stays, when that cannot be; config is freed then, too. */
int service_start(struct config *config, struct err *err) MW_MUST_CHECK;

/* The one in force, kept until it is unpinned. */
struct service *service_pin(void);
void service_unpin(struct service **service);

/* Lives as long as the service. */
const struct session_world *service_world(const struct service *service);
/* This host's name in Redis. */
const char *service_host(const struct service *service);

/* Give back all leases and send all counters, of every service that is left;
 * sessions may still be there. */
void service_close_all(void);

#endif
