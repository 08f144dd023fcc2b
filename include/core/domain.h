/*
 * domain - a mail domain, once: lower case, A-labels, no final dot.
 *
 * Parse, don't validate: what holds a struct domain holds a good one.
 */
#ifndef CORE_DOMAIN_H
#define CORE_DOMAIN_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

#define DOMAIN_MAX 253		/* RFC 1035 section 2.3.4, less the dots at the ends */

struct domain {
	char name[DOMAIN_MAX + 1];
	uint8_t len;		/* 1..253 */
};

/* "Contoso.COM." -> contoso.com; UTF-8 becomes A-labels; letters, digits,
 * '-' and '_' in labels of 1..63. An address literal "[...]" is no domain. */
bool domain_parse(struct span text, struct domain *out);
/* The domain of an address as Postfix gives it ("user@dom", "<user@dom>",
 * quoted local parts, source routes refused): what follows the last '@'. */
bool domain_of_address(struct span address, struct domain *out);
struct span domain_span(const struct domain *d);

#endif
