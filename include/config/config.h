/*
 * config - the administrator's file, read into a complete, const value.
 *
 * The only room that knows libconfig. Every error of a file is found in one
 * go, each with FILE:LINE. A reload makes a new one beside the old.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/log.h"
#include "base/net.h"
#include "core/outcome.h"
#include "core/plan.h"

#include <stdbool.h>
#include <stdio.h>

#define CONFIG_DEFAULT_FILE "/etc/mailweir/mailweir.conf"

#define CONFIG_COMMAND_MAX 200

struct config {
	struct plan plan;
	struct outcome_rules *rules;	/* shipped, or rules_file */
	char host[65];			/* this machine in Redis */
	char digest[17];		/* of what the file says, hexadecimal: hosts are compared by it */
	struct {
		const char *redis;	/* as the file has it */
		struct address address;
		struct sentinels sentinels;	/* if any: they say the address */
		const char *prefix, *username, *password;	/* NULL: none; password read from its file */
		int database;
		int64_t timeout_ms;
	} store;
	struct {			/* "unix:/..." or "inet:..."; "" for off */
		const char *policy, *map, *milter, *status;
	} listen;
	struct {
		enum log_level level;
		enum log_target target;
	} log;
	struct {
		int64_t every_ms;
		const char *from, *to;
		bool starttls;
	} probe;
	uint32_t release_rate;
	const char *release_command;	/* words, CONFIG_COMMAND_MAX bytes; "" for off */
	const char *feed_maillog;	/* "" for off */
	const char *notify_command;	/* "" for none */
	struct {
		uint32_t cache_entries;
		int64_t stale_for_ms;
	} dns;
	struct arena *memory;		/* config's own */
};

/* What was wrong, in the order of the file. */
struct config_error {
	char *file;
	unsigned line;		/* 0: the file as a whole */
	char *message;
	bool note;		/* advice only: the file is good all the same */
};
struct config_errors {
	size_t n;
	struct config_error *list;
};
void config_errors_free(struct config_errors *errors);
/* "FILE:LINE: message" a line (notes: "FILE:LINE: note: message"). */
void config_errors_print(const struct config_errors *errors, FILE *to);
/* Each that is no note as an error in the log; for a daemon's reload. */
void config_errors_log(const struct config_errors *errors);

/*
 * Read path. Returns the configuration, yours, or NULL when errors holds an
 * error that is no note. errors is filled either way; free it.
 */
struct config *config_load(const char *path, struct config_errors *errors);
void config_free(struct config **config);
/* The rules as shipped, for who has no configuration; yours, or NULL when
 * errors holds why. */
struct outcome_rules *config_shipped_rules(struct config_errors *errors);

/* One key of the grammar, for the documents and their tests. */
struct config_key {
	const char *group;	/* "", "store", "upstreams.X", "destinations.X.routes", ... */
	const char *name;
	const char *kind;	/* "duration", "percent", "integer", "string", "boolean", "strings", "enum", ... */
	const char *range;	/* as text, "1..100000" or "observe | enforce" */
	const char *fallback;	/* default as it would stand in the file; "" for none */
	const char *help;	/* one line */
};
const struct config_key *config_keys(size_t *out_n);

#endif
