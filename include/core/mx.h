/*
 * mx - what the mail exchangers of a domain say about whom it belongs to.
 *
 * A destination is known by a suffix of MX hosts, and a domain is its own
 * only if every MX of it is below that suffix: one host elsewhere, and its mail
 * may go elsewhere. Which hosts they are does not matter, nor how many; so
 * what is kept of them is one name, as short as will do.
 */
#ifndef CORE_MX_H
#define CORE_MX_H

#include "core/domain.h"

#include <stdint.h>

/* What DNS says of a domain. */
struct mx_answer {
	/*
	 * A name that is below a suffix if and only if all MX hosts are. The
	 * one MX; the domain itself where it has none but may have an address
	 * (RFC 5321 section 5.1). len 0: no host could take its mail (no such
	 * domain, or a null MX, RFC 7505), so it is nobody's.
	 */
	struct domain mx;
	int64_t ttl_ms;		/* as DNS has it; -1: it gave none */
};

/*
 * Another MX host: *mx becomes what stands for it as well. len 0: it is the
 * first. Where they have no label in common, *mx is below no suffix of two
 * labels or more, and of no use for one.
 */
void mx_join(struct domain *mx, const struct domain *host);

#endif
