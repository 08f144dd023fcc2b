#include "fuzz.h"

#include "base/printable.h"
#include "wire/smtp_reply.h"

#include <assert.h>
#include <string.h>

static void
check(const struct smtp_reply *r)
{
	assert(r->code >= 200 && r->code <= 599);
	assert(r->lines >= 1 && r->lines <= SMTP_REPLY_LINES_MAX);
	assert(r->dsn.class == 0 || r->dsn.class == r->code / 100);
	assert(strlen(r->text) <= SMTP_REPLY_TEXT_MAX);
	assert(printable_all(span_of(r->text)));
}

static bool
same(const struct smtp_reply *a, const struct smtp_reply *b)
{
	return a->code == b->code && a->lines == b->lines &&
	    a->dsn.class == b->dsn.class && a->dsn.subject == b->dsn.subject &&
	    a->dsn.detail == b->dsn.detail && a->starttls == b->starttls &&
	    strcmp(a->text, b->text) == 0;
}

/* It is one reply, however it arrives. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data;
	struct smtp_reply whole = { 0 }, part = { 0 };
	enum smtp_reply_read read, read_part = SMTP_REPLY_MORE;
	size_t used = 0, eaten = 0;

	read = smtp_reply_read(&whole, (struct span){ at, size }, &used);
	assert(used <= size);
	for (size_t n = 1; read_part == SMTP_REPLY_MORE && n <= size; n++) {
		size_t step = 0;

		read_part = smtp_reply_read(&part, (struct span){ at + eaten,
		    n - eaten }, &step);
		eaten += step;
		assert(eaten <= n);
	}
	assert(read_part == read);
	if (read == SMTP_REPLY_BAD)
		return 0;
	assert(eaten == used && same(&whole, &part));
	if (read == SMTP_REPLY_DONE)
		check(&whole);
	return 0;
}
