#include "base/printable.h"

#include <assert.h>

#define CUT_MARK "..."

static bool
is_printable(char c)
{
	return c >= 0x20 && c <= 0x7e;
}

char *
printable(char *dst, size_t size, struct span s)
{
	const bool cut = s.len >= size;
	const size_t len = cut ? size - 1 : s.len;

	assert(size > 0);
	for (size_t i = 0; i < len; i++)
		dst[i] = is_printable(s.at[i]) ? s.at[i] : '?';
	if (cut && size > 8)
		memcpy(dst + len - 3, CUT_MARK, 3);
	dst[len] = '\0';
	return dst;
}

bool
printable_all(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_printable(s.at[i]))
			return false;
	return true;
}
