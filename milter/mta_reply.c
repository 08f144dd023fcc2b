#include "milter/mta_reply.h"

#include "base/log.h"

#include <stdio.h>

static void
double_percents(char dst[2 * REPLY_TEXT_MAX + 1], const char *text)
{
	size_t n = 0;

	for (; *text != '\0' && n < 2 * REPLY_TEXT_MAX - 1; text++) {
		if (*text == '%')
			dst[n++] = '%';
		dst[n++] = *text;
	}
	dst[n] = '\0';
}

/* Something that says "later" in any case, and never 4.7.x. */
static struct reply
plain_reply(void)
{
	struct reply reply;

	reply_make(451, REPLY_DSN_NOT_ACCEPTING, "Please try again later",
	    NULL, &reply);
	return reply;
}

sfsistat
mta_reply(SMFICTX *ctx, const struct reply *asked)
{
	const struct reply reply = reply_sane(asked) && asked->code >= 400 ?
	    *asked : plain_reply();
	char code[8], dsn[24], text[2 * REPLY_TEXT_MAX + 1];

	snprintf(code, sizeof(code), "%u", reply.code);
	snprintf(dsn, sizeof(dsn), "%u.%u.%u", reply.dsn.class,
	    reply.dsn.subject, reply.dsn.detail);
	double_percents(text, reply.text);
	if (smfi_setreply(ctx, code, dsn, text) != MI_SUCCESS)
		log_error("reply-refused", LOG_TEXT("code", code),
		    LOG_TEXT("dsn", dsn), LOG_TEXT("text", reply.text));
	return reply_is_temporary(&reply) ? SMFIS_TEMPFAIL : SMFIS_REJECT;
}
