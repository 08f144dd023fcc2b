/*
 * words - a command as an administrator writes it: words with blanks between
 * them, no quotes.
 */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include <stddef.h>

/* Cut text, in place; words[] points into it and ends with NULL. How many, or
 * -1 where they are more than max (words has max + 1 places). */
int words_cut(char *text, const char **words, size_t max);
/* Add the words of more, which ends with NULL, behind n; as words_cut. */
int words_add(const char **words, int n, const char *const *more, size_t max);

#endif
