/*
 * wiring - the Postfix settings that a configuration needs, as text to be
 * pasted: main.cf, master.cf and the transport table, each valid for its file
 * as it stands, with comments that say why.
 *
 * A lane is a clone of smtp(8) which asks the gate before each connection and
 * tells each outcome: postconf(5) smtp_tls_policy_maps and
 * smtp_delivery_status_filter. One with a choice of next hops does not wait
 * for the replies before DATA for longer than breaker.slow_after.
 */
#ifndef CTL_WIRING_H
#define CTL_WIRING_H

#include "config/config.h"

#include <stdio.h>

enum wiring_part { WIRING_MAIN, WIRING_MASTER, WIRING_TRANSPORT };
#define WIRING_PARTS 3
/* The transport table, beside main.cf. */
#define WIRING_TABLE "mailweir-transport"

/* Postfix's own, where it is not asked. */
#define WIRING_QUEUE_DIRECTORY "/var/spool/postfix"
#define WIRING_SOCKET_MAX 128

/* "main.cf", "master.cf", "transport". */
const char *wiring_part_name(enum wiring_part part);
/* queue_directory: that of the instance. */
void wiring_write(FILE *to, const struct config *config,
    const char *queue_directory, enum wiring_part part);
/* As Postfix is to name what listens there: below its queue directory by a
 * relative path, which works chrooted and not. Returns dst. */
const char *wiring_socket(const char *listen, const char *queue_directory,
    char dst[WIRING_SOCKET_MAX]);

#endif
