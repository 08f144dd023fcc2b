/*
 * read - libconfig's tree, walked along the table of keys.
 *
 * The only file that knows libconfig. It finds what a key's row can say:
 * unknown names, wrong types, values out of range.
 */
#ifndef CONFIG_READ_H
#define CONFIG_READ_H

#include "load.h"

/*
 * Read text, the main file's, into l->top. Errors go into l->errors; false
 * when the syntax is broken, and then that is the only one added.
 */
bool read_text(struct load *l, const char *text);

#endif
