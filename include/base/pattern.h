/*
 * pattern - a compiled regular expression (PCRE2) with match limits, so that
 * neither a rule file nor a hostile text can make it run away.
 */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include "base/compiler.h"
#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>

struct pattern;

/* Compile, ignoring case. On error NULL with ERR_SYNTAX and the offset in
 * the text. */
struct pattern *pattern_new(const char *regex, struct err *err) MW_MUST_CHECK;
void pattern_free(struct pattern **p);
/* Does it match anywhere in text? A match that hits the limits is no match.
 * Not thread-safe on one object. */
bool pattern_match(const struct pattern *p, struct span text);

#endif
