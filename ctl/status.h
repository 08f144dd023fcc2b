/*
 * status - what the verb of this name shows, for people.
 */
#ifndef CTL_STATUS_H
#define CTL_STATUS_H

#include "config/config.h"
#include "observe/status.h"

/* config: what this host is set up as. all: each destination and upstream,
 * however many there are. */
void status_show_text(const struct status *s, const struct config *config,
    bool all);

#endif
