/*
 * json - JSON on standard output, one value a line or laid out for reading.
 */
#ifndef CTL_JSON_H
#define CTL_JSON_H

#include "core/view.h"

#include <jansson.h>
#include <stdbool.h>

/* Any bytes as a JSON string: what is not printable ASCII becomes '?'. */
json_t *json_text(const char *text);
/* json_text, or null for NULL and "". */
json_t *json_text_or_null(const char *text);
/* { state, by, reason, until_ms }, and rate where it has one; or null. */
json_t *json_override(const struct override *o);
/* Print and free. */
void json_print(json_t *value, bool one_line);

#endif
