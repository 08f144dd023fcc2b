#include "core/alone.h"

/* The fleet's breaker has it now, or will. */
static struct breaker
given_up(const struct breaker *b, int64_t now_ms)
{
	return (struct breaker){
		.state = BREAKER_CLOSED,
		.reason = b->state != BREAKER_CLOSED ? BREAKER_SHARED :
		    b->reason,
		.since_ms = now_ms,
	};
}

static bool
holds_mail(const struct breaker *b)
{
	return b->state == BREAKER_OPEN || b->state == BREAKER_HALF_OPEN;
}

static struct evidence
own_evidence(const struct alone *a, const struct breaker_rules *rules,
    int64_t now_ms)
{
	struct evidence seen = window_evidence(&a->window, rules->window_ms,
	    rules->min_outcomes, now_ms);

	seen.streak = a->streak;
	return seen;
}

/*
 * Trouble that others share is the fleet's to judge, but what is open already
 * stays so until the fleet's is open too: else this host would try in vain in
 * the meantime.
 */
static struct breaker
next_breaker(const struct alone *a, const struct breaker_rules *rules,
    const struct breaker *fleet, bool alone, uint32_t jitter, int64_t now_ms)
{
	const struct breaker *b = &a->breaker;
	const struct evidence seen = own_evidence(a, rules, now_ms);

	if (holds_mail(fleet))
		return given_up(b, now_ms);
	if (!alone && b->state == BREAKER_CLOSED)
		return *b;
	if (!alone && b->state == BREAKER_SHEDDING)
		return given_up(b, now_ms);
	return breaker_step(rules, *b, &seen, jitter, now_ms);
}

void
alone_observe(struct alone *a, const struct breaker_rules *rules,
    enum outcome_class class, int64_t began_ms, int64_t now_ms)
{
	const struct outcome_weight weight = outcome_weight(class);

	if (began_ms < a->breaker.since_ms)
		return;
	window_add(&a->window, rules->window_ms, now_ms, class, 0, 1);
	if (weight.good > 0)
		a->streak = 0;
	else if (weight.bad > 0 && a->streak < UINT32_MAX)
		a->streak++;
}

void
alone_step(struct alone *a, const struct breaker_rules *rules,
    const struct breaker *fleet, bool alone, uint32_t jitter, int64_t now_ms)
{
	const struct breaker next = next_breaker(a, rules, fleet, alone,
	    jitter, now_ms);

	if (breaker_starts_afresh(&a->breaker, &next) || holds_mail(fleet)) {
		window_clear(&a->window);
		a->streak = 0;
	}
	a->breaker = next;
}
