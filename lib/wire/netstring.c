#include "wire/netstring.h"

enum netstring_state
netstring_read(struct span in, size_t max, struct span *out, size_t *out_used)
{
	size_t len = 0, i = 0;

	for (; i < in.len && in.at[i] >= '0' && in.at[i] <= '9'; i++) {
		/* A length has one form only: no leading zeros. */
		if (i > 0 && len == 0)
			return NETSTRING_BAD;
		len = len * 10 + (size_t)(in.at[i] - '0');
		if (len > max)
			return NETSTRING_BAD;
	}
	if (i == in.len)
		return NETSTRING_MORE;
	if (i == 0 || in.at[i] != ':')
		return NETSTRING_BAD;
	i++;
	if (in.len - i < len + 1)
		return NETSTRING_MORE;
	if (in.at[i + len] != ',')
		return NETSTRING_BAD;
	*out = (struct span){ in.at + i, len };
	*out_used = i + len + 1;
	return NETSTRING_DONE;
}

void
netstring_write(struct buf *to, struct span payload)
{
	buf_addf(to, "%zu:", payload.len);
	buf_add_span(to, payload);
	buf_add_text(to, ",");
}
