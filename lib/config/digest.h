/*
 * digest - a short name for what a configuration means.
 *
 * Hosts of one fleet must agree on upstreams, destinations and limits; their
 * names, modes, sockets and logs may differ and are left out. The order in
 * which upstreams, destinations and domains are written means nothing.
 */
#ifndef CONFIG_DIGEST_H
#define CONFIG_DIGEST_H

#include "config/config.h"

/* rules: the text of the rule file. */
void digest_make(const struct config *c, struct span rules, char dst[17]);

#endif
