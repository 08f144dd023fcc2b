#include "core/domain.h"

#include "base/idna.h"

#define LABEL_MAX 63		/* RFC 1035 section 2.3.4 */

static bool
is_ascii(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] >= 0x80)
			return false;
	return true;
}

/* A letter or digit in lower case, '-' or '_'; 0 for any other. */
static char
name_char(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c + ('a' - 'A'));
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	    c == '_')
		return c;
	return 0;
}

/* One label, folded, to dst; hyphens stand inside only. */
static bool
copy_label(struct span label, char *dst)
{
	if (label.len == 0 || label.len > LABEL_MAX ||
	    label.at[0] == '-' || label.at[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		dst[i] = name_char(label.at[i]);
		if (dst[i] == 0)
			return false;
	}
	return true;
}

static bool
parse_ascii(struct span rest, struct domain *out)
{
	struct domain d = { .len = 0 };

	if (rest.len == 0 || rest.len > DOMAIN_MAX)
		return false;
	while (rest.at != NULL) {
		const struct span label = span_cut(&rest, '.');

		if (!copy_label(label, d.name + d.len))
			return false;
		d.len = (uint8_t)(d.len + label.len);
		if (rest.at != NULL)
			d.name[d.len++] = '.';
	}
	*out = d;
	return true;
}

bool
domain_parse(struct span text, struct domain *out)
{
	char ascii[DOMAIN_MAX + 2];

	if (text.len > 0 && text.at[text.len - 1] == '.')
		text.len--;
	if (is_ascii(text))
		return parse_ascii(text, out);
	return idna_to_ascii(text, ascii, sizeof(ascii)) &&
	    parse_ascii(span_of(ascii), out);
}

bool
domain_of_address(struct span address, struct domain *out)
{
	ptrdiff_t at;

	if (address.len >= 2 && address.at[0] == '<' &&
	    address.at[address.len - 1] == '>')
		address = (struct span){ address.at + 1, address.len - 2 };
	/* A source route, "@a,@b:user@c" (RFC 5321 appendix C): obsolete. */
	if (address.len == 0 || address.at[0] == '@')
		return false;
	at = span_rfind(address, '@');
	if (at < 0)
		return false;
	return domain_parse((struct span){ address.at + at + 1,
	    address.len - (size_t)at - 1 }, out);
}

struct span
domain_span(const struct domain *d)
{
	return (struct span){ d->name, d->len };
}
