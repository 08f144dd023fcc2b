#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The one place where running out of memory ends the process. */
static void *
there(void *memory)
{
	if (memory == NULL) {
		fputs("mailweir: out of memory\n", stderr);
		abort();
	}
	return memory;
}

void *
mem_new(size_t n, size_t size)
{
	return there(calloc(n > 0 ? n : 1, size > 0 ? size : 1));
}

void *
mem_resize(void *old, size_t n, size_t size)
{
	if (size > 0 && n > SIZE_MAX / size)
		there(NULL);
	return there(realloc(old, n * size > 0 ? n * size : 1));
}

char *
mem_dup(const char *text)
{
	return mem_dup_n(text, strlen(text));
}

char *
mem_dup_n(const char *text, size_t len)
{
	char *copy = mem_new(len + 1, 1);

	if (len > 0)
		memcpy(copy, text, len);
	return copy;
}

void
mem_free(void *old)
{
	free(old);
}
