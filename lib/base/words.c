#include "base/words.h"

#include <string.h>

int
words_cut(char *text, const char **words, size_t max)
{
	size_t n = 0;

	for (char *at = text; *at != '\0';) {
		if (*at == ' ') {
			*at++ = '\0';
			continue;
		}
		if (n == max)
			return -1;
		words[n++] = at;
		at += strcspn(at, " ");
	}
	words[n] = NULL;
	return (int)n;
}

int
words_add(const char **words, int n, const char *const *more, size_t max)
{
	for (; *more != NULL; more++) {
		if ((size_t)n == max)
			return -1;
		words[n++] = *more;
	}
	words[n] = NULL;
	return n;
}
