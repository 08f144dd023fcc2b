/*
 * request - the store's verbs, as values: what is asked and what is answered.
 *
 * Each verb is atomic and holds no policy: limits come as arguments. The
 * local store and Redis answer every verb alike; tests/store holds them to
 * it. Times in answers are the store's (Redis TIME), so that all hosts share
 * one clock. docs/store.md draws the keys.
 */
#ifndef STORE_REQUEST_H
#define STORE_REQUEST_H

#include "base/err.h"
#include "core/counter.h"
#include "core/view.h"
#include "core/window.h"

#include <stdbool.h>
#include <stdint.h>

#define STORE_MEMBER_MAX 160	/* HOST/ADDR:PORT/SERVERPORT */
#define STORE_MEMBERS_MAX 64	/* leases renewed or given back at once */
#define STORE_HOST_MAX VIEW_HOST_MAX
#define STORE_PAIRS_MAX 16	/* fields of an event */

enum store_verb {
	STORE_LEASE_TAKE,
	STORE_LEASE_RENEW,
	STORE_LEASE_DROP,
	STORE_SLOTS,
	STORE_OBSERVE,
	STORE_COMMIT,
	STORE_DESTINATION,
	STORE_COUNT,
	STORE_BACKLOG,
	STORE_OVERRIDE,
	STORE_PREFLIGHT,
	STORE_HEARTBEAT,
	STORE_HOSTS,
	STORE_EVENT_ADD,
	STORE_EVENTS,
};

struct store_pair {
	const char *name, *value;
};

struct store_request {
	enum store_verb verb;
	const char *name;	/* upstream or destination; borrowed, as all below */
	union {
		/*
		 * Take a place for member under limit, for ttl_ms. Again by the
		 * same member: renews it, granted. limit 0: no limit (heals a
		 * lease that the store lost). Those in drops, of this
		 * destination, are given back before.
		 */
		struct {
			const char *member;
			uint32_t limit;
			int64_t ttl_ms;
			const char *const *drops;
			uint32_t n_drops;	/* 0..STORE_MEMBERS_MAX */
		} lease_take;
		/* Renew those that are there; the answer names the missing. */
		struct {
			const char *const *members;
			uint32_t n;	/* 1..STORE_MEMBERS_MAX */
			int64_t ttl_ms;
		} lease_renew;
		/* Give back members; those in enter, which took their places,
		 * come instead, for ttl_ms and whatever the limit. One of the
		 * two at least. */
		struct {
			const char *const *members;
			uint32_t n;	/* 0..STORE_MEMBERS_MAX */
			const char *const *enter;
			uint32_t n_enter;	/* 0..STORE_MEMBERS_MAX */
			int64_t ttl_ms;
		} lease_drop;
		/*
		 * Report this host's connections and get its grant: the sum of
		 * all hosts' grants stays <= cap, max-min fair by in_use +
		 * waiting, what is left over is granted ahead in equal parts.
		 * old: connections that count apart, in neither in_use nor
		 * grants; with them the sum stays <= limit. A
		 * host's grant ends ttl_ms after its last report, and may be
		 * less than it has in use: no new ones until it is not. held: what
		 * this host holds until it hears the answer, and after that if
		 * it never does: nobody else gets it before it reports less.
		 * When the store has heard of no host for half of ttl_ms (it
		 * is new, or lost; or all were away), or a row says nothing,
		 * for settle_ms each host keeps what it holds and nobody gets
		 * more, so that nothing is granted twice.
		 */
		struct {
			const char *host;
			uint32_t in_use, waiting, old, held, cap, limit;
			int64_t ttl_ms, settle_ms;
		} slots;
		/*
		 * Add outcomes of this host to the totals and, where version is
		 * still the record's, to window and streak; answers the record,
		 * override and window (not where window_ms is 0). All counts 0:
		 * a plain read. alone: this host's own breaker, told for
		 * alone_ttl_ms; a closed one takes that back, NULL says nothing.
		 */
		struct {
			const char *host;
			int64_t window_ms;
			int64_t version;
			uint32_t counts[OUTCOME_CLASSES];
			bool had_good;		/* a good one among them */
			uint32_t bad_tail;	/* bad ones since the last good one here */
			const struct upstream_record *alone;
			int64_t alone_ttl_ms;
		} observe;
		/* Replace the record if it still has version; the new one gets
		 * version + 1. afresh: clear window and streak. Publishes name. */
		struct {
			struct upstream_record record;
			int64_t version;
			bool afresh;
		} commit;
		/* host: whose own backlog is wanted; "" for none */
		struct {
			const char *host;
		} destination;
		struct {
			uint64_t add[DEST_COUNTERS];
		} count;
		/* What this host's queue holds now (at_ms is the store's to
		 * set); kept for as long as that host, or another one, tells
		 * again within a day. No message: forgotten. */
		struct {
			const char *host;
			struct backlog backlog;
		} backlog;
		/* OVERRIDE_NONE takes it away. Publishes name. */
		struct {
			bool destination;	/* name is one, not an upstream */
			enum override_state state;
			int64_t for_ms;
			uint32_t rate;	/* OVERRIDE_RELEASE */
			const char *by, *reason;
		} override;
		/* A preflight of upstream name was good, or (lock_ms > 0) it
		 * takes the filter's mail only, for at least so long from
		 * now. Publishes name. */
		struct {
			int64_t lock_ms;
		} preflight;
		struct {
			const char *host, *version, *digest, *mode;
		} heartbeat;
		struct {
			const struct store_pair *pairs;
			uint32_t n;	/* 1..STORE_PAIRS_MAX */
			uint32_t keep;	/* events kept, about */
		} event_add;
		/* after: "" for the newest `last` ones, else those behind that id */
		struct {
			const char *after;
			uint32_t last;
		} events;
	} u;
};

struct store_host {
	char name[STORE_HOST_MAX + 1];
	int64_t seen_ms;
	char version[16], digest[17], mode[9];
};

struct store_event {
	char id[48];
	uint32_t n;
	struct {
		char name[24];
		char value[201];
	} pairs[STORE_PAIRS_MAX];
};

struct store_reply {
	enum store_verb verb;
	int64_t now_ms;		/* the store's clock */
	union {
		struct {
			bool granted;	/* DROP: any was there */
			uint32_t count;	/* places taken now */
		} lease;
		struct {
			uint64_t missing;	/* bit i: members[i] was not there */
		} renew;
		struct {
			uint32_t granted;
			/* fleet-wide, as last reported; in_use: old ones too */
			uint32_t in_use, waiting, hosts;
		} slots;
		struct {
			struct upstream_record record;
			struct override override;
			struct preflight preflight;
			uint32_t streak;
			uint8_t self;		/* the asking host's number in window */
			uint32_t n_hosts;	/* that stand in window */
			uint64_t totals[OUTCOME_CLASSES];
			uint32_t in_use, waiting;
			struct window window;
			uint32_t n_alone;
			struct alone_view alone[WINDOW_HOSTS];
		} upstream;	/* OBSERVE */
		struct {
			bool stale;	/* not written; record is the present one */
			struct upstream_record record;	/* as it stands now */
		} commit;
		struct {
			uint64_t counters[DEST_COUNTERS];
			uint32_t leases;
			struct override hold;
			struct backlog backlog;	/* of all hosts; at_ms: of the one counted first */
			struct backlog here;	/* of the host that was asked about */
		} destination;
		struct {
			uint32_t n;
			struct store_host *list;	/* the reply's own */
		} hosts;
		struct {
			uint32_t n;
			struct store_event *list;	/* the reply's own */
		} events;
	} u;
};

/* All zeros, as far as the answer to this verb goes. */
void store_reply_begin(struct store_reply *reply, enum store_verb verb,
    int64_t now_ms);
/* Free what a reply owns; the reply itself is the caller's. */
void store_reply_clear(struct store_reply *reply);

/* The own record of a host in an answer to OBSERVE; zeros where it has none, or
 * none that a breaker could have made. */
struct upstream_record store_alone_record(const struct store_reply *reply,
    const char *host);

/* How an asynchronous answer arrives: reply on success (valid during the
 * call), else NULL and err. Called exactly once a request, never from within
 * the call that sent it. */
typedef void store_done(void *arg, const struct store_reply *reply,
    const struct err *err);

/* Something that answers requests asynchronously. */
struct store_port {
	void (*send)(void *self, const struct store_request *request,
	    store_done *done, void *arg);
	void *self;
};

#endif
