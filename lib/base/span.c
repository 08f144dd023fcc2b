#include "base/span.h"

static unsigned char
fold(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool
span_eq(struct span a, struct span b)
{
	return a.len == b.len &&
	    (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool
span_eq_fold(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (fold(a.at[i]) != fold(b.at[i]))
			return false;
	return true;
}

bool
span_starts(struct span s, struct span prefix)
{
	return s.len >= prefix.len &&
	    span_eq((struct span){ s.at, prefix.len }, prefix);
}

bool
span_ends_fold(struct span s, struct span suffix)
{
	return s.len >= suffix.len && (suffix.len == 0 ||
	    span_eq_fold((struct span){ s.at + (s.len - suffix.len),
	    suffix.len }, suffix));
}

struct span
span_trim(struct span s)
{
	while (s.len > 0 && is_blank(s.at[0])) {
		s.at++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.at[s.len - 1]))
		s.len--;
	return s;
}

struct span
span_cut(struct span *rest, char sep)
{
	const ptrdiff_t at = span_find(*rest, sep);
	struct span before = *rest;

	if (at < 0) {
		*rest = (struct span){ NULL, 0 };
		return before;
	}
	before.len = (size_t)at;
	rest->at += at + 1;
	rest->len -= (size_t)at + 1;
	return before;
}

ptrdiff_t
span_find(struct span s, char c)
{
	const char *found = s.len == 0 ? NULL : memchr(s.at, c, s.len);

	return found == NULL ? -1 : found - s.at;
}

ptrdiff_t
span_rfind(struct span s, char c)
{
	for (size_t i = s.len; i > 0; i--)
		if (s.at[i - 1] == c)
			return (ptrdiff_t)i - 1;
	return -1;
}

bool
span_copy(char *dst, size_t size, struct span s)
{
	dst[0] = '\0';
	if (s.len >= size || span_find(s, '\0') >= 0)
		return false;
	if (s.len > 0)
		memcpy(dst, s.at, s.len);
	dst[s.len] = '\0';
	return true;
}
