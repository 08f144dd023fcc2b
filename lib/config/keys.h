/*
 * keys - the one table of what may stand in the file.
 *
 * Reading, checking, defaults, the sample file and the manual all come from
 * it. A key is looked up by the group that it stands in: "" for the top,
 * "upstreams.X" for any upstream.
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include "config/config.h"

enum key {			/* the keys of a group stand together */
	KEY_MODE, KEY_HOST, KEY_RULES_FILE,
	KEY_STORE_REDIS, KEY_STORE_TIMEOUT, KEY_STORE_PREFIX,
	KEY_STORE_USERNAME, KEY_STORE_PASSWORD_FILE, KEY_STORE_DATABASE,
	KEY_LISTEN_POLICY, KEY_LISTEN_MAP, KEY_LISTEN_MILTER,
	KEY_LISTEN_STATUS,
	KEY_UPSTREAM_NEXTHOP, KEY_UPSTREAM_MX, KEY_UPSTREAM_CONNECTIONS,
	KEY_UPSTREAM_TLS, KEY_UPSTREAM_BREAKER, KEY_UPSTREAM_RATE,
	KEY_UPSTREAM_SHARE, KEY_UPSTREAM_PROBE, KEY_UPSTREAM_SHIELD,
	KEY_DESTINATION_DOMAINS, KEY_DESTINATION_DOMAINS_FILE,
	KEY_DESTINATION_CATCH_ALL, KEY_DESTINATION_CAP,
	KEY_DESTINATION_ROUTES, KEY_DESTINATION_MX,
	KEY_ROUTE_UPSTREAM, KEY_ROUTE_UNFILTERED, KEY_ROUTE_AFTER,
	KEY_HOLD_INCOMING, KEY_HOLD_SUBMISSION, KEY_HOLD_QUEUE_LIMIT,
	KEY_SUBMISSION_AUTHENTICATED, KEY_SUBMISSION_NETWORKS,
	KEY_LEASE_TTL,
	KEY_GATE_WAIT, KEY_GATE_SPILL,
	KEY_BREAKER_WINDOW, KEY_BREAKER_MIN_OUTCOMES, KEY_BREAKER_MIN_HOSTS,
	KEY_BREAKER_CONSECUTIVE, KEY_BREAKER_SHED_AT, KEY_BREAKER_OPEN_AT,
	KEY_BREAKER_OPEN_FOR, KEY_BREAKER_OPEN_MAX, KEY_BREAKER_SLOW_AFTER,
	KEY_BREAKER_TRIALS, KEY_BREAKER_RAMP, KEY_BREAKER_RAMP_STEP,
	KEY_REPLIES_CAP, KEY_REPLIES_HOLD, KEY_REPLIES_LATE,
	KEY_LOG_LEVEL, KEY_LOG_TARGET,
	KEY_SLOW_CUT, KEY_SLOW_EVERY, KEY_SLOW_FLOOR, KEY_SLOW_RAISE,
	KEY_PROBE_EVERY, KEY_PROBE_FROM, KEY_PROBE_TO, KEY_PROBE_STARTTLS,
	KEY_RELEASE_RATE,
	KEY_RELEASE_COMMAND,
	KEY_FEED_MAILLOG,
	KEY_NOTIFY_COMMAND,
	KEY_DNS_CACHE_ENTRIES, KEY_DNS_STALE_FOR,
	KEYS
};

/* Groups within groups, and how they are written. */
enum group_form {
	GROUP_ONE,		/* name = { keys }; */
	GROUP_NAMED,		/* name = { A = { keys }; B = { keys }; }; */
	GROUP_LIST,		/* name = ( { keys }, { keys } ); */
};

struct group {
	const char *parent;	/* the group it stands in */
	const char *name;
	const char *keys;	/* the group its keys have in the table */
	enum group_form form;
};

const struct config_key *key_row(enum key key);
/* The key of that name in a group; KEYS when there is none. */
enum key key_find(const char *group, const char *name);
/* The first key of a group and how many there are. */
enum key key_first(const char *group, size_t *out_n);

const struct group *group_find(const char *parent, const char *name);
/* All of them. */
const struct group *group_list(size_t *out_n);

#endif
