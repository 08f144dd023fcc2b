#include "fuzz.h"

#include "wire/postqueue.h"

#include <assert.h>
#include <string.h>

/* The id becomes an argument of another program. */
static void
check_recipient(void *arg, const struct postqueue_message *message,
    struct span address, struct span why)
{
	const size_t len = strnlen(message->id, sizeof(message->id));

	assert(len > 0 && len <= POSTQUEUE_ID_MAX);
	assert(strspn(message->id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz") == len);
	assert(address.at != NULL || address.len == 0);
	assert(why.at != NULL || why.len == 0);
	++*(size_t *)arg;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span in = { (const char *)data, size };
	size_t told = 0;
	int64_t ms;

	if (!postqueue_read(in, check_recipient, &told))
		assert(told == 0);
	if (postqueue_time(in, &ms))
		assert(ms >= 0 && ms <= 3650 * INT64_C(86400000));
	return 0;
}
