/*
 * json - JSON on standard output, one value a line or laid out for reading.
 */
#ifndef CTL_JSON_H
#define CTL_JSON_H

#include "observe/json.h"

#include <stdbool.h>

/* Print and free. */
void json_print(json_t *value, bool one_line);

#endif
