#include "fuzz.h"

#include "wire/dns_mx.h"

#include <assert.h>
#include <string.h>

/* What it says is a domain as any other, and a TTL. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct domain asked, again;
	struct mx_answer a;

	assert(domain_parse(SPAN("contoso.test"), &asked));
	if (!dns_mx_read((struct span){ (const char *)data, size }, &asked,
	    &a))
		return 0;
	assert(a.ttl_ms >= -1 && a.ttl_ms <= INT32_MAX * INT64_C(1000));
	assert(strlen(a.mx.name) == a.mx.len);
	if (a.mx.len > 0) {
		assert(domain_parse(domain_span(&a.mx), &again));
		assert(strcmp(again.name, a.mx.name) == 0);
	}
	return 0;
}
