/*
 * scan - looks at the text before libconfig does, for what libconfig would
 * read wrongly without a word, or report at the wrong line.
 *
 * It knows tokens, not grammar: libconfig 1.5 lets integers overflow, reads
 * 010 as 10, ends a string at \x00, and reports a string that was never
 * closed where the file ends. Included files are looked at in their turn.
 */
#ifndef CONFIG_SCAN_H
#define CONFIG_SCAN_H

#include "load.h"

#define SCAN_FILE_MAX (4 * 1024 * 1024)

/*
 * Scan the text of file. Errors go into l->errors; false when one of them
 * makes it pointless to let libconfig read the text.
 */
bool scan_text(struct load *l, const char *file, struct span text);

#endif
