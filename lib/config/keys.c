#include "keys.h"

#include "base/mem.h"

#include <assert.h>

#define QUOTED(text) "\"" text "\""

static const struct config_key keys[KEYS] = {
	[KEY_MODE] = { "", "mode", "enum", "observe | enforce", "\"observe\"",
	    "observe: watch and count; enforce: act on it; per host" },
	[KEY_HOST] = { "", "host", "string",
	    "letters, digits, dots and hyphens, 64 at most", "",
	    "this machine's name in Redis; without it, the system's host name" },
	[KEY_RULES_FILE] = { "", "rules_file", "string", "",
	    QUOTED(MW_RULES_FILE),
	    "the rules that say what an upstream's answer means" },

	[KEY_STORE_REDIS] = { "store", "redis", "string",
	    "unix:/PATH, tcp:ADDRESS:PORT, "
	    "sentinel:NAME@ADDRESS:PORT[,ADDRESS:PORT]",
	    "\"unix:/run/redis/redis-server.sock\"",
	    "where Redis is, or who knows it; addresses, never a host name" },
	[KEY_STORE_TIMEOUT] = { "store", "timeout", "duration", "1ms..10s",
	    "\"50ms\"",
	    "how long an answer may take before decisions go on without it" },
	[KEY_STORE_PREFIX] = { "store", "prefix", "string",
	    "letters, digits, dots, hyphens and underscores, 32 at most",
	    "\"mailweir\"", "the first part of every key in Redis" },
	[KEY_STORE_USERNAME] = { "store", "username", "string", "", "",
	    "the Redis user, where ACLs are in use" },
	[KEY_STORE_PASSWORD_FILE] = { "store", "password_file", "string", "",
	    "", "a file that holds the password; not readable by every user" },
	[KEY_STORE_DATABASE] = { "store", "database", "integer", "0..1023",
	    "0", "the Redis database" },

	[KEY_LISTEN_POLICY] = { "listen", "policy", "string",
	    "unix:/PATH, inet:ADDRESS:PORT",
	    "\"unix:/var/spool/postfix/mailweir/policy\"",
	    "where smtpd's check_policy_service asks; \"\" for off" },
	[KEY_LISTEN_MAP] = { "listen", "map", "string",
	    "unix:/PATH, inet:ADDRESS:PORT",
	    "\"unix:/var/spool/postfix/mailweir/map\"",
	    "where the lanes ask and report (socketmap); \"\" for off" },
	[KEY_LISTEN_MILTER] = { "listen", "milter", "string",
	    "unix:/PATH, inet:ADDRESS:PORT",
	    "\"unix:/var/spool/postfix/mailweir/milter\"",
	    "where smtpd's milter protocol is spoken; \"\" for off" },
	[KEY_LISTEN_STATUS] = { "listen", "status", "string",
	    "unix:/PATH, inet:ADDRESS:PORT", "",
	    "where a browser sees the status, and Prometheus the metrics "
	    "(HTTP, read only); \"\" for off" },

	[KEY_UPSTREAM_NEXTHOP] = { "upstreams.X", "nexthop", "strings",
	    "16 at most", "[]",
	    "the next hop as in the transport table, or several that are one "
	    "system; \"[.suffix]\": every host below it" },
	[KEY_UPSTREAM_MX] = { "upstreams.X", "mx", "boolean", "", "false",
	    "true: the recipient domain's own MX as well" },
	[KEY_UPSTREAM_CONNECTIONS] = { "upstreams.X", "connections", "integer",
	    "1..100000", "20", "connections to it at most, all hosts together" },
	[KEY_UPSTREAM_TLS] = { "upstreams.X", "tls", "string",
	    "none, may, encrypt, dane, fingerprint, dane-only, verify, secure",
	    "", "the TLS policy, with attributes as in a Postfix policy table; "
	    "without it, main.cf's own level" },
	[KEY_UPSTREAM_BREAKER] = { "upstreams.X", "breaker", "group", "", "",
	    "the keys of breaker, for this upstream alone" },
	[KEY_UPSTREAM_RATE] = { "upstreams.X", "rate", "integer", "0..100000",
	    "0", "new connections a second, all hosts together, each with an "
	    "equal part; 0: no limit" },
	[KEY_UPSTREAM_SHARE] = { "upstreams.X", "share", "percent", "1..100",
	    "100",
	    "as an alternate: at most this share of a destination's mail; the "
	    "rest is held" },
	[KEY_UPSTREAM_PROBE] = { "upstreams.X", "probe", "boolean", "", "false",
	    "true: ask it by SMTP while it is on trial; see probe" },
	[KEY_UPSTREAM_SHIELD] = { "upstreams.X", "shield", "strings",
	    "16 at most", "[]", "permanent codes, such as \"5.4.1\", that "
	    "become 4.3.2 while the breaker is not closed; \"5.0.0\": an "
	    "answer without one" },

	[KEY_DESTINATION_DOMAINS] = { "destinations.X", "domains", "strings",
	    "", "[]", "its recipient domains; \".x\": every subdomain of x" },
	[KEY_DESTINATION_DOMAINS_FILE] = { "destinations.X", "domains_file",
	    "string", "", "", "a file with one of its domains a line" },
	[KEY_DESTINATION_CATCH_ALL] = { "destinations.X", "catch_all",
	    "boolean", "", "false",
	    "true: every domain that no other destination has" },
	[KEY_DESTINATION_CAP] = { "destinations.X", "cap", "integer",
	    "0..1000000", "0", "incoming SMTP transactions towards it at most, "
	    "all hosts together; 0: no cap" },
	[KEY_DESTINATION_ROUTES] = { "destinations.X", "routes", "list",
	    "1 to 8", "", "where its mail goes, in order of preference" },
	[KEY_DESTINATION_MX] = { "destinations.X", "mx", "strings", "", "[]",
	    "also every domain whose MX are all below one of these suffixes" },

	[KEY_ROUTE_UPSTREAM] = { "destinations.X.routes", "upstream", "string",
	    "", "", "the upstream's name" },
	[KEY_ROUTE_UNFILTERED] = { "destinations.X.routes", "unfiltered",
	    "boolean", "", "false",
	    "true: it bypasses the protection; never the first route" },
	[KEY_ROUTE_AFTER] = { "destinations.X.routes", "after", "duration",
	    "0s..7d", "\"10m\"", "unfiltered: not before the first route has "
	    "been open for so long" },

	[KEY_HOLD_INCOMING] = { "hold", "incoming", "enum", "accept | defer",
	    "\"defer\"", "mail from other servers for a destination on hold" },
	[KEY_HOLD_SUBMISSION] = { "hold", "submission", "enum",
	    "accept | defer", "\"accept\"",
	    "mail from own users for a destination on hold" },
	[KEY_HOLD_QUEUE_LIMIT] = { "hold", "queue_limit", "integer",
	    "0..10000000", "10000",
	    "messages for it in this host's queue from which on submission is "
	    "deferred too; 0: no limit" },

	[KEY_SUBMISSION_AUTHENTICATED] = { "submission", "authenticated",
	    "boolean", "", "true", "a client that logged in submits" },
	[KEY_SUBMISSION_NETWORKS] = { "submission", "networks", "strings", "",
	    "[]", "clients from these networks submit, such as \"10.0.0.0/8\"" },

	[KEY_LEASE_TTL] = { "lease", "ttl", "duration", "5s..1h", "\"60s\"",
	    "after so long a lease that nobody renewed is free again" },

	[KEY_GATE_WAIT] = { "gate", "wait", "duration", "0s..90s", "\"20s\"",
	    "how long a connection stands in line for a slot" },
	[KEY_GATE_SPILL] = { "gate", "spill", "duration", "0s..90s",
	    "\"250ms\"", "the same where an alternate that filters comes next" },

	[KEY_BREAKER_WINDOW] = { "breaker", "window", "duration", "1s..1h",
	    "\"120s\"", "how far back outcomes are looked at" },
	[KEY_BREAKER_MIN_OUTCOMES] = { "breaker", "min_outcomes", "integer",
	    "1..100000", "20", "outcomes it takes to judge a share" },
	[KEY_BREAKER_MIN_HOSTS] = { "breaker", "min_hosts", "integer",
	    "1..64", "2", "hosts that must see trouble, where so many send" },
	[KEY_BREAKER_CONSECUTIVE] = { "breaker", "consecutive", "integer",
	    "0..100000", "10",
	    "bad outcomes without a good one that open it; 0: never by this, as "
	    "for an upstream that is mx alone, unless it is set there" },
	[KEY_BREAKER_SHED_AT] = { "breaker", "shed_at", "percent", "1..100",
	    "50", "share of bad outcomes from which traffic is reduced" },
	[KEY_BREAKER_OPEN_AT] = { "breaker", "open_at", "percent", "1..100",
	    "90", "share of bad outcomes from which no traffic is let through" },
	[KEY_BREAKER_OPEN_FOR] = { "breaker", "open_for", "duration",
	    "100ms..1d", "\"30s\"", "the first wait before it is tried again" },
	[KEY_BREAKER_OPEN_MAX] = { "breaker", "open_max", "duration",
	    "100ms..1d", "\"5m\"", "the longest wait; it doubles up to this" },
	[KEY_BREAKER_SLOW_AFTER] = { "breaker", "slow_after", "duration",
	    "100ms..20m", "\"5s\"",
	    "a connection in use for longer is a bad outcome; a lane with a choice "
	    "waits no longer for a reply before DATA" },
	[KEY_BREAKER_TRIALS] = { "breaker", "trials", "integer", "1..100", "3",
	    "good deliveries in a row that start the ramp" },
	[KEY_BREAKER_RAMP] = { "breaker", "ramp", "percents", "1..100",
	    "[ 5, 10, 25, 50, 100 ]",
	    "shares of the traffic, step by step; rising, the last is 100" },
	[KEY_BREAKER_RAMP_STEP] = { "breaker", "ramp_step", "duration",
	    "100ms..1h", "\"5s\"", "how long a step of the ramp takes" },

	[KEY_REPLIES_CAP] = { "replies", "cap", "string", "",
	    "\"DESTINATION is at capacity, please try again later\"",
	    "said where a destination is at its cap" },
	[KEY_REPLIES_HOLD] = { "replies", "hold", "string", "",
	    "\"DESTINATION is temporarily unavailable, "
	    "please try again later\"",
	    "said where a destination is on hold" },
	[KEY_REPLIES_LATE] = { "replies", "late", "string", "",
	    "\"DESTINATION is temporarily unavailable, "
	    "please try again later\"",
	    "said at the end of a message where it went on hold meanwhile" },

	[KEY_LOG_LEVEL] = { "log", "level", "enum",
	    "error | warning | info | debug", "\"info\"",
	    "the least important lines that are written" },
	[KEY_LOG_TARGET] = { "log", "target", "enum", "stderr | syslog",
	    "\"stderr\"", "stderr is the journal under systemd" },

	[KEY_SLOW_CUT] = { "slow", "cut", "percent", "10..99", "70",
	    "what is left of the connections in use to an upstream that says: "
	    "too many" },
	[KEY_SLOW_EVERY] = { "slow", "every", "duration", "1s..1h", "\"10s\"",
	    "no second cut within this time, nor a second raise" },
	[KEY_SLOW_FLOOR] = { "slow", "floor", "integer", "1..100000", "1",
	    "connections that are never cut" },
	[KEY_SLOW_RAISE] = { "slow", "raise", "integer", "1..100000", "2",
	    "connections that come back at a time" },

	[KEY_PROBE_EVERY] = { "probe", "every", "duration", "1s..1h",
	    "\"30s\"", "time between two probes of one upstream, by one host" },
	[KEY_PROBE_FROM] = { "probe", "from", "string", "", "",
	    "a probe's envelope sender; \"\" for <>" },
	[KEY_PROBE_TO] = { "probe", "to", "string", "", "",
	    "a probe's recipient, which no mail ever reaches; without it, no "
	    "upstream is asked but those past the filter" },
	[KEY_PROBE_STARTTLS] = { "probe", "starttls", "boolean", "", "true",
	    "true: a probe uses TLS as its upstream's tls says; false: it asks "
	    "in clear" },

	[KEY_RELEASE_RATE] = { "release", "rate", "integer", "1..10000", "10",
	    "held messages that go back to work, a second and host" },
	[KEY_RELEASE_COMMAND] = { "release", "command", "string", "",
	    "\"postqueue\"", "how Postfix's queue is read and a message is "
	    "let go, such as \"postqueue -c /etc/postfix-out\"; \"\": never" },

	[KEY_FEED_MAILLOG] = { "feed", "maillog", "string", "", "",
	    "Postfix's log on this host, followed to learn why deliveries "
	    "moved on to another next hop" },

	[KEY_NOTIFY_COMMAND] = { "notify", "command", "string", "", "",
	    "run for each event that this host tells, which is in its "
	    "environment; \"\": none" },

	[KEY_DNS_CACHE_ENTRIES] = { "dns", "cache_entries", "integer",
	    "16..1000000", "10000", "domains whose MX are remembered" },
	[KEY_DNS_STALE_FOR] = { "dns", "stale_for", "duration", "0s..30d",
	    "\"1d\"", "how long an old answer serves while DNS is away" },
};

static const struct group groups[] = {
	{ "", "store", "store", GROUP_ONE },
	{ "", "listen", "listen", GROUP_ONE },
	{ "", "upstreams", "upstreams.X", GROUP_NAMED },
	{ "", "destinations", "destinations.X", GROUP_NAMED },
	{ "", "hold", "hold", GROUP_ONE },
	{ "", "submission", "submission", GROUP_ONE },
	{ "", "lease", "lease", GROUP_ONE },
	{ "", "gate", "gate", GROUP_ONE },
	{ "", "breaker", "breaker", GROUP_ONE },
	{ "", "replies", "replies", GROUP_ONE },
	{ "", "log", "log", GROUP_ONE },
	{ "", "slow", "slow", GROUP_ONE },
	{ "", "probe", "probe", GROUP_ONE },
	{ "", "release", "release", GROUP_ONE },
	{ "", "feed", "feed", GROUP_ONE },
	{ "", "notify", "notify", GROUP_ONE },
	{ "", "dns", "dns", GROUP_ONE },
	{ "upstreams.X", "breaker", "breaker", GROUP_ONE },
	{ "destinations.X", "routes", "destinations.X.routes", GROUP_LIST },
};

const struct config_key *
config_keys(size_t *out_n)
{
	*out_n = KEYS;
	return keys;
}

const struct config_key *
key_row(enum key key)
{
	assert(key < KEYS);
	return &keys[key];
}

enum key
key_find(const char *group, const char *name)
{
	for (enum key k = 0; k < KEYS; k++) {
		if (strcmp(keys[k].group, group) == 0 &&
		    strcmp(keys[k].name, name) == 0)
			return k;
	}
	return KEYS;
}

enum key
key_first(const char *group, size_t *out_n)
{
	enum key first = 0;
	size_t n = 0;

	while (first < KEYS && strcmp(keys[first].group, group) != 0)
		first++;
	while (first + n < KEYS && strcmp(keys[first + n].group, group) == 0)
		n++;
	*out_n = n;
	return first;
}

const struct group *
group_find(const char *parent, const char *name)
{
	for (size_t i = 0; i < MW_N_OF(groups); i++) {
		if (strcmp(groups[i].parent, parent) == 0 &&
		    strcmp(groups[i].name, name) == 0)
			return &groups[i];
	}
	return NULL;
}

const struct group *
group_list(size_t *out_n)
{
	*out_n = MW_N_OF(groups);
	return groups;
}
