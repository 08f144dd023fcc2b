#include "ctl/wiring.h"

#include "base/mem.h"
#include "base/span.h"
#include "core/destination.h"
#include "ctl/lane.h"

#include <inttypes.h>
#include <stdio.h>

#define LANE_RECIPIENTS 50	/* 1 would make limits count by recipient */
#define CLIENT_SESSIONS 50	/* smtpd_client_connection_count_limit as it comes */

static const char *const part_names[] = {
	[WIRING_MAIN] = "main.cf",
	[WIRING_MASTER] = "master.cf",
	[WIRING_TRANSPORT] = "transport",
};

static void
write_policy(FILE *to, const char *name)
{
	fputs("# Mailweir is asked last: a recipient that a later check rejects"
	    " would hold a\n"
	    "# place for nothing. Put your own checks before it, and no permit_*"
	    " whose mail it\n"
	    "# is to weigh. (Postfix before 3.6 does not know the first line:"
	    " leave it out.)\n", to);
	if (span_starts(span_of(name), SPAN("unix:/")))
		fputs("# The socket is outside of the queue directory: smtpd"
		    " must not be chrooted.\n", to);
	fputs("smtpd_relay_before_recipient_restrictions = yes\n", to);
	fprintf(to, "smtpd_recipient_restrictions =\n"
	    "    reject_unlisted_recipient,\n"
	    "    check_policy_service { %s, timeout=2s, try_limit=1,"
	    " default_action=DUNNO }\n", name);
	fprintf(to, "smtpd_end_of_data_restrictions =\n"
	    "    check_policy_service { %s, timeout=2s, try_limit=1,"
	    " default_action=DUNNO }\n", name);
}

static void
write_milter(FILE *to, const char *name)
{
	fputs("# Add it to the milters that you have.\n", to);
	fprintf(to, "smtpd_milters =\n"
	    "    { %s, default_action=accept, connect_timeout=5s,"
	    " command_timeout=5s }\n", name);
}

/* The smallest cap that there is; 0: none. */
static uint32_t
smallest_cap(const struct plan *p)
{
	uint32_t least = 0;

	for (uint32_t i = 0; i < p->n_destinations; i++) {
		const uint32_t cap = p->destinations[i].cap;

		if (cap > 0 && (least == 0 || cap < least))
			least = cap;
	}
	return least;
}

/*
 * Advice, not a setting: it says no to mail, in observe mode as well, and which
 * clients are many people's mail (a filter in front) only the site knows.
 */
static void
write_client_limit(FILE *to, const struct plan *p)
{
	const uint32_t cap = smallest_cap(p);

	if (cap == 0 || cap / 2 >= CLIENT_SESSIONS)
		return;
	fprintf(to, "# One client alone can fill a cap, the smallest of which is"
	    " %u. Postfix can hold\n# each client to less than that on each host"
	    "; mynetworks are exempt:\n"
	    "#smtpd_client_connection_count_limit = %u\n", cap,
	    cap > 2 ? cap / 2 : 1);
}

static void
write_limits(FILE *to, const struct plan *p, const struct destination *d)
{
	const uint32_t size = lane_size(p, d);

	fprintf(to, "mw-%s_destination_concurrency_limit = %u\n", d->name, size);
	fprintf(to, "mw-%s_initial_destination_concurrency = %u\n", d->name, size);
	fprintf(to, "mw-%s_destination_concurrency_failed_cohort_limit = 0\n",
	    d->name);
	fprintf(to, "mw-%s_destination_recipient_limit = %u\n", d->name,
	    (unsigned)LANE_RECIPIENTS);
}

static void
warn_mx(FILE *to, const struct plan *p, const struct destination *d,
    const char *what)
{
	if (lane_loses_mx(p, d))
		fprintf(to, "# %s: the recipient's own MX cannot stand in a list "
		    "for %s;\n# only the other next hops do.\n", d->name,
		    what);
}

static void
write_catch_all(FILE *to, const struct plan *p)
{
	const struct destination *d;

	if (p->catch_all < 0)
		return;
	d = &p->destinations[p->catch_all];
	fprintf(to, "# All other domains belong to %s, those of relay_domains too."
	    " Where you relay\n", d->name);
	fputs("# mail to servers of your own, name them in a transport table or"
	    " leave\n"
	    "# relay_transport as it is. An empty next hop needs an empty"
	    " relayhost.\n", to);
	warn_mx(to, p, d, "all domains");
	fputs("default_transport = ", to);
	lane_write(to, p, d, NULL);
	fputs("relay_transport = ", to);
	lane_write(to, p, d, NULL);
}

/* Lanes that may not ask would be plain clones of smtp. */
static bool
has_lanes(FILE *to, const struct config *config)
{
	if (config->listen.map[0] != '\0')
		return true;
	fputs("# listen.map is off: there are no lanes.\n", to);
	return false;
}

static void
write_main(FILE *to, const struct config *config, const char *queue_directory)
{
	const struct plan *p = &config->plan;
	char name[WIRING_SOCKET_MAX];

	if (config->listen.policy[0] != '\0')
		write_policy(to, wiring_socket(config->listen.policy,
		    queue_directory, name));
	if (config->listen.milter[0] != '\0')
		write_milter(to, wiring_socket(config->listen.milter,
		    queue_directory, name));
	write_client_limit(to, p);
	if (!has_lanes(to, config))
		return;
	fputs("# The first table that knows a domain wins; keep those you have."
	    " `postfix reload`\n# after each change of the table.\n", to);
	fputs("transport_maps = texthash:${config_directory}/" WIRING_TABLE
	    "\n", to);
	write_catch_all(to, p);
	fputs("# Mailweir holds the caps; Postfix must not be narrower, nor"
	    " break the circuit\n# as well.\n", to);
	for (uint32_t i = 0; i < p->n_destinations; i++)
		write_limits(to, p, &p->destinations[i]);
}

/*
 * By default smtp(8) waits minutes for each reply. What takes longer than
 * slow_after counts as trouble anyway, and here somebody else would take the
 * mail. The minimum times of RFC 5321, 4.5.3.2, are for who has no choice.
 * From the first byte of the message on they stand: whoever gives up after the
 * final dot may deliver twice (RFC 1047).
 */
static void
write_patience(FILE *to, const struct plan *p, const struct destination *d)
{
	static const struct {
		const char *limit;
		int64_t usual_s;	/* Postfix's default */
	} limits[] = {
		{ "connect", 30 }, { "helo", 300 }, { "starttls", 300 },
		{ "xforward", 300 }, { "mail", 300 }, { "rcpt", 300 },
		{ "data_init", 120 }, { "rset", 20 },
	};
	const int64_t s = lane_patience_s(p, d);

	for (size_t i = 0; s > 0 && i < MW_N_OF(limits); i++)
		if (s < limits[i].usual_s)
			fprintf(to, "    -o smtp_%s_timeout=%" PRId64 "s\n",
			    limits[i].limit, s);
}

static void
write_master(FILE *to, const struct config *config,
    const char *queue_directory)
{
	const struct plan *p = &config->plan;
	char map[WIRING_SOCKET_MAX];

	if (!has_lanes(to, config))
		return;
	wiring_socket(config->listen.map, queue_directory, map);
	for (uint32_t i = 0; i < p->n_destinations; i++) {
		const struct destination *d = &p->destinations[i];

		fprintf(to, "mw-%s unix - - n - %u smtp\n", d->name,
		    lane_size(p, d));
		fprintf(to, "    -o smtp_tls_policy_maps=socketmap:%s:gate.%s\n",
		    map, d->name);
		fprintf(to, "    -o smtp_delivery_status_filter="
		    "socketmap:%s:outcome.%s\n", map, d->name);
		fputs("    -o smtp_connection_cache_on_demand=no\n"
		    "    -o smtp_connection_cache_destinations=\n"
		    "    -o syslog_name=postfix/$service_name\n", to);
		write_patience(to, p, d);
	}
}

static void
write_patterns(FILE *to, const struct plan *p)
{
	struct destination_pattern pattern;
	int64_t last = -1;
	uint32_t at = 0;

	while (destination_map_next(p->domains, &at, &pattern)) {
		const struct destination *d =
		    &p->destinations[pattern.destination];

		if (pattern.suffix && pattern.destination != last) {
			warn_mx(to, p, d, "a whole suffix");
			last = pattern.destination;
		}
		fprintf(to, "%s%s  ", pattern.suffix ? "." : "",
		    pattern.domain.name);
		lane_write(to, p, d, pattern.suffix ? NULL : &pattern.domain);
	}
}

static void
write_transport(FILE *to, const struct config *config)
{
	const struct plan *p = &config->plan;

	if (!has_lanes(to, config))
		return;
	fputs("# As " WIRING_TABLE " beside main.cf.\n", to);
	write_patterns(to, p);
	for (uint32_t i = 0; i < p->n_destinations; i++) {
		const struct destination *d = &p->destinations[i];

		if (lane_joins_catch_all(p, d))
			fprintf(to, "# %s is known by its MX: mail for its domains"
			    " leaves through mw-%s,\n# where the gate finds"
			    " them; they need no line here.\n", d->name,
			    p->destinations[p->catch_all].name);
		else if (d->n_mx > 0)
			fprintf(to, "# %s is known by its MX: for each domain there"
			    " which is to use its lane, add\n"
			    "# DOMAIN  mw-%s:\n", d->name, d->name);
	}
}

const char *
wiring_socket(const char *listen, const char *queue_directory,
    char dst[WIRING_SOCKET_MAX])
{
	static const char scheme[] = "unix:";
	struct span path = span_of(listen);
	const size_t below = strlen(queue_directory);

	snprintf(dst, WIRING_SOCKET_MAX, "%s", listen);
	if (!span_starts(path, span_of(scheme)))
		return dst;
	path = span_of(listen + strlen(scheme));
	if (span_starts(path, span_of(queue_directory)) &&
	    path.len > below + 1 && path.at[below] == '/')
		snprintf(dst, WIRING_SOCKET_MAX, "unix:%s",
		    path.at + below + 1);
	return dst;
}

const char *
wiring_part_name(enum wiring_part part)
{
	return part_names[part];
}

void
wiring_write(FILE *to, const struct config *config,
    const char *queue_directory, enum wiring_part part)
{
	switch (part) {
	case WIRING_MAIN:
		write_main(to, config, queue_directory);
		break;
	case WIRING_MASTER:
		write_master(to, config, queue_directory);
		break;
	case WIRING_TRANSPORT:
		write_transport(to, config);
		break;
	}
}
