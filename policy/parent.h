/*
 * parent - keeps the listening sockets and watches over the event loop.
 *
 * The loop runs in a child process. When it dies it is started again at once
 * with the last good configuration; when it has not been heard of for
 * PARENT_SILENCE_MS it is killed first. Connections wait in the sockets'
 * backlog meanwhile. The parent itself does nothing that could fail or hang.
 */
#ifndef POLICY_PARENT_H
#define POLICY_PARENT_H

#include "config/config.h"

#define PARENT_SILENCE_MS 2000

/* Run until SIGTERM or SIGINT; config is the parent's from now on. Returns
 * the process's exit status. */
int parent_run(const char *config_path, struct config *config);

#endif
