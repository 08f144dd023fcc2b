/*
 * errors - what is wrong with the files of a configuration, collected.
 *
 * Nobody stops at the first error, so there is a bound: behind the last one
 * that is listed stands a line that says so.
 */
#ifndef CONFIG_ERRORS_H
#define CONFIG_ERRORS_H

#include "config/config.h"

#define ERRORS_MAX 400
#define ERRORS_NOTES_MAX 300	/* from so many entries on, no further notes */

struct place {
	const char *file;
	unsigned line;		/* 0: the file as a whole */
};

void errors_add(struct config_errors *errors, struct place at,
    const char *fmt, ...) MW_PRINTF(3, 4);
void errors_note(struct config_errors *errors, struct place at,
    const char *fmt, ...) MW_PRINTF(3, 4);
/* Does one of the first n complain about this line? */
bool errors_know(const struct config_errors *errors, size_t n, struct place at);
/* Is there one that is no note? */
bool errors_spoil(const struct config_errors *errors);
/* By file (first, the main one's) and line. */
void errors_sort(struct config_errors *errors, const char *first);

#endif
