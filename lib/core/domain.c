#include "core/domain.h"

#include "base/idna.h"

#define LABEL_MAX 63		/* RFC 1035 section 2.3.4 */

static bool
is_ascii(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] > 0x7f)
			return false;
	return true;
}

/* '_' is in no host name (RFC 952), but in domains that get mail. */
static bool
is_label_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '_';
}

static bool
is_label_length(size_t len)
{
	return len >= 1 && len <= LABEL_MAX;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static struct span
without_final_dot(struct span s)
{
	if (s.len > 0 && s.at[s.len - 1] == '.')
		s.len--;
	return s;
}

static struct span
without_brackets(struct span s)
{
	if (s.len >= 2 && s.at[0] == '<' && s.at[s.len - 1] == '>')
		return (struct span){ s.at + 1, s.len - 2 };
	return s;
}

/* Labels with dots between them. In one go: it is done for each recipient. */
static bool
read_name(struct span s, struct domain *out)
{
	char name[DOMAIN_MAX];
	size_t label = 0;	/* where this one begins */

	if (s.len > DOMAIN_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		const char c = lower(s.at[i]);

		if (c == '.') {
			if (!is_label_length(i - label))
				return false;
			label = i + 1;
		} else if (!is_label_byte(c)) {
			return false;
		}
		name[i] = c;
	}
	if (!is_label_length(s.len - label))
		return false;
	memcpy(out->name, name, s.len);
	out->name[s.len] = '\0';
	out->len = (uint8_t)s.len;
	return true;
}

bool
domain_parse(struct span text, struct domain *out)
{
	char name[DOMAIN_MAX + 2];	/* and a final dot */

	if (read_name(without_final_dot(text), out))
		return true;
	return !is_ascii(text) && idna_to_ascii(text, name, sizeof(name)) &&
	    read_name(without_final_dot(span_of(name)), out);
}

bool
domain_of_address(struct span address, struct domain *out)
{
	const struct span s = without_brackets(address);
	const ptrdiff_t at = span_rfind(s, '@');

	/* "@relay:user@domain" is a source route: RFC 5321 appendix C. */
	if (at < 1 || s.at[0] == '@' || s.at[0] == '<')
		return false;
	return domain_parse((struct span){ s.at + at + 1,
	    s.len - (size_t)at - 1 }, out);
}

struct span
domain_span(const struct domain *d)
{
	return (struct span){ d->name, d->len };
}
