/*
 * ready - what the service manager, where there is one, and we tell each
 * other.
 */
#ifndef BASE_READY_H
#define BASE_READY_H

#include <sys/socket.h>

/* "READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1": sd_notify(3). */
void ready_tell(const char *state);

/*
 * The listening stream socket at this address that was handed to us at our
 * start, non-blocking and close-on-exec; -1: none was. It is the service
 * manager's: while we are restarted, connections wait in it.
 * at: AF_UNIX with a path, AF_INET or AF_INET6.
 */
int ready_socket(const struct sockaddr *at, socklen_t len);

#endif
