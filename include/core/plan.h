/*
 * plan - what the administrator asked for, as values.
 *
 * Made by lib/config from the file, complete and const from then on: every
 * reference is an index, every default is filled in. The core decides on it;
 * it knows no file and no grammar.
 */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include "base/net.h"
#include "core/breaker.h"
#include "core/destination.h"
#include "core/reply.h"
#include "core/throttle.h"

#include <stdbool.h>
#include <stdint.h>

#define PLAN_NAME_MAX 32	/* names of upstreams and destinations */
#define PLAN_UPSTREAMS 256
#define PLAN_DESTINATIONS 1024
#define PLAN_ROUTES 8		/* a destination's */
#define PLAN_NEXTHOPS 16	/* an upstream's */

enum plan_mode { PLAN_OBSERVE = 0, PLAN_ENFORCE };

/* Postfix smtp_tls_policy_maps levels, weakest first; postconf(5). */
enum tls_level {
	TLS_UNSET = 0,		/* main.cf's own level */
	TLS_NONE, TLS_MAY, TLS_ENCRYPT, TLS_DANE, TLS_FINGERPRINT,
	TLS_DANE_ONLY, TLS_VERIFY, TLS_SECURE,
};

struct upstream {
	const char *name;
	const char *nexthops[PLAN_NEXTHOPS];	/* as in the transport table; normalised by route_nexthop() */
	uint32_t n_nexthops;
	bool mx;		/* also the recipient's own MX: bare domains */
	uint32_t connections;	/* fleet-wide cap, 1.. */
	uint32_t rate;		/* connections a second, 0 = no limit */
	uint32_t share;		/* as an alternate: at most this per mille of a destination's traffic */
	enum tls_level tls;
	const char *tls_policy;	/* what the gate answers: "encrypt", "secure match=nexthop"; "" when unset */
	struct breaker_rules breaker;
	bool probe;		/* an SMTP probe where half-open */
	uint32_t n_shield;
	struct dsn shield[16];	/* permanent codes to soften while not closed */
};

struct route {
	uint32_t upstream;	/* index */
	bool unfiltered;	/* bypasses the protection */
	int64_t after_ms;	/* unfiltered: not before the primary was open for so long */
};

struct destination {
	const char *name;
	uint32_t cap;		/* incoming transactions, all hosts; 0 = no cap */
	uint32_t n_routes;	/* 1.. */
	struct route routes[PLAN_ROUTES];
	uint32_t n_mx;
	const char *const *mx;	/* MX suffixes, lower case, with the leading dot */
};

struct plan {
	enum plan_mode mode;
	const struct upstream *upstreams;
	uint32_t n_upstreams;
	const struct destination *destinations;
	uint32_t n_destinations;
	const struct destination_map *domains;	/* domain -> destination index */
	const struct destination_map *mx;	/* suffixes of MX -> the same; NULL: none */
	int catch_all;		/* destination index, or -1 */

	struct throttle_rules slow;
	int64_t lease_ttl_ms;
	int64_t gate_wait_ms, gate_spill_ms;
	bool hold_incoming;	/* defer mail from other servers while on hold */
	bool hold_submission;	/* the same for submission */
	uint32_t hold_queue_limit;
	bool submission_authenticated;	/* SASL makes it submission */
	const struct network *submission_networks;
	uint32_t n_submission_networks;
	struct {
		const char *cap, *hold, *late;	/* texts; DESTINATION stands for the name */
	} replies;
};

/* Indices by name; -1 when there is none. */
int plan_upstream(const struct plan *p, struct span name);
int plan_destination(const struct plan *p, struct span name);
/* The destination of a lane, by its name in master.cf: "mw-contoso". */
int plan_lane(const struct plan *p, struct span service);
/* Which destination an address belongs to: exact domain, longest suffix,
 * catch-all; -1 for none or when it is no address. */
int plan_match(const struct plan *p, struct span address);
/* Does it depend on its MX where this domain belongs? Only where no
 * destination names it. */
bool plan_asks_mx(const struct plan *p, const struct domain *domain);
/* Where a domain belongs that plan_asks_mx() and has this MX (core/mx.h): a
 * destination by its suffix, catch-all; -1 for none. */
int plan_match_mx(const struct plan *p, const struct domain *mx);
const char *tls_level_name(enum tls_level level);

#endif
