/*
 * event_text - an event of the stream as one line for people.
 */
#ifndef CTL_EVENT_TEXT_H
#define CTL_EVENT_TEXT_H

#include "base/buf.h"
#include "store/request.h"

/* When it was, RFC 3339 or "-", into dst[32]; returns dst. */
const char *event_time(const struct store_event *e, char dst[32]);
/* "TIME EVENT name=value ...", printable, quoted where a value holds a blank;
 * no newline. */
void event_text(const struct store_event *e, struct buf *to);

#endif
