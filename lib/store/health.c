#include "store/health.h"

#include <assert.h>

#include "base/mem.h"
#include "trouble.h"

static const struct {
	const char *name, *advice;
} troubles[] = {
	[STORE_FINE] = { "fine", "nothing to do" },
	[STORE_UNREACHABLE] = { "unreachable",
	    "is redis-server running, and store.redis its address?" },
	[STORE_SILENT] = { "silent",
	    "redis-server is overloaded or stuck: see SLOWLOG GET and INFO" },
	[STORE_LOADING] = { "loading",
	    "redis-server reads its data set and will be back by itself" },
	[STORE_READONLY] = { "readonly",
	    "this is a replica: point store.redis at the primary, or name its "
	    "sentinels there" },
	[STORE_FULL] = { "full",
	    "redis-server may not write: see maxmemory and its disk" },
	[STORE_DENIED] = { "denied",
	    "check store.username, store.password_file and the ACL" },
	[STORE_ODD] = { "odd",
	    "a key under the prefix is not Mailweir's: see docs/store.md" },
};

/* By the word that an error begins with. Everything else is STORE_ODD. */
static const struct {
	struct span word;
	enum store_trouble trouble;
} words[] = {
	{ SPAN("LOADING"), STORE_LOADING },
	{ SPAN("MASTERDOWN"), STORE_LOADING },
	{ SPAN("BUSY"), STORE_SILENT },
	{ SPAN("READONLY"), STORE_READONLY },
	{ SPAN("NOREPLICAS"), STORE_FULL },
	{ SPAN("OOM"), STORE_FULL },
	{ SPAN("MISCONF"), STORE_FULL },
	{ SPAN("NOAUTH"), STORE_DENIED },
	{ SPAN("WRONGPASS"), STORE_DENIED },
	{ SPAN("NOPERM"), STORE_DENIED },
	{ SPAN("ERR invalid password"), STORE_DENIED },
	{ SPAN("ERR AUTH"), STORE_DENIED },
	{ SPAN("ERR Client sent AUTH"), STORE_DENIED },
	{ SPAN("ERR max number of clients"), STORE_DENIED },
	{ SPAN("ERR ACL failure"), STORE_DENIED },
	{ SPAN("ERR The user executing the script"), STORE_DENIED },
};

const char *
store_trouble_name(enum store_trouble trouble)
{
	return troubles[trouble].name;
}

const char *
store_trouble_advice(enum store_trouble trouble)
{
	return troubles[trouble].advice;
}

/*
 * What a script ran into. Redis 6 wraps it: "ERR Error running script (call
 * to f_6b1b): @user_script:30: @user_script: 30: -OOM command not allowed".
 */
static struct span
unwrap(struct span text)
{
	const struct span wrap = SPAN("ERR Error running script");
	struct span rest = text;

	if (!span_starts(text, wrap))
		return text;
	while (rest.at != NULL) {
		struct span part;

		span_cut(&rest, ' ');
		part = rest;
		if (part.len > 1 && part.at[0] == '-')
			return (struct span){ part.at + 1, part.len - 1 };
		for (size_t i = 0; i < MW_N_OF(words); i++)
			if (span_starts(part, words[i].word))
				return part;
		if (span_starts(part, SPAN("The user executing the script")))
			return SPAN("NOPERM");
	}
	return text;
}

enum store_trouble
trouble_of(struct span text)
{
	text = unwrap(text);
	for (size_t i = 0; i < MW_N_OF(words); i++)
		if (span_starts(text, words[i].word))
			return words[i].trouble;
	return STORE_ODD;
}
