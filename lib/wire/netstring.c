#include "wire/netstring.h"

#include "base/number.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

enum netstring_state
netstring_read(struct span in, size_t max, struct span *out, size_t *out_used)
{
	size_t len = 0, at = 0;

	assert(max < SIZE_MAX / 16);
	for (; at < in.len && is_digit(in.at[at]); at++) {
		if (at > 0 && in.at[0] == '0')
			return NETSTRING_BAD;
		len = len * 10 + (size_t)(in.at[at] - '0');
		if (len > max)
			return NETSTRING_BAD;
	}
	if (at == in.len)
		return NETSTRING_MORE;
	if (at == 0 || in.at[at] != ':')
		return NETSTRING_BAD;
	at++;
	if (in.len - at <= len)
		return NETSTRING_MORE;
	if (in.at[at + len] != ',')
		return NETSTRING_BAD;
	*out = (struct span){ in.at + at, len };
	*out_used = at + len + 1;
	return NETSTRING_DONE;
}

void
netstring_write(struct buf *to, struct span payload)
{
	char len[24];

	buf_add_span(to, number_text((int64_t)payload.len, len));
	buf_add_text(to, ":");
	buf_add_span(to, payload);
	buf_add_text(to, ",");
}
