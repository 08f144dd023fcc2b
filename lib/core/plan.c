#include "core/plan.h"

#include "base/mem.h"

#include <assert.h>

/* As postconf(5) spells them. */
static const char *const tls_level_names[] = {
	[TLS_UNSET] = "",
	[TLS_NONE] = "none",
	[TLS_MAY] = "may",
	[TLS_ENCRYPT] = "encrypt",
	[TLS_DANE] = "dane",
	[TLS_FINGERPRINT] = "fingerprint",
	[TLS_DANE_ONLY] = "dane-only",
	[TLS_VERIFY] = "verify",
	[TLS_SECURE] = "secure",
};

int
plan_upstream(const struct plan *p, struct span name)
{
	for (uint32_t i = 0; i < p->n_upstreams; i++)
		if (span_eq(name, span_of(p->upstreams[i].name)))
			return (int)i;
	return -1;
}

int
plan_destination(const struct plan *p, struct span name)
{
	for (uint32_t i = 0; i < p->n_destinations; i++)
		if (span_eq(name, span_of(p->destinations[i].name)))
			return (int)i;
	return -1;
}

int
plan_lane(const struct plan *p, struct span service)
{
	if (!span_starts(service, SPAN("mw-")))
		return -1;
	(void)span_cut(&service, '-');
	return plan_destination(p, service);
}

int
plan_match(const struct plan *p, struct span address)
{
	struct domain domain;
	int found;

	if (!domain_of_address(address, &domain))
		return -1;
	found = destination_map_find(p->domains, &domain);
	return found >= 0 ? found : p->catch_all;
}

bool
plan_asks_mx(const struct plan *p, const struct domain *domain)
{
	return p->mx != NULL && destination_map_count(p->mx) > 0 &&
	    destination_map_find(p->domains, domain) < 0;
}

int
plan_match_mx(const struct plan *p, const struct domain *mx)
{
	const int found = mx->len > 0 ? destination_map_find(p->mx, mx) : -1;

	return found >= 0 ? found : p->catch_all;
}

const char *
tls_level_name(enum tls_level level)
{
	assert((unsigned)level < MW_N_OF(tls_level_names));
	return tls_level_names[level];
}
