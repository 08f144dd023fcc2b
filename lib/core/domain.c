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
is_label(struct span s)
{
	if (s.len == 0 || s.len > LABEL_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_label_byte(s.at[i]))
			return false;
	return true;
}

static bool
is_name(struct span s)
{
	while (s.at != NULL)
		if (!is_label(span_cut(&s, '.')))
			return false;
	return true;
}

static void
lower(char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text += 'a' - 'A';
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

bool
domain_parse(struct span text, struct domain *out)
{
	char name[DOMAIN_MAX + 2];	/* and a final dot */
	struct span s;

	if (is_ascii(text) ? !span_copy(name, sizeof(name), text) :
	    !idna_to_ascii(text, name, sizeof(name)))
		return false;
	lower(name);
	s = without_final_dot(span_of(name));
	if (s.len > DOMAIN_MAX || !is_name(s))
		return false;
	*out = (struct domain){ .len = (uint8_t)s.len };
	memcpy(out->name, s.at, s.len);
	return true;
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
