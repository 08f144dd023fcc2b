/*
 * mem - memory that is there, or the process ends in one place.
 *
 * Honest only because every input of Mailweir has a size limit. Nothing else
 * in the tree calls malloc. All functions may be called from any thread.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* Zeroed memory for n things of size bytes each; never NULL. Yours. */
void *mem_new(size_t n, size_t size);

/* old grown or shrunk to n things of size bytes; new bytes are not zeroed. */
void *mem_resize(void *old, size_t n, size_t size);

/* A copy of text, or of its first len bytes with a NUL added. Yours. */
char *mem_dup(const char *text);
char *mem_dup_n(const char *text, size_t len);

/* Free; NULL is fine. */
void mem_free(void *old);

#define MW_N_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
