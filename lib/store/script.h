/*
 * script - the Lua text of each verb, and the name Redis keeps it under.
 */
#ifndef STORE_SCRIPT_H
#define STORE_SCRIPT_H

#include "base/span.h"
#include "store/request.h"

#define STORE_VERBS 15

struct span script_text(enum store_verb verb);
/* 40 hexadecimal digits. Any thread. */
const char *script_name(enum store_verb verb);

#endif
