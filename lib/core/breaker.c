#include "core/breaker.h"

#include "base/mem.h"

#include <assert.h>

/*
 * How far a share must move, in per mille, before SHEDDING ends or takes
 * another allowance. Each change is a commit, and what other hosts saw under
 * the state before it is not counted: small changes would cost evidence.
 */
#define DEAD_BAND 50

/* A ramp step is short, and its allowance small: this many outcomes tell. So
 * they do when names are looked up again. */
#define RAMP_OUTCOMES 10

/* Hosts read the fleet's clock over a network: so far apart is no surprise. */
#define CLOCK_SLACK_MS 10000

/* One state with an allowance, as far as the evidence goes. */
static bool
is_calm(enum breaker_state state)
{
	return state == BREAKER_CLOSED || state == BREAKER_SHEDDING;
}

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* now + ms, and the end of time where that would be beyond it. */
static int64_t
later(int64_t now_ms, int64_t ms)
{
	return ms <= INT64_MAX - now_ms ? now_ms + ms : INT64_MAX;
}

/* Per mille of bad points; 0 where there is none at all. */
static uint32_t
bad_share(uint32_t good, uint32_t bad)
{
	const uint64_t all = (uint64_t)good + bad;

	return all > 0 ? (uint32_t)(1000 * (uint64_t)bad / all) : 0;
}

static uint32_t
sum(uint32_t a, uint32_t b)
{
	return a < UINT32_MAX - b ? a + b : UINT32_MAX;
}

/* Of so many hosts, how many must see a thing. */
static uint32_t
quorum(const struct breaker_rules *rules, uint32_t hosts)
{
	return rules->min_hosts < hosts ? rules->min_hosts : hosts;
}

/* One host of several that alone sees trouble speaks of itself. */
static bool
is_shared(const struct breaker_rules *rules, const struct evidence *seen)
{
	return seen->bad_hosts >= quorum(rules, seen->hosts);
}

static bool
is_streak(const struct breaker_rules *rules, const struct evidence *seen)
{
	return rules->consecutive > 0 && seen->streak >= rules->consecutive &&
	    is_shared(rules, seen);
}

/* Is there enough to judge the upstream by its bad share? */
static bool
is_enough(const struct breaker_rules *rules, const struct evidence *seen)
{
	return seen->outcomes >= rules->min_outcomes &&
	    is_shared(rules, seen);
}

/*
 * As long as half of the hosts find the upstream, DNS trouble is of the others;
 * when most do not find it, whatever it is, mail is better off elsewhere.
 */
static struct evidence
with_dns(const struct breaker_rules *rules, struct evidence seen)
{
	if (seen.dns_hosts <= seen.senders / 2 ||
	    seen.dns_hosts < quorum(rules, seen.senders))
		return seen;
	seen.bad = sum(seen.bad, sum(seen.new_dns, seen.new_dns));
	seen.outcomes = sum(seen.outcomes, seen.new_dns);
	seen.total_bad = sum(seen.total_bad, sum(seen.dns, seen.dns));
	if (seen.bad_hosts < seen.dns_hosts)
		seen.bad_hosts = seen.dns_hosts;
	return seen;
}

/* Is it DNS that opens it, and nothing else? all: with_dns() of seen. */
static bool
is_lost(const struct breaker_rules *rules, const struct evidence *seen,
    const struct evidence *all)
{
	return is_enough(rules, all) && !is_streak(rules, seen) &&
	    bad_share(all->good, all->bad) >= rules->open_at &&
	    bad_share(seen->good, seen->bad) < rules->shed_at;
}

/* How long the upstream is left alone at most after so many trips in a row. */
static int64_t
longest_wait(const struct breaker_rules *rules, uint32_t trips)
{
	const uint32_t doublings = trips > 62 ? 62 : trips - 1;

	if (rules->open_for_ms > rules->open_max_ms >> doublings)
		return rules->open_max_ms;
	return rules->open_for_ms << doublings;
}

/* Since when it takes no mail, trials aside; a ramp that was reached counts as
 * taking it. */
static int64_t
down_since(struct breaker b, int64_t now_ms)
{
	return b.down_ms > 0 ? smaller(b.down_ms, now_ms) : now_ms;
}

/*
 * Full jitter, over all of the wait but its first tenth: a draw near zero
 * would send the next trial into the trouble that was just seen, and after
 * many trips a short wait would undo the doubling.
 */
static struct breaker
opened(const struct breaker_rules *rules, struct breaker b,
    enum breaker_reason reason, uint32_t jitter, int64_t now_ms)
{
	const uint32_t trips = b.trips < UINT32_MAX ? b.trips + 1 : b.trips;
	const int64_t wait = longest_wait(rules, trips);
	const int64_t least = wait / 10, rest = wait - least;

	return (struct breaker){
		.state = BREAKER_OPEN,
		.reason = reason,
		.trips = trips,
		.since_ms = now_ms,
		.until_ms = later(now_ms, least + rest / 1000 * jitter +
		    rest % 1000 * jitter / 1000),
		.down_ms = down_since(b, now_ms),
	};
}

static struct breaker
lost(const struct breaker_rules *rules, struct breaker b, int64_t now_ms)
{
	return (struct breaker){
		.state = BREAKER_OPEN,
		.reason = BREAKER_DNS,
		.trips = b.trips > 0 ? b.trips : 1,
		.since_ms = now_ms,
		.until_ms = later(now_ms, smaller(BREAKER_DNS_MS,
		    rules->open_max_ms)),
	};
}

static struct breaker
closed(int64_t now_ms)
{
	return (struct breaker){
		.state = BREAKER_CLOSED,
		.reason = BREAKER_RECOVERED,
		.since_ms = now_ms,
	};
}

static struct breaker
ramped(const struct breaker_rules *rules, struct breaker b, uint32_t step,
    enum breaker_reason reason, int64_t now_ms)
{
	return (struct breaker){
		.state = BREAKER_RAMP,
		.reason = reason,
		.allowance = rules->ramp[step],
		.trips = b.trips,
		.step = step,
		.since_ms = now_ms,
		.until_ms = later(now_ms, rules->ramp_step_ms),
	};
}

/*
 * Client-side throttling (Site Reliability Engineering, "Handling Overload"):
 * accept the fraction K * accepts / requests. K is 1 / (1 - shed_at), hence 2
 * for one half as in the book, so that the allowance leaves 1000 smoothly
 * where shedding begins. Unlike there, requests are those that went out: a
 * share of them cannot spiral down by our own refusals.
 */
static uint32_t
throttled(const struct breaker_rules *rules, uint32_t good, uint32_t bad)
{
	const uint32_t good_share = 1000 - bad_share(good, bad);
	const uint32_t edge = rules->shed_at < 1000 ?
	    1000 - rules->shed_at : 1;
	const uint32_t allowance = 1000 * good_share / edge;

	if (allowance < 1)
		return 1;
	return allowance < 1000 ? allowance : 999;
}

static struct breaker
shed(const struct breaker_rules *rules, struct breaker b,
    const struct evidence *seen, int64_t now_ms)
{
	const uint32_t allowance = throttled(rules, seen->good, seen->bad);

	if (b.state != BREAKER_SHEDDING)
		return (struct breaker){
			.state = BREAKER_SHEDDING,
			.reason = BREAKER_SHARE,
			.allowance = allowance,
			.since_ms = now_ms,
		};
	if (allowance >= b.allowance + DEAD_BAND ||
	    b.allowance >= allowance + DEAD_BAND)
		b.allowance = allowance;
	return b;
}

/* After a step back the whole window is asked: what is newest is a small
 * sample, and an incident long enough for any chance to come. */
static uint32_t
share_of(const struct breaker *b, const struct evidence *seen)
{
	return b->backed > 0 ? bad_share(seen->total_good, seen->total_bad) :
	    bad_share(seen->good, seen->bad);
}

/* What was taken back is done again only where the upstream is worse than it
 * was then. */
static bool
may_do_again(const struct breaker *b, const struct evidence *seen)
{
	return b->backed == 0 || breaker_is_worse(b->backed,
	    1000 - share_of(b, seen),
	    ((uint64_t)seen->total_good + seen->total_bad) / 2);
}

/*
 * To accuse takes enough evidence, to acquit does not: shedding by what has
 * long left the window would never end where little mail flows.
 */
static struct breaker
step_closed(const struct breaker_rules *rules, struct breaker b,
    const struct evidence *seen, uint32_t jitter, int64_t now_ms)
{
	const uint32_t share = share_of(&b, seen);
	const uint32_t band = rules->shed_at > 2 * DEAD_BAND ? DEAD_BAND :
	    rules->shed_at / 2;

	if (is_streak(rules, seen))
		return opened(rules, b, BREAKER_STREAK, jitter, now_ms);
	if (now_ms < b.until_ms)
		return b;
	b.until_ms = 0;
	if (is_enough(rules, seen) && share >= rules->open_at &&
	    may_do_again(&b, seen))
		return opened(rules, b, BREAKER_SHARE, jitter, now_ms);
	if (is_enough(rules, seen) && share >= rules->shed_at &&
	    (b.state == BREAKER_SHEDDING || may_do_again(&b, seen)))
		return shed(rules, b, seen, now_ms);
	if ((b.state == BREAKER_SHEDDING || b.backed > 0) &&
	    share < rules->shed_at - band)
		return closed(now_ms);
	return b;
}

static struct breaker
step_open(struct breaker b, int64_t now_ms)
{
	if (now_ms < b.until_ms)
		return b;
	return (struct breaker){
		.state = BREAKER_HALF_OPEN,
		.reason = b.reason == BREAKER_DNS ? BREAKER_DNS :
		    BREAKER_WAIT_OVER,
		.trips = b.trips,
		.since_ms = now_ms,
		.down_ms = b.down_ms,
	};
}

/*
 * Trials that say nothing, such as a refusal that the shield does not believe:
 * nor does one more. The wait does not grow, for nothing bad was seen.
 */
static bool
is_undecided(const struct breaker_rules *rules, const struct evidence *seen)
{
	return seen->total_good == 0 && seen->ignored >= rules->trials;
}

static struct breaker
opened_as_before(const struct breaker_rules *rules, struct breaker b,
    uint32_t jitter, int64_t now_ms)
{
	b.trips -= b.trips < UINT32_MAX;
	return opened(rules, b, BREAKER_TRIAL_FAILED, jitter, now_ms);
}

/*
 * Where little mail flows, the first trial has left the window before the last
 * one comes: a good one and a whole window without a bad one will do.
 */
static struct breaker
step_half_open(const struct breaker_rules *rules, struct breaker b,
    const struct evidence *seen, uint32_t jitter, int64_t now_ms)
{
	const uint32_t won = seen->total_good / 2;

	if (seen->total_bad > 0)
		return opened(rules, b, BREAKER_TRIAL_FAILED, jitter, now_ms);
	if (is_undecided(rules, seen))
		return opened_as_before(rules, b, jitter, now_ms);
	if (won >= rules->trials ||
	    (won > 0 && now_ms - b.since_ms >= rules->window_ms))
		return ramped(rules, b, 0, BREAKER_TRIALS_WON, now_ms);
	return b;
}

/*
 * It was open for DNS alone, and no trial failed. all: with what was not found,
 * of which a few say nothing: some domain's DNS is always broken.
 */
static struct breaker
step_looking(const struct breaker_rules *rules, struct breaker b,
    const struct evidence *all, int64_t now_ms)
{
	if (all->total_good > 0)
		return closed(now_ms);
	if (all->total_bad >= 2 * RAMP_OUTCOMES)
		return lost(rules, b, now_ms);
	return b;
}

/*
 * The last step is the whole of the traffic, and lasts as long as any other:
 * closing forgets the trips, so first it has to bear what it will get.
 */
static struct breaker
ramp_up(const struct breaker_rules *rules, struct breaker b, int64_t now_ms)
{
	if (b.step + 1 >= rules->n_ramp)
		return closed(now_ms);
	return ramped(rules, b, b.step + 1, BREAKER_RAMP_STEP, now_ms);
}

/* A reload may have drawn another ramp: it goes on where that gives no more. */
static struct breaker
fitted(const struct breaker_rules *rules, struct breaker b)
{
	while (b.step > 0 && (b.step >= rules->n_ramp ||
	    rules->ramp[b.step] > b.allowance))
		b.step--;
	b.allowance = rules->ramp[b.step];
	return b;
}

/*
 * A step with trouble in it, but too little mail to judge, lasts until there
 * is more or the trouble has left the window: time alone must not close a
 * breaker on an upstream that failed whatever it got, nor on one whose answers
 * said nothing.
 */
static struct breaker
step_ramp(const struct breaker_rules *rules, struct breaker b,
    const struct evidence *seen, uint32_t jitter, int64_t now_ms)
{
	const uint32_t share = bad_share(seen->total_good, seen->total_bad);
	const uint64_t outcomes =
	    ((uint64_t)seen->total_good + seen->total_bad) / 2;
	const uint32_t enough = rules->min_outcomes < RAMP_OUTCOMES ?
	    rules->min_outcomes : RAMP_OUTCOMES;
	const bool shared = is_shared(rules, seen);
	const bool failed = is_streak(rules, seen) ||
	    (outcomes >= enough && share >= rules->shed_at && shared);
	const bool ailing = share > BREAKER_RAMP_BACK_AT && shared;
	const bool back = ailing && outcomes >= RAMP_OUTCOMES;
	const bool unproven = seen->total_good == 0 && seen->ignored > 0;
	/* Where a probe was the trial, this is the first of real mail. */
	const bool unwell = b.step == 0 && seen->total_good == 0 &&
	    seen->total_bad > 0 && shared;

	b = fitted(rules, b);
	if (failed || unwell || (back && b.step == 0))
		return opened(rules, b, BREAKER_RAMP_FAILED, jitter, now_ms);
	if (back)
		return ramped(rules, b, b.step - 1, BREAKER_RAMP_BACK, now_ms);
	if (now_ms >= b.until_ms && !ailing && !unproven)
		return ramp_up(rules, b, now_ms);
	if (now_ms >= b.until_ms)
		b.until_ms = later(now_ms, rules->ramp_step_ms);
	return b;
}

/*
 * The clock may have been set back, or a reload made the waits shorter: then
 * no wait is longer than one that begins now. Small differences are left as
 * they are; each change is a commit.
 */
static struct breaker
in_time(const struct breaker_rules *rules, struct breaker b, int64_t now_ms)
{
	const int64_t wait = b.state == BREAKER_RAMP ? rules->ramp_step_ms :
	    rules->open_max_ms;

	if (b.since_ms <= later(now_ms, CLOCK_SLACK_MS) &&
	    b.until_ms <= later(now_ms, later(wait, CLOCK_SLACK_MS)))
		return b;
	b.since_ms = smaller(b.since_ms, now_ms);
	b.until_ms = smaller(b.until_ms, later(now_ms, wait));
	return b;
}

static struct breaker
stepped(const struct breaker_rules *rules, struct breaker b,
    const struct evidence *seen, uint32_t jitter, int64_t now_ms)
{
	const struct evidence all = with_dns(rules, *seen);

	switch (b.state) {
	case BREAKER_CLOSED:
	case BREAKER_SHEDDING:
		if (is_lost(rules, seen, &all))
			return lost(rules, b, now_ms);
		return step_closed(rules, b, &all, jitter, now_ms);
	case BREAKER_OPEN:
		return step_open(b, now_ms);
	case BREAKER_HALF_OPEN:
		if (b.reason == BREAKER_DNS && seen->total_bad == 0)
			return step_looking(rules, b, &all, now_ms);
		return step_half_open(rules, b, seen, jitter, now_ms);
	case BREAKER_RAMP:
		return step_ramp(rules, b, &all, jitter, now_ms);
	}
	return b;
}

struct breaker
breaker_step(const struct breaker_rules *rules, struct breaker b,
    const struct evidence *seen, uint32_t jitter, int64_t now_ms)
{
	assert(breaker_sane(&b));
	assert(jitter < 1000 && now_ms >= 0);

	const uint32_t backed = b.backed;

	b = stepped(rules, in_time(rules, b, now_ms), seen, jitter, now_ms);
	b.backed = b.reason == BREAKER_RECOVERED ? 0 : backed;

	assert(breaker_sane(&b));
	return b;
}

/* The deviation of a share of n draws is at most half a part in the root of
 * n. */
bool
breaker_is_worse(uint32_t before, uint32_t after, uint64_t n)
{
	const uint64_t by = before > after ? before - after : 0;

	return by >= BREAKER_WORSE && by * by * n >= 1000 * 1000;
}

struct breaker
breaker_step_back(const struct breaker_rules *rules, const struct breaker *b,
    uint32_t good_share, int64_t now_ms)
{
	const bool was_open = b->state == BREAKER_OPEN;

	assert(was_open || b->state == BREAKER_SHEDDING);
	assert(good_share >= 1 && good_share <= 1000);
	return (struct breaker){
		.state = was_open ? BREAKER_SHEDDING : BREAKER_CLOSED,
		.reason = BREAKER_STEP_BACK,
		.allowance = was_open ?
		    throttled(rules, good_share, 1000 - good_share) : 0,
		.backed = good_share,
		.since_ms = now_ms,
		.until_ms = later(now_ms, rules->open_for_ms),
	};
}

bool
breaker_is_alone(const struct breaker_rules *rules,
    const struct evidence *seen)
{
	const struct evidence all = with_dns(rules, *seen);

	return all.senders > 1 && !is_shared(rules, &all);
}

bool
breaker_starts_afresh(const struct breaker *b, const struct breaker *next)
{
	if (is_calm(b->state) && is_calm(next->state))
		return false;
	return b->state != next->state || b->step != next->step;
}
