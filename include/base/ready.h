/*
 * ready - tells the service manager how far we are, where there is one.
 */
#ifndef BASE_READY_H
#define BASE_READY_H

/* "READY=1", "RELOADING=1", "STOPPING=1": sd_notify(3). */
void ready_tell(const char *state);

#endif
