#include "wire/socketmap.h"

#include "base/printable.h"
#include "wire/netstring.h"

static const char *const words[] = {
	[SOCKETMAP_OK] = "OK ",
	[SOCKETMAP_NOTFOUND] = "NOTFOUND ",
	[SOCKETMAP_TEMP] = "TEMP ",
	[SOCKETMAP_TIMEOUT] = "TIMEOUT ",
	[SOCKETMAP_PERM] = "PERM ",
};

bool
socketmap_request_parse(struct span payload, struct socketmap_request *out)
{
	struct span key = payload;
	const struct span map = span_cut(&key, ' ');

	if (map.len == 0 || key.at == NULL || span_find(payload, '\0') >= 0)
		return false;
	*out = (struct socketmap_request){ .map = map, .key = key };
	return true;
}

void
socketmap_reply_write(struct buf *to, enum socketmap_answer answer,
    struct span text)
{
	const struct span word = span_of(words[answer]);
	char payload[SOCKETMAP_REQUEST_MAX + 1];

	memcpy(payload, word.at, word.len);
	printable(payload + word.len, sizeof(payload) - word.len, text);
	netstring_write(to, span_of(payload));
}
