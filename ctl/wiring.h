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

/* "main.cf", "master.cf", "transport". */
const char *wiring_part_name(enum wiring_part part);
void wiring_write(FILE *to, const struct config *config,
    enum wiring_part part);

#endif
