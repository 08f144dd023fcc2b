#include "ctl/wiring.h"

#include "base/mem.h"
#include "base/span.h"
#include "core/destination.h"
#include "core/route.h"

#include <inttypes.h>
#include <stdio.h>

#define QUEUE_DIRECTORY "/var/spool/postfix/"
/* As many processes again as connections may wait in line for a slot. */
#define LANE_MIN 10
#define LANE_MAX 1000
#define LANE_RECIPIENTS 50	/* 1 would make limits count by recipient */
#define CLIENT_SESSIONS 50	/* smtpd_client_connection_count_limit as it comes */

static const char *const part_names[] = {
	[WIRING_MAIN] = "main.cf",
	[WIRING_MASTER] = "master.cf",
	[WIRING_TRANSPORT] = "transport",
};

/* Below the queue directory a relative path works chrooted and not. */
static const char *
socket_name(const char *listen, char dst[128])
{
	static const char below[] = "unix:" QUEUE_DIRECTORY;
	const struct span s = span_of(listen);
	const size_t len = sizeof(below) - 1;

	if (span_starts(s, SPAN("unix:" QUEUE_DIRECTORY)))
		snprintf(dst, 128, "unix:%s", listen + len);
	else
		snprintf(dst, 128, "%s", listen);
	return dst;
}

static bool
is_outside(const char *listen)
{
	const struct span s = span_of(listen);

	return span_starts(s, SPAN("unix:")) &&
	    !span_starts(s, SPAN("unix:" QUEUE_DIRECTORY));
}

static bool
is_catch_all(const struct plan *p, const struct destination *d)
{
	return d - p->destinations == p->catch_all;
}

static bool
goes_by_mx(const struct plan *p, const struct destination *d)
{
	for (uint32_t i = 0; i < d->n_routes; i++)
		if (p->upstreams[d->routes[i].upstream].mx)
			return true;
	return false;
}

/* Does mail for domains known by their MX leave through the catch-all's lane?
 * It does where that goes to the recipient's own MX. */
static bool
joins_catch_all(const struct plan *p, const struct destination *d)
{
	return d->n_mx > 0 && !is_catch_all(p, d) && goes_by_mx(p, d) &&
	    p->catch_all >= 0 && goes_by_mx(p, &p->destinations[p->catch_all]);
}

/* Processes for a destination's connections, and those who wait for one. */
static uint32_t
processes_for(const struct plan *p, const struct destination *d, bool shared)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < d->n_routes; i++) {
		const struct upstream *u =
		    &p->upstreams[d->routes[i].upstream];

		sum += u->connections +
		    (shared ? route_waiters(u) : u->connections);
	}
	return sum;
}

static uint32_t
lane_size(const struct plan *p, const struct destination *d)
{
	uint32_t sum = processes_for(p, d, false), joined = 0;

	for (uint32_t i = 0; is_catch_all(p, d) && i < p->n_destinations; i++)
		if (joins_catch_all(p, &p->destinations[i]))
			joined += processes_for(p, &p->destinations[i], true);
	if (joined > 0)
		sum = processes_for(p, d, true) + joined;
	if (sum > LANE_MAX)
		return LANE_MAX;
	return sum < LANE_MIN ? LANE_MIN : sum;
}

static void
write_policy(FILE *to, const char *listen)
{
	char name[128];

	socket_name(listen, name);
	fputs("# Mailweir is asked last: a recipient that a later check rejects"
	    " would hold a\n"
	    "# place for nothing. Put your own checks before it, and no permit_*"
	    " whose mail it\n"
	    "# is to weigh. (Postfix before 3.6 does not know the first line:"
	    " leave it out.)\n", to);
	if (is_outside(listen))
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
write_milter(FILE *to, const char *listen)
{
	char name[128];

	fputs("# Add it to the milters that you have.\n", to);
	fprintf(to, "smtpd_milters =\n"
	    "    { %s, default_action=accept, connect_timeout=5s,"
	    " command_timeout=5s }\n", socket_name(listen, name));
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

/* "[.suffix]" stands for hosts that are not known by name. */
static bool
is_literal(const char *nexthop)
{
	return !span_starts(span_of(nexthop), SPAN("[."));
}

static bool
has_literal(const struct upstream *u)
{
	for (uint32_t i = 0; i < u->n_nexthops; i++) {
		if (is_literal(u->nexthops[i]))
			return true;
	}
	return false;
}

/*
 * "mw-NAME:" and all next hops in the order of the routes. An upstream that is
 * the recipient's own MX stands there as the domain, where there is one;
 * where it is all there is, an empty next hop says the same.
 */
static void
write_lane(FILE *to, const struct plan *p, const struct destination *d,
    const struct domain *domain)
{
	const char *comma = "";

	fprintf(to, "mw-%s:", d->name);
	for (uint32_t i = 0; i < d->n_routes; i++) {
		const struct upstream *u =
		    &p->upstreams[d->routes[i].upstream];

		for (uint32_t k = 0; k < u->n_nexthops; k++) {
			if (!is_literal(u->nexthops[k]))
				continue;
			fprintf(to, "%s%s", comma, u->nexthops[k]);
			comma = ", ";
		}
		if (u->mx && domain != NULL && d->n_routes > 1) {
			fprintf(to, "%s%s", comma, domain->name);
			comma = ", ";
		}
	}
	fputc('\n', to);
}

/* A table of next hops cannot say "or the recipient's own MX". */
static bool
loses_mx(const struct plan *p, const struct destination *d)
{
	bool mx = false, literal = false;

	for (uint32_t i = 0; i < d->n_routes; i++) {
		const struct upstream *u =
		    &p->upstreams[d->routes[i].upstream];

		mx |= u->mx;
		literal |= has_literal(u);
	}
	return mx && literal;
}

static void
warn_mx(FILE *to, const struct plan *p, const struct destination *d,
    const char *what)
{
	if (loses_mx(p, d))
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
	write_lane(to, p, d, NULL);
	fputs("relay_transport = ", to);
	write_lane(to, p, d, NULL);
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
write_main(FILE *to, const struct config *config)
{
	const struct plan *p = &config->plan;

	if (config->listen.policy[0] != '\0')
		write_policy(to, config->listen.policy);
	if (config->listen.milter[0] != '\0')
		write_milter(to, config->listen.milter);
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

/* How many next hops that filter stand in the lane, whatever the domain? */
static uint32_t
filtering_nexthops(const struct plan *p, const struct destination *d)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < d->n_routes; i++) {
		const struct upstream *u =
		    &p->upstreams[d->routes[i].upstream];

		if (d->routes[i].unfiltered)
			continue;
		for (uint32_t k = 0; k < u->n_nexthops; k++)
			n += is_literal(u->nexthops[k]);
	}
	return n;
}

/* The lane is patient with the most patient of its upstreams. */
static int64_t
patience_s(const struct plan *p, const struct destination *d)
{
	int64_t most_ms = 0;

	for (uint32_t i = 0; i < d->n_routes; i++) {
		const int64_t ms = p->upstreams[d->routes[i].upstream]
		    .breaker.slow_after_ms;

		most_ms = ms > most_ms ? ms : most_ms;
	}
	return (most_ms + 999) / 1000;
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
	const int64_t s = patience_s(p, d);

	if (filtering_nexthops(p, d) < 2)
		return;
	for (size_t i = 0; i < MW_N_OF(limits); i++)
		if (s < limits[i].usual_s)
			fprintf(to, "    -o smtp_%s_timeout=%" PRId64 "s\n",
			    limits[i].limit, s);
}

static void
write_master(FILE *to, const struct config *config)
{
	const struct plan *p = &config->plan;
	char map[128];

	if (!has_lanes(to, config))
		return;
	socket_name(config->listen.map, map);
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
	int64_t last = -1;

	for (size_t i = 0; i < destination_map_count(p->domains); i++) {
		const struct destination_pattern pattern =
		    destination_map_pattern(p->domains, i);
		const struct destination *d =
		    &p->destinations[pattern.destination];

		if (pattern.suffix && pattern.destination != last) {
			warn_mx(to, p, d, "a whole suffix");
			last = pattern.destination;
		}
		fprintf(to, "%s%s  ", pattern.suffix ? "." : "",
		    pattern.domain.name);
		write_lane(to, p, d, pattern.suffix ? NULL : &pattern.domain);
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

		if (joins_catch_all(p, d))
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
wiring_part_name(enum wiring_part part)
{
	return part_names[part];
}

void
wiring_write(FILE *to, const struct config *config, enum wiring_part part)
{
	switch (part) {
	case WIRING_MAIN:
		write_main(to, config);
		break;
	case WIRING_MASTER:
		write_master(to, config);
		break;
	case WIRING_TRANSPORT:
		write_transport(to, config);
		break;
	}
}
