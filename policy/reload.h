/*
 * reload - reads the configuration anew while the loop goes on.
 *
 * A file of 100,000 domains takes tens of milliseconds, in which a loop that
 * read it by itself would answer nobody. So a thread reads; its result comes
 * back into the loop.
 */
#ifndef POLICY_RELOAD_H
#define POLICY_RELOAD_H

#include "config/config.h"

#include <event2/event.h>

struct reload;

/* fresh: as from config_load(), the callee's from now on; errors are not. */
typedef void reload_done(void *arg, struct config *fresh,
    const struct config_errors *errors);

/* path is borrowed. NULL with ERR_SYSTEM where there is no pipe to be had. */
struct reload *reload_new(struct event_base *base, const char *path,
    reload_done *done, void *arg, struct err *err) MW_MUST_CHECK;
/* Waits for a thread that reads; what it read is nobody's then. */
void reload_free(struct reload **reload);
/*
 * Read the file; done is told, by the loop. While it is being read already,
 * it is read once more after that, as it may have changed meanwhile.
 */
void reload_begin(struct reload *reload);

#endif
