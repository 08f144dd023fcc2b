/*
 * decide - puts the parts together: may this mail come in, may this
 * connection be made, and what does Mailweir say where not.
 *
 * It only composes; arithmetic lives in the modules that it asks. A verdict
 * carries its reason, and the same reason goes into the reply, the log, the
 * event and `mailweir explain`.
 */
#ifndef CORE_DECIDE_H
#define CORE_DECIDE_H

#include "core/plan.h"
#include "core/route.h"
#include "core/shares.h"
#include "core/view.h"

enum decide_reason {
	DECIDE_FINE = 0,
	/* intake */
	DECIDE_AT_CAP,		/* the destination's leases are all taken */
	DECIDE_ON_HOLD,		/* no upstream of it may take mail */
	DECIDE_LATE,		/* on hold since the transaction began */
	DECIDE_QUEUE_FULL,	/* on hold, and too much waits for it already */
	/* gate */
	DECIDE_OPEN,		/* the upstream's breaker is open */
	DECIDE_DNS,		/* the same, for it cannot be looked up */
	DECIDE_SHED,		/* drawn out: shedding or ramp */
	DECIDE_NO_SLOT,		/* all its connections are in use */
	DECIDE_RATE,		/* too many new connections a second */
	DECIDE_SHARE,		/* as an alternate, it had its share */
	DECIDE_TRIAL_TAKEN,	/* half-open, and the one trial is under way */
	DECIDE_SILENT,		/* it hangs, as far as this host sees */
	DECIDE_BYPASS,		/* an unfiltered route, and it may not be used */
	DECIDE_FORCED,		/* an operator closed it, or holds the destination */
};
/* "fine", "at-cap", "on-hold", "late", "queue-full", "open", "dns", "shed",
 * "no-slot", "rate", "share", "trial-taken", "silent", "bypass", "forced". */
const char *decide_reason_name(enum decide_reason reason);

/* In all of these d is one of p's destinations. */

/* Has an operator put it on hold, or is no upstream of it allowed to take mail
 * now? One that is half-open or not known as yet is; one that does not filter
 * is when all conditions of route_bypass() are met, a preflight too. */
bool decide_on_hold(const struct plan *p, const struct destination *d,
    const struct snapshot *now, int64_t now_ms);

struct client {			/* who sends, as Postfix names it */
	struct span address;
	struct span sasl_username;	/* empty: not authenticated */
};
bool decide_is_submission(const struct plan *p, const struct client *c);

/*
 * What to do with a recipient of d at RCPT before a lease is asked for, and
 * once the lease is known. enforced says whether it is to be acted on (false
 * in observe mode: count it only). With every destination on hold, a catch-all
 * among them, the reply is 421: no mail of any kind can be taken. Submission is
 * taken while on hold until hold.queue_limit messages wait in this host's
 * queue: a mail client does not try again.
 */
struct intake_verdict {
	enum decide_reason reason;	/* DECIDE_FINE: take it */
	bool enforced;
	struct reply reply;		/* when reason is not FINE */
	/* On hold: the upstream that its mail would take first, and its
	 * incident. NULL: at the cap, or an operator's word. */
	const char *upstream;
	char incident[INCIDENT_MAX + 1];
};
struct intake_verdict decide_intake(const struct plan *p,
    const struct destination *d, const struct snapshot *now,
    const struct client *c, int64_t now_ms);
struct intake_verdict decide_lease(const struct plan *p,
    const struct destination *d, bool granted);
/* At end of message: DECIDE_LATE when d went on hold meanwhile. */
struct intake_verdict decide_late(const struct plan *p,
    const struct destination *d, const struct snapshot *now,
    const struct client *c, int64_t now_ms);

/*
 * What a lane's question gets. GRANT with needs_slot: the caller takes a free
 * slot or waits wait_ms for one, then refuses with wait_reason. In observe
 * mode: always GRANT without a slot (would_refuse says what would have been),
 * save for an unfiltered route.
 */
enum gate_answer { GATE_GRANT, GATE_REFUSE };
struct gate_verdict {
	enum gate_answer answer;
	enum decide_reason reason;	/* of a refusal, or of what would have been one */
	bool would_refuse;		/* observe mode */
	bool needs_slot;		/* GRANT: only with a slot in hand */
	bool alternate;			/* ... and another would take it now */
	int64_t wait_ms;		/* how long to wait in line for it, 0.. */
	enum decide_reason wait_reason;	/* refusal once that is over */
	enum bypass bypass;		/* with DECIDE_BYPASS */
	bool held;			/* with DECIDE_FORCED: it is the destination */
	int64_t next_try_ms;		/* fleet time when it may change, 0 unknown */
};
/* route: place in d's routes; shares: of d, NULL where they do not matter;
 * draw: 0..999 at random, once a question. */
struct gate_verdict decide_gate(const struct plan *p,
    const struct destination *d, uint32_t route,
    const struct snapshot *now, const struct shares *shares, uint32_t draw,
    int64_t now_ms);

/* What a grant with `alternate` meets there, as this host sees it. */
struct gate_prospect {
	enum breaker_state state;
	bool probed;		/* a probe does the trials */
	bool silent;		/* no answer for a while (core/silence) ... */
	bool busy;		/* ... and an attempt is under way */
};
/* DECIDE_FINE, or why mail had better take the other way that it has: where a
 * probe does the trials, and where one attempt at a time is enough to find
 * out. */
enum decide_reason decide_detour(const struct gate_prospect *p);

/*
 * May held mail of d go back to work now? A share of the traffic is not enough:
 * what is drawn out waits for longer than before. So a ramp lets nothing go
 * before its last step; a trial wants a message now and then, for there may be
 * no other. Nothing in observe mode, and of an upstream that is not known yet.
 */
enum decide_release { RELEASE_NOTHING = 0, RELEASE_TRIALS, RELEASE_ALL };
enum decide_release decide_release(const struct plan *p,
    const struct destination *d, const struct snapshot *now, int64_t now_ms);

/* The status of mail that we keep in the queue: "4.3.2 Mailweir: UPSTREAM is
 * ..., next try in 28s (incident ID)"; no number that an outsider should not
 * see. who: the upstream, or the destination that an operator holds.
 * wait_ms < 0 and incident "": unknown, and left out. */
struct reply decide_held_reply(const char *who, enum decide_reason reason,
    int64_t wait_ms, const char *incident);

#endif
