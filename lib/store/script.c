#include "script.h"

#include <pthread.h>

#include "lua_text.h"
#include "sha1.h"

static const struct span texts[STORE_VERBS] = {
	[STORE_LEASE_TAKE] = SPAN(LUA_PRELUDE LUA_LEASE_TAKE),
	[STORE_LEASE_RENEW] = SPAN(LUA_PRELUDE LUA_LEASE_RENEW),
	[STORE_LEASE_DROP] = SPAN(LUA_PRELUDE LUA_LEASE_DROP),
	[STORE_SLOTS] = SPAN(LUA_PRELUDE LUA_SLOTS),
	[STORE_OBSERVE] = SPAN(LUA_PRELUDE LUA_OBSERVE),
	[STORE_COMMIT] = SPAN(LUA_PRELUDE LUA_COMMIT),
	[STORE_DESTINATION] = SPAN(LUA_PRELUDE LUA_DESTINATION),
	[STORE_COUNT] = SPAN(LUA_PRELUDE LUA_COUNT),
	[STORE_BACKLOG] = SPAN(LUA_PRELUDE LUA_BACKLOG),
	[STORE_OVERRIDE] = SPAN(LUA_PRELUDE LUA_OVERRIDE),
	[STORE_PREFLIGHT] = SPAN(LUA_PRELUDE LUA_PREFLIGHT),
	[STORE_HEARTBEAT] = SPAN(LUA_PRELUDE LUA_HEARTBEAT),
	[STORE_HOSTS] = SPAN(LUA_PRELUDE LUA_HOSTS),
	[STORE_EVENT_ADD] = SPAN(LUA_PRELUDE LUA_EVENT_ADD),
	[STORE_EVENTS] = SPAN(LUA_PRELUDE LUA_EVENTS),
};

static char names[STORE_VERBS][41];
static pthread_once_t named = PTHREAD_ONCE_INIT;

static void
name_all(void)
{
	for (unsigned i = 0; i < STORE_VERBS; i++)
		sha1_hex(texts[i], names[i]);
}

struct span
script_text(enum store_verb verb)
{
	return texts[verb];
}

const char *
script_name(enum store_verb verb)
{
	pthread_once(&named, name_all);
	return names[verb];
}
