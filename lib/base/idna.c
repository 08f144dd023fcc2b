#include "base/idna.h"

#include <idn2.h>

#define NAME_MAX_BYTES 1000	/* of UTF-8; more cannot become 253 octets */

bool
idna_to_ascii(struct span utf8, char *dst, size_t size)
{
	char name[NAME_MAX_BYTES + 1];
	char *ascii = NULL;
	bool good;

	if (!span_copy(name, sizeof(name), utf8) || name[0] == '\0')
		return false;
	if (idn2_to_ascii_8z(name, &ascii, IDN2_NFC_INPUT |
	    IDN2_NONTRANSITIONAL) != IDN2_OK)
		return false;
	good = span_copy(dst, size, span_of(ascii));
	idn2_free(ascii);
	return good;
}
