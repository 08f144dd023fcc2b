/*
 * span - bytes borrowed from someone else: a pointer and a length, no NUL.
 *
 * A span never owns. It is valid as long as what it was cut from.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *at;		/* may be NULL when len is 0 */
	size_t len;
};

#define SPAN(literal) ((struct span){ (literal), sizeof(literal) - 1 })

/* The whole of a C string; NULL gives an empty span. */
static inline struct span
span_of(const char *text)
{
	return (struct span){ text, text != NULL ? strlen(text) : 0 };
}

/* Without its first n bytes (n <= len). */
static inline struct span
span_skip(struct span s, size_t n)
{
	return (struct span){ s.at + n, s.len - n };
}

bool span_eq(struct span a, struct span b);
/* As span_eq, with A-Z equal to a-z (ASCII only, whatever the locale). */
bool span_eq_fold(struct span a, struct span b);
bool span_starts(struct span s, struct span prefix);
bool span_ends_fold(struct span s, struct span suffix);
/* Without leading and trailing blanks, tabs, CR and LF. */
struct span span_trim(struct span s);
/*
 * Cut *rest at the first sep: returns what stands before it and moves *rest
 * behind it. Without a sep, returns all and leaves *rest empty with at NULL,
 * so that `while (rest.at != NULL)` visits every field.
 */
struct span span_cut(struct span *rest, char sep);
/* Position of the first/last c, or -1. */
ptrdiff_t span_find(struct span s, char c);
ptrdiff_t span_rfind(struct span s, char c);
/*
 * Copy into dst[size] with a NUL; true when it fitted and held no NUL byte.
 * When false, dst is the empty string.
 */
bool span_copy(char *dst, size_t size, struct span s);

#endif
