#include "core/review.h"

static bool
takes_mail_away(const struct breaker *from, const struct breaker *to)
{
	switch (to->state) {
	case BREAKER_SHEDDING:
		return from->state == BREAKER_CLOSED;
	case BREAKER_OPEN:
		return from->state == BREAKER_CLOSED ||
		    from->state == BREAKER_SHEDDING;
	case BREAKER_CLOSED:
	case BREAKER_HALF_OPEN:
	case BREAKER_RAMP:
		return false;
	}
	return false;
}

/* A streak is no share: whoever has one did nothing good of late. */
struct review
review_of(const struct breaker *from, const struct breaker *to,
    const struct evidence *seen)
{
	const uint64_t all = (uint64_t)seen->good + seen->bad;

	if (!takes_mail_away(from, to) || to->reason != BREAKER_SHARE ||
	    from->backed > 0 || all == 0)
		return (struct review){ 0 };
	return (struct review){
		.before = (uint32_t)(1000 * (uint64_t)seen->good / all),
		.since_ms = to->since_ms,
	};
}

void
review_saw(struct review *r, bool good)
{
	if (r->before == 0 || r->all == UINT32_MAX)
		return;
	r->all++;
	r->good += good;
}

uint32_t
review_after(const struct review *r)
{
	return r->all > 0 ? (uint32_t)(1000 * (uint64_t)r->good / r->all) :
	    1000;
}

enum review_verdict
review_judge(const struct review *r, const struct breaker_rules *rules,
    const struct breaker *now, int64_t now_ms)
{
	const int64_t age_ms = now_ms - r->since_ms;
	const bool enough = r->all >= rules->min_outcomes;

	if (r->before == 0 || now->since_ms != r->since_ms)
		return REVIEW_NONE;
	if ((enough || age_ms >= REVIEW_MS) &&
	    breaker_is_worse(r->before, review_after(r), r->all))
		return REVIEW_STEP_BACK;
	if ((enough && age_ms >= REVIEW_MS) || age_ms >= rules->window_ms)
		return REVIEW_NONE;
	return REVIEW_GOES_ON;
}
