/*
 * prober - asks upstreams with probe = true, by SMTP and without a message,
 * when there is something to be learnt:
 *
 * - while one is half-open: at once, then each probe.every. Good answers are
 *   trials, beside those of real mail, so that an upstream comes back without
 *   mail that would have to be risked for it. It takes a slot, and half-open
 *   has one in the fleet: so one host asks at a time, and no mail beside it.
 *   Mail that has another way leaves the trial to it;
 * - when deliveries moved on to another next hop a few times and nothing said
 *   why, or it does not answer them at all. A bad answer names the reason and
 *   counts as an outcome. A good one does not: that real mail went elsewhere
 *   weighs more.
 *
 * It also asks upstreams past the filter, whatever their probe is, whether they
 * would take our mail (a preflight), while core/route says that this is all a
 * bypass lacks, and again while one lasts. Whoever asks, asks for all hosts:
 * the answer goes to the store.
 *
 * When and about what is decided here; policy/dialogue does the talking. What
 * it cannot look up in time is not asked, and says nothing of the upstream.
 */
#ifndef POLICY_PROBER_H
#define POLICY_PROBER_H

#include "core/outcome.h"
#include "policy/server.h"

struct prober;

struct prober *prober_new(struct server *server);
/* Probes under way are broken off, unjudged; before the fleet goes. */
void prober_free(struct prober **prober);
/* Begin what is due. */
void prober_tick(struct prober *prober, int64_t now_ms);
/* Would it ask this upstream about mail, rather than leave its trials to real
 * mail? */
bool prober_tries(struct prober *prober, struct fleet_upstream *u);
/* An outcome of real mail. */
void prober_saw(struct prober *prober, struct fleet_upstream *u,
    enum outcome_class class, int64_t now_ms);

#endif
