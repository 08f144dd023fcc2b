/*
 * health - how the link to Redis is, told apart as an administrator would.
 */
#ifndef STORE_HEALTH_H
#define STORE_HEALTH_H

#include "base/net.h"

enum store_trouble {
	STORE_FINE = 0,
	STORE_UNREACHABLE,	/* cannot connect, connection lost */
	STORE_SILENT,		/* no answer within the timeout */
	STORE_LOADING,		/* LOADING: reading its data set */
	STORE_READONLY,		/* READONLY: a replica */
	STORE_FULL,		/* OOM: maxmemory reached */
	STORE_DENIED,		/* NOAUTH, WRONGPASS, NOPERM */
	STORE_ODD,		/* an answer that makes no sense */
};
/* "fine", "unreachable", "silent", "loading", "readonly", "full", "denied",
 * "odd". */
const char *store_trouble_name(enum store_trouble trouble);
/* What the administrator should look at, one sentence. */
const char *store_trouble_advice(enum store_trouble trouble);

/* Told once a change, never once a message. text: the server's words, printable. */
typedef void store_health_fn(void *arg, enum store_trouble trouble,
    const char *text);

struct store_options {
	struct address address;
	struct sentinels sentinels;	/* if any: they say it instead */
	const char *prefix;	/* "mailweir" */
	const char *username;	/* NULL: none */
	const char *password;	/* NULL: none */
	int database;
	int64_t timeout_ms;	/* the longest that anyone waits for one answer */
};

#endif
