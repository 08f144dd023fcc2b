#include "base/number.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
	const char *name;
	int64_t ms;
} units[] = {			/* from the greatest, for duration_format */
	{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 },
	{ "ms", 1 },
};

/* Decimal digits only, to 0..INT64_MAX. */
static bool
parse_digits(struct span s, int64_t *out)
{
	int64_t n = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9' ||
		    __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, s.at[i] - '0', &n))
			return false;
	}
	*out = n;
	return true;
}

bool
number_parse(struct span s, int64_t min, int64_t max, int64_t *out)
{
	const bool negative = s.len > 0 && s.at[0] == '-';
	int64_t n;

	if (negative) {
		s.at++;
		s.len--;
	}
	if (!parse_digits(s, &n))
		return false;
	if (negative)
		n = -n;
	if (n < min || n > max)
		return false;
	*out = n;
	return true;
}

struct span
number_text(int64_t n, char dst[24])
{
	uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;
	size_t at = 24;

	do {
		dst[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (n < 0)
		dst[--at] = '-';
	return (struct span){ dst + at, 24 - at };
}

bool
duration_parse(struct span s, int64_t *out_ms)
{
	size_t digits = 0;
	int64_t n;

	while (digits < s.len && s.at[digits] >= '0' && s.at[digits] <= '9')
		digits++;
	if (!parse_digits((struct span){ s.at, digits }, &n))
		return false;
	for (size_t i = 0; i < MW_N_OF(units); i++) {
		const struct span unit = { s.at + digits, s.len - digits };

		if (span_eq(unit, span_of(units[i].name)))
			return !__builtin_mul_overflow(n, units[i].ms, out_ms);
	}
	return false;
}

const char *
duration_format(int64_t ms, char dst[24])
{
	size_t i = 0;

	while (i + 1 < MW_N_OF(units) &&
	    (ms % units[i].ms != 0 || ms < units[i].ms))
		i++;
	snprintf(dst, 24, "%" PRId64 "%s", ms / units[i].ms, units[i].name);
	return dst;
}
