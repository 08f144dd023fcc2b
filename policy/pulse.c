#include "policy/pulse.h"

#include "base/log.h"

#define MINUTE_MS 60000

static void
turn_minute(struct pulse *p, int64_t now_ms)
{
	if (now_ms - p->minute_ms < MINUTE_MS)
		return;
	p->before_ms = p->worst_ms;
	p->worst_ms = 0;
	p->minute_ms = now_ms;
}

static void
tell(struct pulse *p, int64_t late_ms, int64_t now_ms)
{
	if (p->told_ms != 0 && now_ms - p->told_ms < MINUTE_MS)
		return;
	p->told_ms = now_ms;
	log_warning("loop", LOG_TEXT("event", "late"),
	    LOG_INT("ms", late_ms));
}

void
pulse_beat(struct pulse *p, int64_t every_ms, int64_t now_ms)
{
	const int64_t late_ms = p->beat_ms == 0 ? 0 :
	    now_ms - p->beat_ms - every_ms;

	p->beat_ms = now_ms;
	turn_minute(p, now_ms);
	if (late_ms > p->worst_ms)
		p->worst_ms = late_ms;
	if (late_ms > PULSE_LATE_MS)
		tell(p, late_ms, now_ms);
}

int64_t
pulse_worst_ms(const struct pulse *p)
{
	return p->worst_ms > p->before_ms ? p->worst_ms : p->before_ms;
}
