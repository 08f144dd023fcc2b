/*
 * json - the values that every JSON text of ours is made of.
 */
#ifndef OBSERVE_JSON_H
#define OBSERVE_JSON_H

#include "base/buf.h"
#include "core/view.h"

#include <jansson.h>

/* Any bytes as a JSON string: what is not printable ASCII becomes '?'. */
json_t *json_text(const char *text);
/* json_text, or null for NULL and "". */
json_t *json_text_or_null(const char *text);
/* { state, by, reason, until_ms }, and rate where it has one; or null. */
json_t *json_override(const struct override *o);
/* Add the text of a value, laid out for reading, and free it. */
void json_write(struct buf *to, json_t *value);

#endif
