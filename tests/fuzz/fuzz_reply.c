/* Its own smfi_setreply stands in for libmilter's. */
#include "fuzz.h"

#include "base/printable.h"
#include "core/decide.h"
#include "milter/mta_reply.h"

#include <assert.h>
#include <string.h>

static sfsistat promised;	/* what has to go with the last reply */

/* libmilter's rules, and Postfix's: a text that printf could be given, a code
 * and an enhanced code of one class, or the milter is dropped. */
int
smfi_setreply(SMFICTX *ctx, char *code, char *dsn, char *text)
{
	(void)ctx;
	assert(strlen(code) == 3 && (code[0] == '4' || code[0] == '5'));
	assert(dsn[0] == code[0] && dsn[1] == '.');
	assert(printable_all(span_of(text)) && strlen(text) < 980);
	for (const char *at = text; (at = strchr(at, '%')) != NULL; at += 2)
		assert(at[1] == '%');
	promised = code[0] == '4' ? SMFIS_TEMPFAIL : SMFIS_REJECT;
	return MI_SUCCESS;
}

/* All or nothing, and one line of printable ASCII. */
static void
check_render(const struct reply *r, enum reply_form form)
{
	char whole[REPLY_TEXT_MAX + 32], cut[20];

	if (!reply_render(r, form, whole, sizeof(whole))) {
		assert(!reply_sane(r) && whole[0] == '\0');
		return;
	}
	assert(reply_sane(r) && whole[0] != '\0');
	assert(printable_all(span_of(whole)));
	if (!reply_render(r, form, cut, sizeof(cut)))
		assert(strlen(whole) >= sizeof(cut) && cut[0] == '\0');
	else
		assert(strcmp(cut, whole) == 0);
}

static void
check_reply(const struct reply *r)
{
	sfsistat said;

	check_render(r, REPLY_SMTP);
	check_render(r, REPLY_STATUS);
	said = mta_reply(NULL, r);
	assert(said == promised);
	if (!reply_sane(r) || r->code < 400)
		assert(said == SMFIS_TEMPFAIL);
}

/* Whatever Redis says is the incident; the name is the administrator's. */
static void
check_held(unsigned reason, const char *incident)
{
	const struct reply r = decide_held_reply("filter",
	    (enum decide_reason)reason, 28000, incident);

	assert(reply_sane(&r) && reply_is_temporary(&r));
	check_reply(&r);
}

/* A text as a configuration may have it. */
static void
check_made(const char *text, const char *name)
{
	struct reply r = { .code = 1 };

	if (reply_make(451, REPLY_DSN_NOT_ACCEPTING, text, name, &r))
		assert(reply_sane(&r) && r.code == 451);
	else
		assert(r.code == 1);
	check_reply(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span in = { (const char *)data, size };
	char text[2 * REPLY_TEXT_MAX], incident[INCIDENT_MAX + 1];
	struct reply any;
	struct span rest;

	if (dsn_parse(in, &any.dsn, &rest))
		assert(any.dsn.class <= 5 && any.dsn.subject <= 999 &&
		    any.dsn.detail <= 999 && rest.len < in.len);
	if (span_copy(text, sizeof(text), in)) {
		check_made(text, "contoso");
		check_made("DESTINATION is busy", text);
		check_made(text, NULL);
	}
	check_held(size % (DECIDE_FORCED + 1),
	    printable(incident, sizeof(incident), in));
	memset(&any, 0, sizeof(any));
	memcpy(&any, data, size < sizeof(any) ? size : sizeof(any));
	check_reply(&any);
	return 0;
}
