/*
 * announce - an event, to the log and to the stream that all hosts share.
 */
#ifndef ENGINE_ANNOUNCE_H
#define ENGINE_ANNOUNCE_H

#include "observe/event.h"
#include "store/request.h"

/* The log has it at once; the stream if the store can be reached. */
void announce(const struct store_port *port, const struct event *event);

#endif
