#include "wire/socketmap.h"

#include "base/printable.h"
#include "wire/netstring.h"

static const char *const words[] = {
	[SOCKETMAP_OK] = "OK",
	[SOCKETMAP_NOTFOUND] = "NOTFOUND",
	[SOCKETMAP_TEMP] = "TEMP",
	[SOCKETMAP_TIMEOUT] = "TIMEOUT",
	[SOCKETMAP_PERM] = "PERM",
};

bool
socketmap_request_parse(struct span payload, struct socketmap_request *out)
{
	struct span key = payload;
	const struct span map = span_cut(&key, ' ');

	if (key.at == NULL || map.len == 0 || span_find(payload, '\0') >= 0)
		return false;
	*out = (struct socketmap_request){ map, key };
	return true;
}

void
socketmap_reply_write(struct buf *to, enum socketmap_answer answer,
    struct span text)
{
	struct buf payload = buf_new(SOCKETMAP_TEXT_MAX + 16);
	char safe[SOCKETMAP_TEXT_MAX + 1];

	buf_addf(&payload, "%s %s", words[answer],
	    printable(safe, sizeof(safe), text));
	netstring_write(to, buf_span(&payload));
	buf_free(&payload);
}
