/*
 * live - what Postfix is set up with now: what postconf says of it, and the
 * transport table beside main.cf. Read once, then only looked at.
 */
#ifndef CTL_LIVE_H
#define CTL_LIVE_H

#include "base/err.h"
#include "ctl/lines.h"

#include <stdbool.h>

#define LIVE_PATH_MAX 512

struct live {
	const char *dir_given;	/* --config-dir; NULL: Postfix's default */
	char config_dir[LIVE_PATH_MAX], queue_dir[LIVE_PATH_MAX];
	char table[LIVE_PATH_MAX];
	struct lines set;	/* the parameters that main.cf sets, as it does */
	struct lines values;	/* all parameters, $names expanded */
	struct lines master;	/* the services, a line each */
	struct lines options;	/* "NAME/TYPE/PARAMETER", expanded */
	struct lines entries;	/* of the transport table */
	bool has_table;
};

/* A service of master.cf. */
struct service {
	struct span line, name, type, limit, program;
	char id[LIVE_PATH_MAX];		/* "NAME/TYPE", as postconf has it */
	bool chroot;
};

/* config_dir: main.cf's folder, borrowed. -1 when Postfix cannot be asked. */
int live_read(struct live *out, const char *config_dir, struct err *err)
    MW_MUST_CHECK;
void live_free(struct live *live);
/* Ask postconf something else: words end with NULL, 6 at most. */
int live_ask(const char *config_dir, const char *const *words, struct buf *out,
    struct err *err) MW_MUST_CHECK;

/* A parameter's value, empty for one that Postfix does not know. */
struct span live_value(const struct live *live, const char *name);
uint32_t live_services(const struct live *live);
struct service live_service(const struct live *live, uint32_t i);
bool live_find_service(const struct live *live, struct span name,
    struct service *out);
/* What a service's own -o says; at NULL where it says nothing. */
struct span live_own(const struct live *live, const struct service *s,
    const char *name);
/* What holds for a service: its own, else main.cf's. NULL: main.cf's. */
struct span live_option(const struct live *live, const struct service *s,
    const char *name);
/*
 * Is that what listens there? name: as in main.cf, "unix:PATH" or
 * "inet:ADDRESS:PORT"; listen: as in our configuration.
 */
bool live_is_socket(const struct live *live, struct span name,
    const char *listen);

#endif
